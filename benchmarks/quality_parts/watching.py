"""Runs a process until the course that it writes reaches a mark, it ends, or its time is over."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ..defaults_parts.kept import last_of

_EVERY = 0.1  # seconds between two looks at the course; what counts are the seconds in it


class SideFailed(Exception):
    """A process ended with an error before the mark; the message is the last line of what it said."""


class Validation(NamedTuple):
    """One line of a course."""

    seconds: float  # since the start of the process
    processor: float  # seconds
    value: float


@dataclass(frozen=True)
class Outcome:
    """How it went.

    Attributes:
        course: Seconds, seconds on the processor and value of each validation.
        mark: The first of these that reached the mark; ``None``: none did.
        ended: Seconds until the process ended or was ended.
        cut: Whether its time was over.
    """

    course: tuple[Validation, ...]
    mark: Validation | None
    ended: float
    cut: bool

    def missed(self, best: Callable[[Sequence[float]], float]) -> str:
        """What it reached instead, in words."""
        values = [each.value for each in self.course]
        found = f"{best(values):.4g} at best" if values else "no validation"
        found = found.replace("0.", ".", 1) if found.startswith("0.") else found
        end = "then ended by the limit" if self.cut else "its whole schedule"
        processor = f", {self.course[-1].processor:.0f} s on the processor" if self.course else ""
        return f"{found} in {len(values)} epoch{'s' * (len(values) != 1)}, {self.ended:.0f} s{processor}, {end}"


def read_course(path: Path) -> tuple[Validation, ...]:
    """The lines that are whole."""
    if not path.is_file():
        return ()
    lines = [line for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n")]
    return tuple(Validation(**json.loads(line)) for line in lines)


def watch(
    command: Sequence[str],
    course: Path,
    reached: Callable[[float], bool],
    limit: float | None,
    environment: Mapping[str, str],
    started_in: str,
) -> Outcome:
    """Start a process and end it once it is there.

    Args:
        command: What is started; what it says is kept beside the course, as ``.log``.
        course: File to which it appends a line of JSON (a :class:`Validation`) after each validation.
        reached: Whether a value is the mark or better.
        limit: Seconds after which it is ended; ``None``: never.
        environment: Its variables.
        started_in: Name of the variable with ``time.monotonic()`` of its start.

    Raises:
        SideFailed: It ended with an error before it was there.
    """
    log = course.with_suffix(".log")
    with open(log, "w", encoding="utf-8") as file:
        started = time.monotonic()
        own = {**environment, started_in: repr(started)}
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, env=own, start_new_session=True)
        code, cut = None, False
        try:
            while code is None:
                code = process.poll()
                if any(reached(each.value) for each in read_course(course)):
                    break
                if cut := limit is not None and time.monotonic() - started > limit:
                    break
                if code is None:
                    time.sleep(_EVERY)
            ended = time.monotonic() - started
        finally:  # also when this process is interrupted
            if code is None:
                _end(process)
    found = read_course(course)
    mark = next((each for each in found if reached(each.value)), None)
    if code and mark is None:
        said = last_of(log.read_text(encoding="utf-8", errors="replace")) or "it said nothing"
        raise SideFailed(f"{said} (exit code {code})")
    return Outcome(found, mark, ended, cut and mark is None)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and those that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # it has just ended
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
