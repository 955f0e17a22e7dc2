"""What the range test refuses: options out of range, and modules and data that it can't test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from practicum.callbacks import LRFinder
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

MakeTrainer = Callable[..., Trainer]


class Linear(LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(8, 16), nn.Linear(16, 2)

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        return F.cross_entropy(self.head(self.body(batch[0])), batch[1])

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)

    def train_dataloader(self) -> Any:
        return DataLoader(TensorDataset(torch.randn(64, 8), torch.randint(2, (64,))), batch_size=32)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": 1.0, "end": 0.1}, "start=1.0 must be above 0 and below end=0.1"),
        ({"start": 0}, "start=0"),
        ({"steps": 5}, "steps=5"),
        ({"mode": "square"}, "mode=square"),
        ({"suggest": "guess"}, "suggest=guess"),
        ({"stop_at": 1}, "stop_at=1"),
        ({"beta": 1}, "beta=1"),
        ({"at": ["melt"]}, "at="),
    ],
)
def test_refusals_name_the_parameter(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MisconfigurationException) as refused:
        LRFinder(**options)
    assert message in str(refused.value)


class NotANumber(Linear):
    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        return super().training_step(batch, batch_idx) * float("nan")


class Whole(Linear):
    def configure_optimizers(self) -> Any:
        return torch.optim.LBFGS(self.parameters())


class Two(Linear):
    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False

    def configure_optimizers(self) -> Any:
        return [torch.optim.SGD(part.parameters(), lr=0.1) for part in (self.body, self.head)]


class AtZero(Linear):
    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.0)


class Silent(Linear):
    """Optimizes by hand and returns no loss."""

    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False

    def training_step(self, batch: Any, batch_idx: int) -> None:  # type: ignore[override]
        self.manual_backward(super().training_step(batch, batch_idx))
        self.optimizers().step()


class Once(Linear):
    def train_dataloader(self) -> Any:
        return iter(list(super().train_dataloader()))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (NotANumber, "loss is nan at the first step already"),
        (Whole, "LBFGS"),
        (Two, "2 optimizers"),
        (AtZero, "all rates of SGD are 0"),
        (Silent, "must return its loss"),
        (Once, "can be read only once"),
    ],
)
def test_what_it_cannot_test_is_one_sentence(make_trainer: MakeTrainer, build: type[Linear], message: str) -> None:
    with pytest.raises(MisconfigurationException) as refused:
        make_trainer(callbacks=[LRFinder()]).fit(build())
    assert message in str(refused.value)


class Lazy(Linear):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.LazyLinear(16)


def test_weights_that_do_not_exist_yet_are_refused(make_trainer: MakeTrainer) -> None:
    module = Lazy()
    with pytest.raises(MisconfigurationException, match="Lazy has lazy layers"):
        make_trainer(max_epochs=1, callbacks=[LRFinder()]).fit(module)
    module.body(torch.zeros(1, 8))
    finder = LRFinder()
    make_trainer(max_epochs=1, callbacks=[finder]).fit(module)
    assert len(finder.tests) == 1
    # After an epoch they exist, and none of them has been unfrozen.
    for at, tests in (([1], 1), (["unfreeze"], 0)):
        finder = LRFinder(at=at)
        make_trainer(max_epochs=2, callbacks=[finder]).fit(Lazy())
        assert len(finder.tests) == tests
