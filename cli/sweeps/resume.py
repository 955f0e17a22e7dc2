"""Continue a sweep: ``resume=SWEEP`` stands for the sweep's own command, and leaves alone the runs that are complete.

A sweep's folder keeps its command in ``.hydra/sweep.yaml``, signed as a run's overrides are. Continued, each run decides for
itself: a complete one hands back what it reached, one with a checkpoint continues from it, any other begins anew.
"""

from __future__ import annotations

import logging
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ..next_command import from_here, override_text
from ..own_runs import sign
from .outcome import PLAN, SWEEPER, PrunedRun, is_complete, record_of
from .rows import DONE, RunRow

log = logging.getLogger(__name__)

_COMMAND = Path(".hydra", "sweep.yaml")
SWEEPS = Path("runs", "sweeps")
_MAY_CHANGE = ("hydra.", "hydra/launcher", "launcher", "trust")


def is_sweep(folder: Path) -> bool:
    """Whether a folder is a sweep's, not a run's."""
    return (folder / PLAN).is_file() or (folder / _COMMAND).is_file()


def keep_command(folder: Path, overrides: Any) -> None:
    """Keep and sign a sweep's command in its folder; a continued sweep keeps that of its first start.

    Args:
        folder: The sweep's folder.
        overrides: ``config.hydra.overrides``: what was typed for the runs (``task``) and for Hydra (``hydra``).
    """
    path = folder / _COMMAND
    if path.is_file() and any(str(each).startswith("resume.sweep=") for each in overrides.task):
        return
    task = [str(each) for each in overrides.task]
    set_here = ("hydra.mode=", "hydra.sweep.dir=", "+hydra.job.env_set.")
    mine = [str(each) for each in overrides.hydra if not str(each).startswith(set_here)]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(OmegaConf.create({"task": task, "hydra": mine}), path)
        sign(folder, [*task, *mine])
    except OSError:
        return  # Hydra meets the same error in a moment, and there it is explained


def command_of(folder: Path) -> tuple[list[str], list[str]]:
    """A sweep's command: what was typed for the runs, and for Hydra.

    Args:
        folder: The sweep's folder.

    Raises:
        ValueError: It is missing or damaged; the message says so.
    """
    try:
        kept: Any = OmegaConf.to_container(OmegaConf.load(folder / _COMMAND))
        task, mine = kept["task"], kept["hydra"]
    except FileNotFoundError as error:
        raise ValueError(f"{folder / _COMMAND} is missing: the sweep was started by an earlier version") from error
    except Exception as error:  # whatever a damaged file leads to
        raise ValueError(f"{folder / _COMMAND} is damaged ({type(error).__name__})") from error
    if not all(isinstance(each, str) for each in [*task, *mine]):
        raise ValueError(f"{folder / _COMMAND} is damaged: a list of overrides is wanted")
    return task, mine


def how_to_go_on(folder: Path, rows: Sequence[RunRow], program: str, broken_off: bool = False) -> str | None:
    """A sentence with the command that runs what is left of a sweep; ``None`` where nothing is.

    Args:
        folder: The sweep's folder.
        rows: Its runs.
        program: How one starts this program.
        broken_off: Something ended the sweep before its last run, so some may not have begun.
    """
    broken = [row for row in rows if row["status"] not in DONE]
    left = [row for row in broken if row["status"] != "failed"]
    place = from_here(folder)
    again = f"{program} {shlex.quote(f'resume={place}')}"
    if not _is_search(folder):
        if broken_off:
            return f"Run the rest of the sweep with: {again}"
        if not broken:
            return None
        return f"{len(broken)} of {len(rows)} did not finish; when the cause is mended, run them again with: {again}"
    if left or len(rows) < OmegaConf.select(OmegaConf.load(folder / PLAN), "hydra.sweeper.n_trials"):
        return f"Continue the search with: {again}"  # what failed stays so: the search has learnt from it
    if broken:
        one = shlex.quote(f"resume={place}/{broken[0]['run']}")
        return f"Run a failed trial again with: {program} {one}"
    return None


def _is_search(folder: Path) -> bool:
    """Whether Optuna chose the settings of a sweep's runs."""
    return (_sweeper(folder) or {}).get("_target_") == SWEEPER


def _sweeper(folder: Path) -> Any:
    """The configuration of a sweep's sweeper; ``None`` where it is not known."""
    return OmegaConf.select(OmegaConf.load(folder / PLAN), "hydra.sweeper") if (folder / PLAN).is_file() else None


def sweep_arguments(folder: Path, typed: Sequence[str]) -> list[str]:
    """The command line that continues a sweep.

    Args:
        folder: The sweep's folder.
        typed: What was typed beside ``resume=SWEEP``: settings of Hydra, such as another launcher or more trials.

    Raises:
        ValueError: Something else was typed: the runs of one sweep share their settings; or there is no command.
    """
    options = [each for each in typed if each not in ("-m", "--multirun")]
    strange = [each for each in options if not each.lstrip("+~").startswith(_MAY_CHANGE)]
    if strange:
        raise ValueError(f"a sweep continues with its own settings; leave out {' '.join(strange)}, or start another sweep")
    task, mine = command_of(folder)
    keys = {each.lstrip("+~").partition("=")[0] for each in options}
    if (sweeper := _sweeper(folder)) is not None:
        strange = [each for each in keys if each.startswith("hydra.sweeper.") and each.split(".")[2] not in sweeper]
        if strange:
            none = "" if _is_search(folder) else "; it is no search (sweep=optuna)"
            raise ValueError(f"leave out {' '.join(sorted(strange))}: this sweep's sweeper has no such option{none}")
    kept = [each for each in [*task, *mine] if each.lstrip("+~").partition("=")[0] not in keys]
    if any(each.startswith(("launcher=", "hydra/launcher=")) and each not in (*task, *mine) for each in options):  # another one
        kept = [each for each in kept if not each.lstrip("+~").startswith("hydra.launcher.")]
    now = [each for each in options if not each.startswith("trust=")]
    return ["-m", *kept, *now, "resume.sweep=true", f"hydra.sweep.dir={override_text(from_here(folder))}"]


def newest_sweep() -> Path | None:
    """The newest folder in ``runs/sweeps``; ``None``: there is none."""
    sweeps = [path for path in SWEEPS.glob("*") if is_sweep(path)]
    return max(sweeps, key=lambda path: (path.name, path.stat().st_mtime), default=None)


def continue_in_sweep(cfg: DictConfig) -> dict[str, Any] | PrunedRun | None:
    """Let a run of a continued sweep begin where it stopped.

    Args:
        cfg: The composed configuration; ``resume.run`` is set in it where there is a checkpoint.

    Returns:
        What a complete run has reached; ``None``: there is something left to do.
    """
    if not cfg.resume.sweep:
        return None
    folder = Path(cfg.paths.run)
    cfg.resume.sweep = False
    if is_complete(folder):
        record = record_of(folder)
        log.info(f"Run {folder.name} is complete: {record['status']}.")
        return PrunedRun(int(record.get("epochs", 1)) - 1) if record["status"] == "pruned" else record
    if any((folder / "checkpoints" / name).is_file() for name in ("last.ckpt", "before_last.ckpt")):
        cfg.resume.run = from_here(folder)
    return None
