"""How a run of a sweep ended: a failed or a pruned one is a result like any other, so that the others go on.

Hydra's launchers hand back what a run returns. An exception would end the sweep in most of them, and not all exceptions can be
sent from one process to another; so a run that fails returns a :class:`FailedRun`, and its sentence is kept in its folder.
"""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode

FAILURE = "failure.json"
PLAN = "multirun.yaml"  # Hydra's sweepers write it into the sweep's folder

SWEEPER = "hydra_plugins.practicum.OptunaSweeper"  # of sweep=optuna


@dataclass(frozen=True)
class FailedRun:
    """What a failed run of a sweep returns; it is no number, so other sweepers than ours take it for a failure, too.

    Attributes:
        sentence: Why it failed.
    """

    sentence: str


@dataclass(frozen=True)
class PrunedRun:
    """What a run returns that was stopped because others were better at the same epoch.

    Attributes:
        epoch: The last epoch that was validated, counted from 0.
    """

    epoch: int


def run_of_a_sweep() -> Path | None:
    """The folder of the run that this process is at; ``None`` where that belongs to no sweep."""
    if not HydraConfig.initialized():
        return None
    folder = Path(HydraConfig.get().runtime.output_dir)
    return folder if HydraConfig.get().mode is RunMode.MULTIRUN or (folder.parent / PLAN).is_file() else None


def in_a_sweep() -> bool:
    """Whether this process is at a run that a sweep has started, not at one that is resumed by itself."""
    return HydraConfig.initialized() and HydraConfig.get().mode is RunMode.MULTIRUN


def note_failure(folder: Path, sentence: str) -> None:
    """Keep in a run's folder why it failed.

    Args:
        folder: The run's folder.
        sentence: One sentence.
    """
    from practicum.callbacks.files.atomic_file import as_utf8, atomic_write  # noqa: PLC0415 - heavy

    with atomic_write(folder / FAILURE) as beside:
        beside.write_text(json.dumps({"sentence": as_utf8(sentence)}) + "\n", encoding="utf-8")


def forget_failure(folder: Path) -> None:
    """Forget why an earlier start of a run failed."""
    (folder / FAILURE).unlink(missing_ok=True)


def failure_of(folder: Path) -> str | None:
    """Why a run failed; ``None`` where it did not.

    Args:
        folder: The run's folder.
    """
    try:
        return str(json.loads((folder / FAILURE).read_bytes())["sentence"])
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError):
        return f"{FAILURE} is damaged"


def record_of(folder: Path) -> dict[str, Any]:
    """A run's ``metrics.json`` as far as it got; only ``status`` where there is none, or a damaged one.

    Args:
        folder: The run's folder.
    """
    path = folder / "metrics.json"
    try:
        record = json.loads(path.read_bytes()) if path.is_file() else {"status": "unfinished"}
    except ValueError:
        record = None
    return record if isinstance(record, dict) else {"status": "damaged record"}


def is_complete(folder: Path) -> bool:
    """Whether a run has nothing left to do: it was tested and its page is written, it was pruned, or was a range test alone.

    Args:
        folder: The run's folder.
    """
    if failure_of(folder) is not None:
        return False
    status = record_of(folder).get("status")
    return status in ("pruned", "range test") or (status == "finished" and (folder / "report.html").is_file())


def fail(error: Exception, explained: str | None, program: str) -> FailedRun:
    """Turn the error that ended a run of a sweep into its result: say it, keep it, and put a traceback into the run's log.

    Args:
        error: What was raised.
        explained: The sentence that explains it; ``None``: it is a bug, whose traceback is wanted.
        program: What messages call this program.
    """
    folder = Path(HydraConfig.get().runtime.output_dir)
    sentence = explained or describe(error)
    if explained is None:
        _log_traceback(error)
    print(f"{program}: run {folder.name} failed: {sentence}".encode(errors="backslashreplace").decode(), file=sys.stderr)
    note_failure(folder, sentence)
    return FailedRun(sentence)


def describe(error: BaseException) -> str:
    """Type and first line of an error that nothing explains."""
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "no message")
    return f"{type(error).__name__}: {first[:300]}"


def _log_traceback(error: Exception) -> None:
    """Write a traceback into the run's log file, not onto the terminal, where a table is to follow."""
    about = (type(error), error, error.__traceback__)
    record = logging.LogRecord(__name__, logging.ERROR, __file__, 0, "The run failed.", (), about)
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.FileHandler):
            handler.handle(record)
