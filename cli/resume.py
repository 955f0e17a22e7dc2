"""The command line of a resumed run: ``resume=RUN`` stands for the run's own overrides.

The run's own overrides come first and those typed now after them, so ``python train.py resume=RUN`` is all one needs to type.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from .next_command import from_here, train_program
from .own_runs import is_own
from .sweeps.resume import command_of, is_sweep, newest_sweep, sweep_arguments

_NAMING = ("name", "experiment", "data", "model")  # what a run's name is made of
_ASKS = {"-m", "--multirun", "--help", "-h", "--cfg", "-c", "--info", "-i", "--hydra-help", "--shell-completion", "-sc"}


class ResumeError(Exception):
    """A run can't be resumed; the message is one sentence for the user."""


def resume_arguments(arguments: list[str]) -> list[str]:
    """Expand ``resume=RUN`` to the command line of that run; any other is returned unchanged.

    Args:
        arguments: What was typed after the script's name.

    Returns:
        The run's own overrides, those typed now (which win), and Hydra's settings for writing into the run's folder; of a sweep
        its own command.

    Raises:
        ResumeError: There is no such run or sweep.
    """
    expanded = _expand(arguments)
    return arguments if expanded is None else expanded[1]


def _expand(arguments: list[str]) -> tuple[Path, list[str]] | None:
    """The run folder and its command line; ``None`` where nothing is resumed."""
    given = next((each for each in reversed(arguments) if each.startswith(("resume=", "resume.run="))), None)
    if given is None or given.partition("=")[2] in ("null", ""):
        return None
    several = bool({"-m", "--multirun"} & set(arguments))
    typed = [each for each in arguments if not each.startswith(("resume=", "resume.run=", "hydra.run.dir="))]
    wanted = given.partition("=")[2].strip("'\"")
    folder = (_newest_sweep() if several else _newest_run(typed)) if wanted == "last" else Path(wanted)
    if is_sweep(folder):
        try:
            return folder, sweep_arguments(folder, typed)
        except ValueError as error:
            raise ResumeError(f"resume={wanted}: {error}.") from error
    if several:
        raise ResumeError(
            f"resume={wanted}: with -m a sweep is continued (resume=runs/sweeps/TIME, or resume=last); leave out -m for a single "
            "run, also one of a sweep (resume=runs/sweeps/TIME/NUMBER)."
        )
    if not (folder / ".hydra" / "config.yaml").is_file():
        raise ResumeError(f"resume={wanted}: not a run folder of {train_program()} (it has no .hydra/config.yaml).")
    own = own_overrides(folder)
    keys = {override_key(each) for each in typed}
    kept = [each for each in own if override_key(each) not in keys]
    place = from_here(folder)
    return folder, [*kept, *typed, f"resume.run='{place}'", f"hydra.run.dir='{place}'", "hydra.output_subdir=null"]


def own_overrides(folder: Path, task: Sequence[str] | None = None) -> list[str]:
    """What the run in a folder was started with, and where Hydra searched.

    Args:
        folder: The run folder.
        task: Overrides in place of those in the folder.

    Raises:
        ResumeError: These files are missing or damaged.
    """
    try:
        kept: Any = OmegaConf.to_container(OmegaConf.load(folder / ".hydra" / "overrides.yaml")) if task is None else task
        about: Any = OmegaConf.to_container(OmegaConf.load(folder / ".hydra" / "hydra.yaml"))
        return signed_overrides(kept, about["hydra"]["overrides"]["hydra"])
    except FileNotFoundError as error:
        raise ResumeError(f"resume={folder}: {error.filename} is missing; the folder is not whole.") from error
    except Exception as error:  # whatever a damaged file leads to
        raise ResumeError(
            f"resume={folder}: the overrides in {folder / '.hydra'} are damaged ({type(error).__name__}); they can't be resumed."
        ) from error


