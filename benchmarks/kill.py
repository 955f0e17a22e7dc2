"""Kill runs with SIGKILL at random moments, resume them, and compare their ends with those of uninterrupted runs.

    python benchmarks/kill.py                          30 kills, over all settings in turn
    python benchmarks/kill.py --kills 3                what CI does
    python benchmarks/kill.py --kills 10 --only ddp    of one setting (several: --only ddp --only workers)

Small trainings on synthetic data, a few seconds each; a checkpoint is written every few steps. Prints one line per kill and, at
the end, how many runs ended bit-equal, by setting and together: every tensor and every other value in ``last.ckpt`` and in all
other checkpoints, and ``metrics.csv`` and ``predictions.csv`` line by line. Exit code 1 if not all did.

Uninterrupted runs, and those of several processes, are started as ``python train.py``; the others are forked from this process,
which has imported everything once.
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

if __package__ in (None, ""):  # python benchmarks/kill.py
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.forked_training import Forked, Started, import_everything
from benchmarks.measurements import Measurements, add_json

TRAIN = Path(__file__).resolve().parents[1] / "train.py"


def without(*callbacks: str) -> list[str]:
    """Overrides that leave out callbacks which only look at a test, and take longer than the training."""
    return [f"callbacks.{name}=null" for name in ("progress", "curves", *callbacks)]


COMMON = [
    *("callbacks.last.every_n_steps=3", "trainer.accelerator=cpu", "trainer.limit_train_batches=14", "baselines=false"),
    *("trainer.limit_val_batches=3", "trainer.limit_test_batches=3"),
]
CLASSES = ("confusion_matrix", "top_losses", "per_class", "calibration")
PHOTOS = [
    *("data=spiders", "data.size=64", "data.batch_size=16", "model=timm", "model.backbone=test_resnet", "model.weights=random"),
    *("callbacks.unfreeze.at=[1]", "callbacks.unfreeze.only_pretrained=false"),
    *(*without("augmentation", "example_batch", "grad_cam", *CLASSES), *COMMON),
]
SMALL_LSTM = ["model.embedding_dim=16", "model.hidden_size=24", "model.num_layers=2", "epochs=2", *COMMON]
TEXTS = ["experiment=reviews", "pretraining=none", *without(*CLASSES), *SMALL_LSTM]
AT_ONCE = ("callbacks.patience.patience=1", "callbacks.patience.least_steps=0")
WORDS = [*without("samples", "nearest_words"), *SMALL_LSTM]
RANKINGS = ("embedding_maps", "item_biases", "long_tail", "person", "ranking", "sampled_ranking")
CLICKS = ["data=tastes", "epochs=2", "data.batch_size=512", *without(*RANKINGS), *COMMON]
RATINGS = ["experiment=tastes", *CLICKS[1:], "callbacks.predicted_true=null", "callbacks.residuals=null"]
STORES = [
    *("experiment=stores", "data.batch_size=256", "epochs=2"),
    *without("submission", "predicted_true", "error_by", "most_wrong", "importance", "embedding_maps", *CLASSES[:1], "per_class"),
    *COMMON,
]

# By what can go wrong: the range test, unfreezing, restarts and snapshots; loaders with processes of their own; ...
SETTINGS: dict[str, list[str]] = {
    "snapshots": [
        *("schedule=sgdr", "schedule.cycles=2", "callbacks=[default,lr_find,snapshots]", "callbacks.lr_find.steps=30"),
        *("callbacks.lr_find.at=[0,unfreeze]", *PHOTOS),
    ],
    "workers": ["data.num_workers=2", "epochs=2", *PHOTOS],
    "ema": STORES,
    "ddp": ["trainer=ddp", "trainer.devices=2", "epochs=2", *PHOTOS],
    "mixup": ["data.mixup=0.4", "data.cutmix=1.0", "epochs=2", "augment=randaugment", *PHOTOS],
    "workers without a cache": ["data.num_workers=2", "data.cache_gb=0", "data.mixup=0.4", "epochs=2", *PHOTOS],
    "accumulation": ["trainer.accumulate_grad_batches=4", "epochs=2", *PHOTOS],
    "texts": TEXTS,
    "texts by their own word vectors": ["experiment=reviews", "pretraining.epochs=1", *without(*CLASSES), *COMMON, "epochs=2"],
    "stopped early": [*TEXTS, "epochs=4", "+callbacks.patience.min_delta=9", *AT_ONCE],
    "language model": ["experiment=lm", "data.variable_length=true", "data.bptt=20", *WORDS],
    "averaged": ["experiment=lm", "callbacks=[language_model,nt_asgd]", "callbacks.nt_asgd.patience=1", "schedule=none", *WORDS],
    "word vectors": ["experiment=word_vectors", "model.embedding_dim=16", *without("nearest_words"), *COMMON, "epochs=2"],
    "ratings": RATINGS,
    "sparse adam": ["experiment=ratings_large", "data=tastes", *CLICKS[1:3], *without(), *COMMON],
    "clicks": ["experiment=clicks", "data.rating=null", *CLICKS],
    "ddp of a table": ["trainer=ddp", "trainer.devices=2", *STORES],
}


class TrainingFailed(Exception):
    """A training did not end as it should."""


def start(where: Path, *arguments: str, forked: bool = False) -> Started:
    """Start a training in a process group of its own; it may start further processes."""
    if forked:
        return Forked(where, arguments, environment(where))
    with open(where / "output.log", "ab") as output:
        return subprocess.Popen(
            [sys.executable, TRAIN, *arguments],
            cwd=where,
            env={**os.environ, **environment(where)},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def environment(where: Path) -> dict[str, str]:
    """What a training finds beside the usual environment: a place for the key that signs runs, see cli/own_runs.py."""
    return {"XDG_DATA_HOME": str(where / "home")}


def rows_of(run: Path) -> int:
    """Number of rows that a run has logged so far: one per step, and one per epoch."""
    log = run / "metrics.csv"
    return max(0, len(log.read_text(encoding="utf-8").splitlines()) - 1) if log.exists() else 0


def kill(where: Path, settings: list[str], run: str, rows: int, seconds: float) -> bool:
    """Start a run and kill it ``seconds`` after its ``rows``-th row; returns whether it was still running then."""
    process = start(where, *settings, f"hydra.run.dir={run}", forked=forkable(settings))
    while (not (where / run / ".hydra").exists() or rows_of(where / run) < rows) and process.poll() is None:
        time.sleep(0.005)
    time.sleep(seconds)
    if process.poll() is not None:
        return False
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return True


def forkable(settings: list[str]) -> bool:
    """Whether Lightning starts no further trainings for these settings: those would not be forked."""
    return "trainer=ddp" not in settings


def finish(where: Path, *arguments: str, forked: bool = False) -> None:
    """Run a training to its end; raises if it fails or takes more than ten minutes."""
    process = start(where, *arguments, forked=forked)
    try:
        failed = process.wait(timeout=600)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    if failed:
        raise TrainingFailed(f"{' '.join(arguments)[:200]}: failed\n{(where / 'output.log').read_text(encoding='utf-8')[-3000:]}")


def difference(a: Any, b: Any, path: str = "") -> str | None:
    """Describe where two checkpoints first differ; ``None`` if they are bit-equal."""
    if type(a) is not type(b):
        return f"{path}: {type(a).__name__} and {type(b).__name__}"
    if isinstance(a, torch.Tensor):
        same = a.dtype == b.dtype and a.shape == b.shape and _bytes(a) == _bytes(b)
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


def _bytes(tensor: torch.Tensor) -> bytes:
    return bytes(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())  # NumPy has no bfloat16


def compare(run: Path, reference: Path) -> str | None:
    """Describe how a run's end differs from the reference's; ``None`` if it does not."""
    # Of the checkpoint before the last there may be none, or another: it depends on when the run was killed.
    names, wanted = (
        {each.name for each in (path / "checkpoints").glob("*.ckpt")} - {"before_last.ckpt"} for path in (run, reference)
    )
    if names != wanted:
        return f"checkpoints {sorted(names)}, wanted {sorted(wanted)}"
    for name in sorted(names):
        mine, theirs = (torch.load(path / "checkpoints" / name, weights_only=True) for path in (run, reference))
        for checkpoint, folder in ((mine, run), (theirs, reference)):
            _forget_place(checkpoint, str(folder.resolve()))
        if found := difference(mine, theirs, name):
            return found
    for name in ("metrics.csv", "predictions.csv"):
        if (reference / name).exists() and (found := _other_line(run / name, reference / name)):
            return found
    return None


def _other_line(mine: Path, theirs: Path) -> str | None:
    rows, wanted = (path.read_text(encoding="utf-8").splitlines() if path.exists() else [] for path in (mine, theirs))
    if rows == wanted:
        return None
    pairs = enumerate(zip(rows, wanted, strict=False))
    at = next((i for i, (row, want) in pairs if row != want), min(len(rows), len(wanted)))
    return f"{mine.name}: line {at + 1} of {len(rows)}, wanted {len(wanted)}"


def _forget_place(node: Any, place: str) -> None:
    """Replace the run folder's path, in place: only that may differ."""
    if isinstance(node, dict):
        for key, value in list(node.items()):
            if isinstance(value, str):
                node[key] = value.replace(place, "RUN")
            _forget_place(value, place)
            if isinstance(key, str) and place in key:
                node[key.replace(place, "RUN")] = node.pop(key)


