"""Read drawn inputs, and count how each ends: it works, or is refused in one sentence; anything else is a failure.

    python -m benchmarks.fuzz KIND N SEED
    python -m benchmarks.fuzz tables 1000 0         the inputs of seeds 0 to 999
    python -m benchmarks.fuzz tables 1 417          the one of seed 417 again, with how it was made and its traceback

KIND is photos, texts, tables, ratings, archives, run_folders or all. Inputs are drawn by hypothesis, each from a seed of its own,
and are valid files changed in structured ways: see benchmarks/fuzzing, a file per kind. Each is read as a training and a
prediction read it (a run folder: opened and used without trust).

Failures: an exception other than MisconfigurationException, or one of several lines; more than 10 seconds; a batch that is not
finite or that no model can use; a second reading, from the cache, that differs; a file written, changed or removed outside the
folders meant for it; a program started. Prints the counts and the seeds of failures; exit code 1 if there are any.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # python benchmarks/fuzz.py
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import hypothesis
from hypothesis import HealthCheck, Phase, settings

KINDS = ("photos", "texts", "tables", "ratings", "archives", "run_folders")
LIMIT = 10  # seconds for one input


class Hang(BaseException):
    """An input took too long."""


def draw(kind: str, seed: int) -> Any:
    """The input of a seed; the same for the same version of hypothesis."""
    inputs = importlib.import_module(f"benchmarks.fuzzing.{kind}").inputs
    drawn: list[Any] = []

    # The first example that hypothesis tries is the simplest there is, whatever the seed; the second is drawn.
    @hypothesis.seed(seed)
    @settings(max_examples=2, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @hypothesis.given(inputs())
    def keep(given: Any) -> None:
        drawn.append(given)

    keep()
    return drawn[-1]


def run(kind: str, seed: int) -> tuple[str, str]:
    """Read the input of a seed in a temporary folder.

    Returns:
        Its outcome (``FAILED: ...`` of a failure) and, of a failure, how it was made and its traceback.
    """
    from polars.exceptions import PanicException  # of its Rust code; no Exception
    from practicum.lightning_shim import MisconfigurationException

    from benchmarks.fuzzing.watch import watched

    with _quiet():
        given = draw(kind, seed)
    with _folders() as place, _quiet():
        given.write(place)
        details = ""
        with watched(place.base, place.own) as touched:
            try:
                with _limited():
                    outcome = given.use(given, place)
            except MisconfigurationException:
                outcome, details = "FAILED: refused where it should not be", traceback.format_exc()
            except (Exception, Hang, PanicException) as error:
                outcome, details = f"FAILED: {type(error).__name__}", traceback.format_exc()
        if touched:
            outcome, details = "FAILED: wrote outside its folders", "\n".join([*touched, details])
    return outcome, "\n".join([*given.said, f"{given.module} {given.options} root={given.root!r} new={given.new!r}", details])


@contextmanager
def _folders() -> Iterator[Any]:
    """A place with an earlier run beside it; the working directory is an empty one, temporary files go to ``scratch``."""
    from benchmarks.fuzzing.given import Place

    before, temporary = os.getcwd(), tempfile.tempdir
    base = Path(os.path.realpath(tempfile.mkdtemp(prefix="fuzz-")))
    earlier = base / "earlier" / "checkpoints"
    earlier.mkdir(parents=True)
    (earlier / "best.ckpt").write_bytes(b"weights")
    (earlier.parent / "metrics.json").write_text('{"status": "finished"}', encoding="utf-8")
    (base / "script.sh").write_text("#!/bin/sh\n", encoding="utf-8")
    (base / "here").mkdir()
    place = Place(base)
    for folder in (place.input, *place.own):
        folder.mkdir()
    os.chdir(base / "here")
    tempfile.tempdir = str(place.scratch)
    try:
        yield place
    finally:
        os.chdir(before)
        tempfile.tempdir = temporary
        shutil.rmtree(base, ignore_errors=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what is printed, logged or warned of."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            open(os.devnull, "w", encoding="utf-8") as nowhere,
            redirect_stdout(nowhere),
            redirect_stderr(nowhere),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


@contextmanager
def _limited() -> Iterator[None]:
    """Raise :class:`Hang` in the block after :data:`LIMIT` seconds; code in C is interrupted when it returns."""

    def interrupt(*_: Any) -> None:
        raise Hang(f"more than {LIMIT} s")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def fuzz(kind: str, count: int, first: int) -> tuple[Counter[str], list[tuple[int, str, str]]]:
    """Read the inputs of the seeds ``first`` to ``first + count - 1``.

    Returns:
        The number of inputs by outcome; seed, outcome and details of each failure.
    """
    outcomes: Counter[str] = Counter()
    failures = []
    for seed in range(first, first + count):
        outcome, details = run(kind, seed)
        outcomes[outcome] += 1
        if outcome.startswith("FAILED"):
            failures.append((seed, outcome, details))
    return outcomes, failures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=[*KINDS, "all"])
    parser.add_argument("count", type=int)
    parser.add_argument("seed", type=int, help="of the first input")
    parser.add_argument("--details", action="store_true", help="print every failure whole, not only a single one")
    options = parser.parse_args()
    failed = 0
    for kind in KINDS if options.kind == "all" else [options.kind]:
        start = time.perf_counter()
        outcomes, failures = fuzz(kind, options.count, options.seed)
        failed += len(failures)
        counts = ", ".join(f"{outcome} {number}" for outcome, number in sorted(outcomes.items()))
        print(f"{kind}: {options.count} inputs in {time.perf_counter() - start:.0f} s: {counts}", flush=True)
        for seed, outcome, details in failures:
            last = details.strip().splitlines()[-1]
            print(details if options.details or options.count == 1 else f"  seed {seed}: {outcome}: {last[:300]}", flush=True)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