def signed_overrides(task: Sequence[str], hydra: Sequence[str]) -> list[str]:
    """Overrides that make a run what it is: its own and where Hydra searches, without those of a resume or a sweep.

    Args:
        task: Overrides of the configuration.
        hydra: Overrides of Hydra.

    Raises:
        TypeError: One of them is not a text.
    """
    if isinstance(task, str | dict) or not all(isinstance(each, str) for each in [*task, *hydra]):
        raise TypeError("a list of overrides is wanted")
    own = [each for each in task if re.split("[./]", override_key(each))[0] not in ("resume", "trust", "sweep", "launcher")]
    return [*own, *(each for each in hydra if each.lstrip("+~").startswith("hydra.searchpath"))]


def override_key(override: str) -> str:
    """The key of an override: ``data`` of ``+data@package=spiders``.

    Args:
        override: As it is typed.
    """
    return override.lstrip("+~").partition("=")[0].partition("@")[0]


def _newest_sweep() -> Path:
    folder = newest_sweep()
    if folder is None:
        raise ResumeError("resume=last: there is no sweep under runs/sweeps; name one, resume=SWEEP.")
    return folder


def _newest_run(overrides: list[str]) -> Path:
    """The run folder of this name under ``runs/`` that began last; of any name where nothing was typed that tells one."""
    from hydra import compose, initialize_config_module  # noqa: PLC0415 (not needed for help and ordinary runs)
    from hydra.core.global_hydra import GlobalHydra  # noqa: PLC0415
    from hydra.core.hydra_config import HydraConfig  # noqa: PLC0415

    with initialize_config_module("practicum.conf", version_base="1.3"):
        cfg = compose("train", [each for each in overrides if not each.startswith("-")], return_hydra_config=True)
        HydraConfig.instance().set_config(cfg)
        name = str(cfg.name)
    GlobalHydra.instance().clear()
    HydraConfig.instance().cfg = None
    told = any(override_key(each) in _NAMING for each in overrides)
    place = Path("runs", name) if told else Path("runs")
    found = [path.parents[1] for path in place.glob("*/.hydra/config.yaml" if told else "*/*/.hydra/config.yaml")]
    runs = [run for run in found if run.parent.name != "sweeps"]
    if not runs:
        raise ResumeError(f"resume=last: there is no run under {place}; name one, resume=RUN.")
    return max(runs, key=_began)


def _began(run: Path) -> float:
    """When a run's first process wrote its settings of Hydra, which a resume leaves as they are."""
    settings = run / ".hydra" / "hydra.yaml"
    return settings.stat().st_mtime if settings.is_file() else 0.0


def apply_to_command_line() -> None:
    """Replace the arguments that were typed by :func:`resume_arguments`; ``sweep=`` and ``launcher=`` mean ``-m``.

    That flag may stand anywhere.

    Raises:
        ResumeError: There is no such run, or it is not one's own and ``trust=true`` was not typed.
    """
    typed = sys.argv[1:]
    expanded = _expand(typed)
    if expanded is None:
        if any(each.startswith(("sweep=", "launcher=")) and not each.endswith(("=", "=null")) for each in typed):
            typed = typed if _ASKS & set(typed) else ["-m", *typed]
        flags = [] if "--" in typed else [each for each in typed if each in ("-m", "--multirun")]
        # In front, as argparse takes no overrides on both sides of a flag.
        sys.argv[1:] = [*flags, *(each for each in typed if each not in flags)]
        return
    folder, sys.argv[1:] = expanded
    sweep = is_sweep(folder)
    own = [each for part in command_of(folder) for each in part] if sweep else own_overrides(folder)
    if "trust=true" not in typed and not is_own(folder, own):
        what, name = ("sweep", "sweep.yaml") if sweep else ("run", "overrides.yaml")
        raise ResumeError(
            f"resume={folder}: you did not start this {what} here (its overrides don't have your signature), and resuming runs "
            f"whatever they name; read its .hydra/{name}, and add trust=true if you trust it."
        )
