"""Training steps that leave no trace, in all that a trace could be left in."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from practicum.callbacks import LRFinder, Watcher
from practicum.callbacks.trainer_internals.isolate_training import takes_part
from practicum.lightning_shim import Callback, LightningModule, Trainer, classes, seed_everything
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset, TensorDataset
from torchmetrics import MeanMetric

MakeTrainer = Callable[..., Trainer]


def points(count: int = 256) -> TensorDataset:
    generator = torch.Generator().manual_seed(4)
    x = torch.randn(count, 8, generator=generator)
    return TensorDataset(x, (x[:, 0] + x[:, 1] > 0).long())


class Stream(IterableDataset[tuple[Tensor, Tensor]]):
    """Points whose noise is drawn anew by a generator of the data set's own."""

    def __init__(self) -> None:
        self.noise = np.random.default_rng(3)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for x, y in points(96):
            yield x + torch.from_numpy(self.noise.normal(0, 0.1, 8)).float(), y


class Classifier(LightningModule):
    """Two layer groups, BatchNorm, dropout, a metric, a counter and draws from every global generator."""

    def __init__(self, dropout: float = 0.3, norm: bool = True) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.body = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16) if norm else nn.Identity(), nn.ReLU(), nn.Dropout(dropout))
        self.head = nn.Linear(16, 2)
        self.mean = MeanMetric()
        self.seen = 0
        self.logged: list[tuple[int, float]] = []

    def layer_groups(self) -> list[list[nn.Module]]:
        return [[self.body], [self.head]]

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x))

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        self.seen += 1
        jitter = random.random() + np.random.random() + float(torch.rand(()))
        loss = F.cross_entropy(self(batch[0] * (1 + 0.01 * jitter)), batch[1])
        self.mean.update(loss.detach())
        self.log("train/loss", loss, on_step=True, on_epoch=True)
        self.log("train/mean", self.mean, on_step=False, on_epoch=True)
        return loss

    def on_train_epoch_end(self) -> None:
        self.logged.append((self.seen, float(self.trainer.callback_metrics["train/loss_epoch"])))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        groups = [{"params": self.body.parameters(), "lr": 0.01}, {"params": self.head.parameters(), "lr": 0.1}]
        return torch.optim.SGD(groups, momentum=0.9)

    def train_dataloader(self) -> Any:
        return DataLoader(points(), batch_size=32, shuffle=True)


class Adaptive(Classifier):
    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(self.parameters(), lr=0.01)

    def train_dataloader(self) -> Any:
        return DataLoader(points(), batch_size=32, shuffle=True, generator=torch.Generator().manual_seed(8))


class Streaming(Classifier):
    def train_dataloader(self) -> Any:
        return DataLoader(Stream(), batch_size=16)


class ByHand(Classifier):
    """Optimizes by hand and accumulates two batches."""

    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        loss = super().training_step(batch, batch_idx)
        self.manual_backward(loss / 2)
        if batch_idx % 2:
            optimizer = self.optimizers()
            optimizer.step()
            optimizer.zero_grad()
        return loss


def everything(module: Classifier, trainer: Trainer) -> list[Any]:
    """All that a trace could be left in."""
    optimizer = trainer.optimizers[0]
    states = [value for state in optimizer.state.values() for value in state.values() if isinstance(value, Tensor)]
    rates = [group["lr"] for group in optimizer.param_groups]
    counters = [trainer.global_step, trainer.current_epoch, trainer.fit_loop.epoch_loop.total_batch_idx, module.seen]
    logged = {name: float(value) for name, value in trainer.logged_metrics.items()}
    draws = [random.random(), np.random.random(), float(torch.rand(()))]
    return [*module.state_dict().values(), *states, rates, counters, logged, module.logged, draws]


def same(a: list[Any], b: list[Any]) -> bool:
    return len(a) == len(b) and all(torch.equal(x, y) if isinstance(x, Tensor) else x == y for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize(
    ("build", "options"),
    [
        (Classifier, {}),
        (Adaptive, {}),
        (Streaming, {}),
        (ByHand, {}),
        (Classifier, {"accumulate_grad_batches": 3, "gradient_clip_val": 0.1}),
        (Classifier, {"precision": "bf16-mixed"}),
    ],
    ids=["dropout_batchnorm_groups", "adam_own_generator", "iterable", "by_hand", "accumulated_clipped", "mixed"],
)
def test_without_update_it_leaves_no_trace(make_trainer: MakeTrainer, build: type[Classifier], options: dict[str, Any]) -> None:
    ends = []
    for callbacks in ([], [LRFinder(update=False, at=[0, 2], steps=40)]):
        seed_everything(7, verbose=False)
        module = build()
        trainer = make_trainer(max_epochs=3, callbacks=callbacks, **options)
        trainer.fit(module)
        ends.append(everything(module, trainer))
        assert all(len(each.tests) == 2 for each in callbacks)
    assert same(*ends)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_it_leaves_no_trace_when_it_is_cut_short(make_trainer: MakeTrainer, error: type[BaseException]) -> None:
    class Breaks(Classifier):
        def training_step(self, batch: Any, batch_idx: int) -> Tensor:
            if self.seen == 11:
                raise error
            return super().training_step(batch, batch_idx)

    class Survives(Watcher):
        """A project that carries on after a failed test."""

        def on_train_batch_start(self, trainer: Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
            if batch_idx == 0:
                with pytest.raises(error):
                    LRFinder().sweep(trainer, pl_module)
                pl_module.__class__ = Classifier

    ends = []
    for build, callbacks in ((Classifier, []), (Breaks, [Survives()])):
        seed_everything(7, verbose=False)
        module = build()
        trainer = make_trainer(max_epochs=1, callbacks=callbacks)
        trainer.fit(module)
        ends.append(everything(module, trainer))
    assert same(*ends)


def test_watchers_take_no_part() -> None:
    class Shapes(Callback):
        pass

    class Looks(Watcher):
        pass

    assert takes_part(Shapes())
    assert not takes_part(Looks())
    for path in ("callbacks.LearningRateMonitor", "callbacks.ModelCheckpoint", "callbacks.Timer"):
        for each in classes(path):
            assert not takes_part(each())
