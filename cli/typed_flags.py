"""Tell how settings are typed to whoever typed one with dashes, ``--epochs 3``: only Hydra's own flags have them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from .composition_errors import all_keys

LONG = (
    "--help", "--hydra-help", "--version", "--cfg", "--resolve", "--package", "--run", "--multirun", "--shell-completion",
    "--config-path", "--config-name", "--config-dir", "--experimental-rerun", "--info",
)  # fmt: skip
SHORT = ("-h", "-c", "-p", "-r", "-m", "-sc", "-cp", "-cn", "-cd", "-i")
_RUN = ("--run", "-r")  # Hydra's, without a value; of predictions and exports the run is a setting


def explain_flags(arguments: Sequence[str], config_name: str) -> str | None:
    """Explain flags that Hydra has not.

    Args:
        arguments: What was typed after the script's name.
        config_name: The primary configuration, whose settings may be meant.

    Returns:
        The sentence; ``None`` where all flags are Hydra's.

    Example:
        >>> from practicum.cli.typed_flags import explain_flags
        >>> explain_flags(["--multirun", "seed=1,2"], "train") is None
        True
        >>> explain_flags(["--epochs", "3"], "train")
        '--epochs: settings are typed without dashes, as KEY=VALUE: epochs=3 (see --help).'
    """
    wrong, meant = [], []
    for typed, following in pairwise([*arguments, ""]):
        if typed == "--":
            break
        flag, _, value = typed.partition("=")
        if not value and "=" not in following and not following.startswith("-"):
            value = following
        if not flag.startswith("-") or (_is_hydras(flag) and not (flag in _RUN and value and config_name != "train")):
            continue
        wrong.append(flag)
        meant.append(f"{_setting(flag, config_name)}={value or '...'}")
    if not wrong:
        return None
    return f"{', '.join(wrong)}: settings are typed without dashes, as KEY=VALUE: {' '.join(meant)} (see --help)."


def _is_hydras(flag: str) -> bool:
    """Whether Hydra takes a flag: a long one also by its beginning, a short one with its value behind it."""
    if flag.startswith("--"):
        return any(each.startswith(flag) for each in LONG)
    return flag == "-" or flag.startswith(SHORT)


def _setting(flag: str, config_name: str) -> str:
    """The setting whose last part is called like a flag, the least nested one; the flag's own name where there is none."""
    name = "run" if flag in _RUN else re.sub(r"\W+", "_", flag.strip("-"))
    called_so = [key for key in all_keys(config_name) if key.rpartition(".")[2] == name]
    return min(called_so, key=lambda key: key.count("."), default=name)
