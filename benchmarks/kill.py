"""Kill a run with SIGKILL at random moments, resume it, and compare its end with that of an uninterrupted run.

    python benchmarks/kill.py                 30 kills
    python benchmarks/kill.py --kills 3       what CI does

Synthetic spiders, small settings; range test, unfreezing, restarts and snapshots are on, and a checkpoint is written every few
steps. Prints one line per kill and, at the end, how many runs ended bit-equal: every tensor and every other value in
``last.ckpt`` and in the snapshots, and ``metrics.csv`` line by line. Exit code 1 if not all did.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

TRAIN = Path(__file__).resolve().parents[1] / "train.py"
SETTINGS = [
    "data=spiders",
    "data.size=64",
    "data.batch_size=16",
    "model=timm",
    "model.backbone=test_resnet",
    "model.weights=random",
    "schedule=sgdr",
    "schedule.cycles=2",
    "callbacks=[default,lr_find,snapshots]",
    "callbacks.unfreeze.at=[1]",
    "callbacks.unfreeze.only_pretrained=false",
    "callbacks.lr_find.steps=30",
    "callbacks.lr_find.at=[0,unfreeze]",
    "callbacks.last.every_n_steps=5",
    "callbacks.progress=null",
    "trainer.limit_train_batches=24",
    "trainer.limit_val_batches=4",
    "trainer.limit_test_batches=4",
]


def start(where: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a training in a process group of its own."""
    with open(where / "output.log", "ab") as output:
        return subprocess.Popen(
            [sys.executable, TRAIN, *arguments], cwd=where, stdout=output, stderr=output, start_new_session=True
        )


def rows_of(run: Path) -> int:
    """Number of rows that a run has logged so far: one per step, and one per epoch."""
    log = run / "metrics.csv"
    return max(0, len(log.read_text().splitlines()) - 1) if log.exists() else 0


def kill(where: Path, run: str, rows: int, seconds: float) -> bool:
    """Start a run and kill it ``seconds`` after its ``rows``-th row; returns whether it was still running then."""
    process = start(where, *SETTINGS, f"hydra.run.dir={run}")
    while (not (where / run / ".hydra").exists() or rows_of(where / run) < rows) and process.poll() is None:
        time.sleep(0.005)
    time.sleep(seconds)
    if process.poll() is not None:
        return False
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return True


def finish(where: Path, *arguments: str) -> None:
    """Run a training to its end; raises if it fails."""
    if start(where, *arguments).wait(timeout=600):
        raise SystemExit(f"{arguments}: failed\n{(where / 'output.log').read_text()[-3000:]}")


def difference(a: Any, b: Any, path: str = "") -> str | None:
    """Describe where two checkpoints first differ; ``None`` if they are bit-equal."""
    if type(a) is not type(b):
        return f"{path}: {type(a).__name__} and {type(b).__name__}"
    if isinstance(a, torch.Tensor):
        same = a.dtype == b.dtype and a.shape == b.shape and a.numpy().tobytes() == b.numpy().tobytes()
        return None if same else f"{path}: tensors differ"
    if isinstance(a, dict):
        if list(a) != list(b):
            return f"{path}: keys {set(a) ^ set(b)}"
        return next((found for key in a if (found := difference(a[key], b[key], f"{path}/{key}"))), None)
    if isinstance(a, list | tuple):
        if len(a) != len(b):
            return f"{path}: lengths {len(a)} and {len(b)}"
        return next(
            (found for i, (x, y) in enumerate(zip(a, b, strict=True)) if (found := difference(x, y, f"{path}/{i}"))), None
        )
    return None if a == b or repr(a) == repr(b) else f"{path}: {a} and {b}"


def compare(run: Path, reference: Path) -> str | None:
    """Describe how a run's end differs from the reference's; ``None`` if it does not."""
    for name in ("last.ckpt", "cycle-1.ckpt", "cycle-2.ckpt"):
        texts = [path / "checkpoints" / name for path in (run, reference)]
        mine, theirs = (torch.load(path, weights_only=True) for path in texts)
        for checkpoint, folder in ((mine, run), (theirs, reference)):
            _forget_place(checkpoint, str(folder.resolve()))
        if found := difference(mine, theirs, name):
            return found
    rows, wanted = ((path / "metrics.csv").read_text().splitlines() for path in (run, reference))
    if rows != wanted:
        at = next(
            (i for i, (row, want) in enumerate(zip(rows, wanted, strict=False)) if row != want), min(len(rows), len(wanted))
        )
        return f"metrics.csv: line {at + 1} of {len(rows)}, wanted {len(wanted)}"
    return None


def _forget_place(node: Any, place: str) -> None:
    """Replace the run folder's path, in place: only that may differ."""
    if isinstance(node, dict):
        for key, value in list(node.items()):
            if isinstance(value, str):
                node[key] = value.replace(place, "RUN")
            _forget_place(value, place)
            if isinstance(key, str) and place in key:
                node[key.replace(place, "RUN")] = node.pop(key)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0, help="seed of the random moments")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        finish(
            where, *SETTINGS[:6], "schedule=none", "trainer.limit_train_batches=1", "epochs=1", "hydra.run.dir=generate"
        )  # generates the photos, once
        finish(where, *SETTINGS, "hydra.run.dir=reference")
        whole = rows_of(where / "reference")
        print(f"a whole run: {whole} rows", flush=True)
        equal = number = 0
        while number < options.kills:
            # After so many rows and then part of a step; before the first and after the last row, part of a second.
            rows = chance.randint(0, whole)
            more = chance.uniform(0, 1 if rows in (0, whole) else 0.1)
            run = f"killed{number}"
            if not kill(where, run, rows, more):
                shutil.rmtree(where / run)  # it had already ended: try another moment
                continue
            reached = rows_of(where / run)
            finish(where, f"resume={run}")
            found = compare(where / run, where / "reference")
            equal += found is None
            number += 1
            print(f"{number:3d}: killed after {reached:3d} rows: {found or 'bit-equal'}", flush=True)
    print(f"{equal} of {options.kills} bit-equal")
    sys.exit(equal != options.kills)


if __name__ == "__main__":
    main()
