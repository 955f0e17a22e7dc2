"""The command line of a resumed run: ``resume=RUN`` stands for the run's own overrides.

The run's own overrides come first and those typed now after them, so ``python train.py resume=RUN`` is all one needs to type.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf


class ResumeError(Exception):
    """A run can't be resumed; the message is one sentence for the user."""


def resume_arguments(arguments: list[str]) -> list[str]:
    """Expand ``resume=RUN`` to the command line of that run; any other is returned unchanged.

    Args:
        arguments: What was typed after the script's name.

    Returns:
        The run's own overrides, those typed now (which win), and Hydra's settings for writing into the run's folder.

    Raises:
        ResumeError: There is no such run, or it is a sweep.
    """
    given = next((each for each in reversed(arguments) if each.startswith(("resume=", "resume.run="))), None)
    if given is None or given.partition("=")[2] in ("null", ""):
        return arguments
    if {"-m", "--multirun"} & set(arguments):
        raise ResumeError(
            "resume continues a single run; leave out -m and name a run folder of the sweep (runs/sweeps/TIME/NUMBER)."
        )
    typed = [each for each in arguments if not each.startswith(("resume=", "resume.run=", "hydra.run.dir="))]
    wanted = given.partition("=")[2].strip("'\"")
    folder = _newest_run(typed) if wanted == "last" else Path(wanted)
    if not (folder / ".hydra" / "config.yaml").is_file():
        raise ResumeError(f"resume={wanted}: not a run folder of train.py (it has no .hydra/config.yaml).")
    own: Any = OmegaConf.load(folder / ".hydra" / "overrides.yaml")
    about: Any = OmegaConf.load(folder / ".hydra" / "hydra.yaml")
    own = [*own, *(each for each in about.hydra.overrides.hydra if each.lstrip("+~").startswith("hydra.searchpath"))]
    keys = {override_key(each) for each in typed}
    kept = [each for each in own if override_key(each) not in keys and override_key(each) not in ("resume.run", "resume.force")]
    place = os.path.relpath(folder)
    return [*kept, *typed, f"resume.run='{place}'", f"hydra.run.dir='{place}'", "hydra.output_subdir=null"]


def override_key(override: str) -> str:
    """The key of an override: ``data`` of ``+data@package=spiders``.

    Args:
        override: As it is typed.
    """
    return override.lstrip("+~").partition("=")[0].partition("@")[0]


def _newest_run(overrides: list[str]) -> Path:
    """The newest run folder of this name under ``runs/``."""
    from hydra import compose, initialize_config_module  # noqa: PLC0415 (not needed for help and ordinary runs)
    from hydra.core.global_hydra import GlobalHydra  # noqa: PLC0415
    from hydra.core.hydra_config import HydraConfig  # noqa: PLC0415

    with initialize_config_module("practicum.conf", version_base="1.3"):
        cfg = compose("train", [each for each in overrides if not each.startswith("-")], return_hydra_config=True)
        HydraConfig.instance().set_config(cfg)
        name = str(cfg.name)
    GlobalHydra.instance().clear()
    HydraConfig.instance().cfg = None
    runs = [path.parents[1] for path in Path("runs", name).glob("*/.hydra/config.yaml")]
    if not runs:
        raise ResumeError(f"resume=last: there is no run under {Path('runs', name)}; name one, resume=RUN.")
    return max(runs, key=lambda run: (run.name, run.stat().st_mtime))


def apply_to_command_line() -> None:
    """Replace the arguments that were typed by :func:`resume_arguments`."""
    sys.argv[1:] = resume_arguments(sys.argv[1:])
