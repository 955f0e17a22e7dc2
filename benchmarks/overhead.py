"""Overhead of schedules, callbacks, the range test and checkpoints.

    python benchmarks/overhead.py --peer-python PEER_ENV/bin/python

Measured alternately, `--rounds` times; medians and ratios are printed. The peer (fastai==2.8.12) has an environment of its own.

- steps: milliseconds per step of a two-layer MLP, batch 64: a bare loop, Lightning, Lightning with a torch scheduler that the
  module configures, Lightning with as many empty callbacks as ours, with ours, with ours in a trainer as train.py builds it,
  fastai's fit_one_cycle. Short trainings in random order, as the machine's speed varies;
- range test: seconds of a whole test (100 steps) relative to 100 training steps, ResNet-18, batch 16, 96 pixels; fastai's lr_find
  relative to 100 of its steps;
- checkpoint: seconds that a checkpoint of 0.3 GB blocks the training, relative to writing and syncing its bytes.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import statistics
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torchvision
from measurements import OURS, Measurements, add_json
from practicum.callbacks import (
    GradualUnfreezing,
    LastCheckpoint,
    LearningCurves,
    LRFinder,
    OneCycle,
    RunRecord,
    SnapshotEnsemble,
    Watcher,
    WholeFileCheckpointIO,
)
from practicum.cli.trainer_factory import NoProfiler
from practicum.lightning_shim import PACKAGE, Callback, LightningModule, Trainer
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

HERE = Path(__file__).resolve().parent
STEPS, WARM, TURNS = 400, 50, 8
TRAINED = "train.py's trainer, our OneCycle and callbacks"


class Net(LightningModule):
    """A classifier on batches ``(x, y)``."""

    def __init__(self, net: nn.Module, scheduled: bool = False) -> None:
        super().__init__()
        self.net, self.scheduled = net, scheduled

    def layer_groups(self) -> list[list[nn.Module]]:
        return [[each] for each in self.net.children()]

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        return cross_entropy(self.net(batch[0]), batch[1])

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.AdamW(self.parameters(), lr=1e-3)
        if not self.scheduled:
            return optimizer
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-3, total_steps=STEPS + 1)
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]


class Clock(Watcher):
    """Start time of each step."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def on_train_batch_start(self, *arguments: Any) -> None:
        self.times.append(time.perf_counter())

    def per_step(self) -> float:
        spans = [b - a for a, b in zip(self.times[WARM:], self.times[WARM + 1 :], strict=False)]
        return 1000 * statistics.median(spans)


def mlp() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))


class Ready:
    """Prepared batches: loading them costs nothing."""

    def __init__(self, batch: tuple[Tensor, Tensor], count: int) -> None:
        self.batch, self.count = batch, count

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Any:
        return (self.batch for _ in range(self.count))


def trainer(callbacks: list[Callback], folder: str, **options: Any) -> Trainer:
    return Trainer(
        accelerator="cpu",
        callbacks=callbacks,
        logger=False,
        default_root_dir=folder,
        enable_progress_bar=False,
        enable_model_summary=False,
        **{"max_epochs": 1, "enable_checkpointing": False, **options},
    )


def step_costs(folder: str) -> dict[str, Callable[[], float]]:
    """Milliseconds per step of each setup."""
    batch = (torch.randn(64, 64), torch.randint(0, 10, (64,)))

    def bare() -> float:
        net, clock = mlp(), Clock()
        optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
        for x, y in Ready(batch, STEPS):
            clock.on_train_batch_start()
            optimizer.zero_grad()
            cross_entropy(net(x), y).backward()
            optimizer.step()
        return clock.per_step()

    def fit(callbacks: Callable[[], list[Callback]], scheduled: bool = False, **options: Any) -> float:
        clock = Clock()
        own = callbacks()
        options["enable_checkpointing"] = any(isinstance(each, LastCheckpoint) for each in own)
        trainer([clock, *own], folder, **options).fit(Net(mlp(), scheduled), Ready(batch, STEPS))
        return clock.per_step()

    def ours() -> list[Callback]:
        path = Path(folder)
        others = [GradualUnfreezing(at=[0]), LRFinder(at=[9]), SnapshotEnsemble(path), LastCheckpoint(path), RunRecord(path)]
        return [OneCycle(folder=path), LearningCurves(path), *others]

    return {
        "bare loop": bare,
        "Lightning": lambda: fit(list),
        "Lightning, torch's OneCycleLR": lambda: fit(list, scheduled=True),
        "Lightning, 7 empty callbacks": lambda: fit(lambda: [type(f"Empty{i}", (Callback,), {})() for i in range(7)]),
        "Lightning, our OneCycle": lambda: fit(lambda: [OneCycle()]),
        "Lightning, our OneCycle and callbacks": lambda: fit(ours),
        TRAINED: lambda: fit(ours, profiler=NoProfiler()),
    }


