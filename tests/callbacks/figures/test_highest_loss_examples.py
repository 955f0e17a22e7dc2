"""What is collected of a test, on a classifier whose logits are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.callbacks.figures.highest_loss_examples import HighestLossExamples
from practicum.callbacks.figures.worst_rows import Mistake
from practicum.lightning_shim import LightningDataModule, LightningModule, MisconfigurationException, Trainer
from torch import Tensor


class Collect(HighestLossExamples):
    shown: Sequence[Mistake] = ()
    names: Sequence[str] | None = None

    def accepts(self, x: Tensor, pl_module: LightningModule) -> bool:
        return x.ndim == 4

    def show(self, trainer: Any, pl_module: Any, mistakes: Sequence[Mistake], names: Sequence[str] | None) -> None:
        self.shown, self.names = mistakes, names


def test_keeps_the_worst_only(known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer]) -> None:
    callback = Collect(count=2)
    make_trainer(callbacks=[callback]).test(known_classifier(), known_photos, verbose=False)
    assert [(each.row, each.predicted, each.true) for each in callback.shown] == [
        (4, "ant (1.00)", "bee"),
        (1, "bee (0.62)", "ant"),
    ]
    assert callback.shown[0].loss == pytest.approx(6.0025, abs=1e-4)
    assert torch.equal(callback.shown[0].x, known_photos.dataset[4][0])
    assert callback.names is None


def test_names_are_those_of_the_rows(known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer]) -> None:
    class Named(LightningDataModule):
        tests_on = "valid"

        def test_dataloader(self) -> Any:
            return known_photos

        def row_names(self, split: str) -> list[str]:
            return [f"{split}/{row}.jpg" for row in range(6)]

    callback = Collect(count=2)
    make_trainer(callbacks=[callback]).test(known_classifier(), Named(), verbose=False)
    assert callback.names == ["valid/4.jpg", "valid/1.jpg"]


def test_a_second_test_starts_anew(known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer]) -> None:
    callback = Collect(count=9)
    trainer = make_trainer(callbacks=[callback])
    for _ in range(2):
        trainer.test(known_classifier(), known_photos, verbose=False)
        assert len(callback.shown) == 6


def test_refusals(silent_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer], tmp_path: Path) -> None:
    with pytest.raises(MisconfigurationException, match='Collect needs test_step to return a dictionary with "logits"'):
        make_trainer(callbacks=[Collect(tmp_path)]).test(silent_classifier, known_photos, verbose=False)
    with pytest.raises(MisconfigurationException, match="Collect: count=0 must be at least 1"):
        Collect(count=0)
