"""Runs of ours and of the peers, each kept in a file once it is complete."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from practicum.callbacks.run.results import baselines, measured_on, results

from .kept import HERE, keep, kept, last_line, limit_threads, revision, threads_typed


def place_of(output: Path, name: str, which: str) -> Path:
    """Where a run's result is kept."""
    return output / "runs" / name / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', which)}.json"


def ours(
    output: Path, name: str, overrides: tuple[str, ...], seed: int, threads: int | None, built_on: Sequence[str] = ()
) -> dict[str, Any]:
    """Run ``train.py`` as it is typed, unless that was done.

    Args:
        output: Folder of all results.
        name: Of the run's folder.
        overrides: What is typed.
        seed: Of the run.
        threads: Of its process; ``None``: all cores.
        built_on: What was typed for the run that this one begins with: where that changes, this one is made anew.

    Returns:
        ``metrics`` of the result, ``baselines``, ``seconds`` of the whole command, validation's ``last`` and ``best`` loss; or
        ``error``.
    """
    path = place_of(output, name, f"practicum-{seed}")
    typed = [*overrides, f"seed={seed}"]
    command = [*typed, threads_typed(threads), *built_on]
    if (found := kept(path, command)) is not None:
        return found
    run = path.with_suffix("")
    if run.exists():
        shutil.rmtree(run)
    places = [f"hydra.run.dir={run}", f"paths.data={output / 'data'}", "callbacks.progress=null"]
    started = time.perf_counter()
    answer = _call([sys.executable, str(HERE.parent / "train.py"), *typed, *places], threads, os.environ)
    seconds = time.perf_counter() - started
    if answer.returncode:
        return keep(path, {"command": command, "error": last_line(answer)})
    record = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    return keep(
        path,
        {
            "command": command,
            "revision": revision(),
            "seconds": seconds,
            "steps": record["steps"],
            "epochs": record["epochs"],
            "measured_on": measured_on(record),
            "metrics": results(record),
            "baselines": baselines(record),
            "last": record.get("val/loss"),
            "best": record.get("val/loss/best"),
        },
    )


def peer(
    output: Path,
    name: str,
    script: Sequence[str],
    method: str,
    seed: int,
    python: str,
    threads: int | None,
    limit: float | None = None,
) -> dict[str, Any]:
    """Let a script of ``peers/`` measure one method in its own environment, unless that was done.

    Args:
        limit: Seconds after which it is ended; ``None``: never.

    Returns:
        Its metrics and ``seconds``, or ``missing``: why it was not measured, with ``limit`` where it took longer than that.
    """
    path = place_of(output, name, f"{method}-{seed}")
    typed = [*script, "--methods", method, "--seed", str(seed)]
    command = [*typed, threads_typed(threads)]
    found = kept(path, command)
    if found is None:
        own = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        try:
            answer = _call([python, str(HERE / "peers" / typed[0]), *typed[1:]], threads, own, limit)
        except subprocess.TimeoutExpired:
            cores = "all cores" if threads is None else f"{threads} thread{'s' * (threads > 1)}"
            found = {"missing": f"it did not end within {limit:g} seconds by {cores}", "limit": limit}
        else:
            lines = [json.loads(line) for line in answer.stdout.splitlines() if line.startswith("{")]
            found = lines[-1] if lines and not answer.returncode else {"missing": last_line(answer)}
        found = keep(path, {**found, "command": command})
    return found


def _call(
    command: list[str], threads: int | None, environment: Any, limit: float | None = None
) -> subprocess.CompletedProcess[str]:
    own = {**environment, **limit_threads(threads)}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=own, timeout=limit)