def range_test_cost(folder: str) -> float:
    """Seconds of a range test of 100 steps, relative to 100 training steps."""
    torch.manual_seed(0)
    data = TensorDataset(torch.randn(1760, 3, 96, 96), torch.randint(0, 10, (1760,)))
    clock, seconds = Clock(), []

    class Timed(LRFinder):
        def sweep(self, *arguments: Any) -> dict[str, Any]:
            began = time.perf_counter()
            found = super().sweep(*arguments)
            seconds.append(time.perf_counter() - began)
            return found

    finder = Timed(update=False, stop_at=None)
    net = Net(torchvision.models.resnet18(num_classes=10))
    trainer([finder, clock], folder).fit(net, DataLoader(data, batch_size=16, shuffle=True))
    training = clock.times[-1] - clock.times[-101]
    return seconds[0] / training


def checkpoint_cost(folder: str, plugin: bool) -> float:
    """Seconds that a checkpoint blocks, relative to writing its bytes."""
    path = Path(folder, "big.ckpt")
    net = Net(nn.Sequential(nn.Linear(2500, 10000), nn.Linear(10000, 10)))
    run = trainer([], folder, plugins=[WholeFileCheckpointIO()] if plugin else [])
    run.fit(net, Ready((torch.randn(2, 2500), torch.tensor([0, 1])), 2))
    began = time.perf_counter()
    run.save_checkpoint(path, weights_only=False)
    blocked = time.perf_counter() - began
    content = path.read_bytes()
    began = time.perf_counter()
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return blocked / (time.perf_counter() - began)


def measured(results: dict[str, list[float]]) -> Measurements:
    """The results, by metric and side."""
    found = Measurements()
    for name, values in results.items():
        metric, _, side = name.partition(", ")
        for value in values:
            found.note(metric, OURS if side in ("", TRAINED) else side, value, "less")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", help="python of an environment with fastai")
    parser.add_argument("--rounds", type=int, default=5)
    add_json(parser)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.getLogger(PACKAGE.__name__).setLevel(logging.ERROR)
    logging.getLogger("practicum").setLevel(logging.ERROR)
    results: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.rounds):
            ways = step_costs(folder)
            for name in [name for _ in range(TURNS) for name in random.sample(list(ways), len(ways))]:
                results.setdefault(f"ms per step, {name}", []).append(ways[name]())
            results.setdefault("range test relative to its steps", []).append(range_test_cost(folder))
            results.setdefault("checkpoint relative to its bytes", []).append(checkpoint_cost(folder, plugin=True))
            results.setdefault("checkpoint relative to its bytes, Lightning", []).append(checkpoint_cost(folder, plugin=False))
            if options.peer_python:
                peer = subprocess.run(
                    [options.peer_python, HERE / "peers" / "fastai_overhead.py"], capture_output=True, text=True, check=True
                )
                for name, value in json.loads(peer.stdout.strip().splitlines()[-1]).items():
                    results.setdefault(name, []).append(value)
    medians = {name: statistics.median(values) for name, values in results.items()}
    for name, values in results.items():
        print(f"{name:57s} {medians[name]:7.3f}   ({min(values):.3f} to {max(values):.3f}, {len(values)} times)")
    plain = results["ms per step, Lightning"]
    for name in [each for each in results if each.startswith("ms per step, ") and ("Lightning" in each or "train.py" in each)]:
        ratio = statistics.median(a / b for a, b in zip(results[name], plain, strict=True))
        print(f"{name.removeprefix('ms per step, ')} relative to Lightning: {ratio:.3f}")
    found = measured(results)
    found.setting("fastai", "fit_one_cycle and lr_find on the same network and batches")
    found.write(options.json)


if __name__ == "__main__":
    main()
