"""A run of train.py as a child process: its seconds and the most memory that it held, for an epoch on data that were made."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..defaults_parts.kept import limit_threads
from ..peak_memory import run

TRAIN = Path(__file__).resolve().parents[2] / "train.py"


def train(overrides: Sequence[str], folder: Path, threads: int | None) -> dict[str, Any]:
    """Train for an epoch.

    Returns:
        ``seconds`` of the whole process, of ``data`` (reading and preparing), of the ``epoch`` (training and validation),
        ``memory`` in bytes; or ``error``.
    """
    typed = [*overrides, "epochs=1", "seed=1", f"hydra.run.dir={folder / 'run'}", f"paths.data={folder / 'data'}"]
    command = [sys.executable, str(TRAIN), *typed, "callbacks.progress=null"]
    log = folder / "train.out"
    code, seconds, memory = run(command, log, {**os.environ, **limit_threads(threads)})
    if code:
        lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
        return {"error": lines[-1][:300] if lines else f"ended with {code}"}
    record = json.loads((folder / "run" / "metrics.json").read_text(encoding="utf-8"))
    return {"seconds": seconds, "data": record["seconds/data"], "epoch": record["seconds/fit"], "memory": memory}
