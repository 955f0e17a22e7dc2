"""fastai's milliseconds per step, and the cost of its lr_find; prints one line of JSON. Run by ../overhead.py."""

from __future__ import annotations

import itertools
import json
import statistics
import time
import warnings
from typing import Any

import torch
import torchvision
from fastai.callback.core import Callback
from fastai.callback.schedule import SuggestionMethod  # noqa: F401  (patches lr_find and fit_one_cycle onto Learner)
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.learner import Learner
from torch import nn
from torch.nn.functional import cross_entropy

STEPS, WARM = 1500, 100


class Clock(Callback):
    def before_fit(self) -> None:
        self.times: list[float] = []

    def before_batch(self) -> None:
        self.times.append(time.perf_counter())


class Ready:
    """Prepared batches: loading them costs nothing."""

    def __init__(self, batch: Any, count: int) -> None:
        self.batch, self.count = batch, count

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Any:
        return (self.batch for _ in range(self.count))


def learner(net: nn.Module, train: Any) -> Learner:
    loaders = DataLoaders(train, train)
    return Learner(loaders, net, loss_func=cross_entropy, cbs=[Clock()])


def main() -> None:
    warnings.filterwarnings("ignore")
    torch.manual_seed(0)
    mlp = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
    found = learner(mlp, Ready((torch.randn(64, 64), torch.randint(0, 10, (64,))), STEPS))
    with found.no_bar(), found.no_logging():
        found.fit_one_cycle(1, 1e-3)
    times = found.clock.times[WARM:STEPS]
    step = 1000 * statistics.median(b - a for a, b in itertools.pairwise(times))

    x, y = torch.randn(1760, 3, 96, 96), torch.randint(0, 10, (1760,))
    train = DataLoader(list(zip(x, y, strict=True)), bs=16, shuffle=True, num_workers=0)
    found = learner(torchvision.models.resnet18(num_classes=10), train)
    with found.no_bar(), found.no_logging():
        found.fit(1, 1e-3)
        times = found.clock.times[: len(train)]
        training = times[-1] - times[-101]
        began = time.perf_counter()
        found.lr_find(show_plot=False, stop_div=False)
        test = time.perf_counter() - began
    print(json.dumps({"ms per step, fastai": step, "range test relative to its steps, fastai": test / training}))


if __name__ == "__main__":
    main()
