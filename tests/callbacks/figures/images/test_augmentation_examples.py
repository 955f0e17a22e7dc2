"""A photo and its augmented versions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.callbacks import AugmentationExamples
from practicum.lightning_shim import LightningDataModule, Trainer
from torch import Tensor


@pytest.mark.parametrize("augments", [True, False])
def test_views_are_drawn_where_there_are_any(
    known_classifier: Any,
    known_photos: Any,
    make_trainer: Callable[..., Trainer],
    tmp_path: Path,
    is_png: Callable[[Path], bool],
    augments: bool,
) -> None:
    asked = []

    class Data(LightningDataModule):
        def train_dataloader(self) -> Any:
            return known_photos

        def example_views(self, count: int) -> Tensor | None:
            asked.append(count)
            return torch.rand(1 + count, 3, 8, 8) if augments else None

    make_trainer(callbacks=[AugmentationExamples(count=4)]).fit(known_classifier(), datamodule=Data())
    assert asked == [4]
    path = tmp_path / "figures" / "augmentation.png"
    assert path.exists() == augments
    assert not augments or is_png(path)


def test_titles_tell_the_original() -> None:
    assert AugmentationExamples.titles(3) == ["as in a test", "augmented 1", "augmented 2"]