def one_kill(where: Path, name: str, number: int, chance: random.Random) -> str | None:
    """Kill a run at a random moment and resume it; prints and returns how its end differs, ``None`` if it does not."""
    reference = where / f"{name} reference".replace(" ", "_")
    whole, run, reached = 0, f"killed{number}", 0
    try:
        if not reference.exists():  # it also makes the data set and its cache, which all runs share
            finish(where, *SETTINGS[name], f"hydra.run.dir={reference.name}")
            print(f"     {name}: a whole run has {rows_of(reference)} rows", flush=True)
        whole = rows_of(reference)
        while True:
            # After so many rows and then part of a step; before the first and after the last row, part of a second.
            rows = chance.randint(0, whole)
            more = chance.uniform(0, 1 if rows in (0, whole) else 0.1)
            if kill(where, SETTINGS[name], run, rows, more):
                break
            shutil.rmtree(where / run)  # it had already ended: try another moment
        reached = rows_of(where / run)
        finish(where, f"resume={run}", forked=forkable(SETTINGS[name]))
        found = compare(where / run, reference)
    except TrainingFailed as error:
        found = str(error)
    print(f"{number:3d}: {name}: killed after {reached:3d} of {whole} rows: {found or 'bit-equal'}", flush=True)
    shutil.rmtree(where / run, ignore_errors=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0, help="seed of the random moments")
    parser.add_argument("--only", action="append", choices=SETTINGS, help="a setting; default: all in turn")
    add_json(parser)
    options = parser.parse_args()
    chance, names = random.Random(options.seed), options.only or list(SETTINGS)
    import_everything()
    equal: dict[str, list[bool]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.kills):
            name = names[number % len(names)]
            equal.setdefault(name, []).append(one_kill(Path(folder), name, number, chance) is None)
    by_setting = "; ".join(f"{name} {sum(each)} of {len(each)}" for name, each in equal.items())
    if len(equal) > 1:
        print(by_setting)
    count = sum(map(sum, equal.values()))
    print(f"{count} of {options.kills} bit-equal")
    noted = Measurements()
    noted.page(f"{count} of {options.kills} killed and resumed runs ended bit-equal: {by_setting}.")
    noted.write(options.json)
    sys.exit(count != options.kills)


if __name__ == "__main__":
    main()
