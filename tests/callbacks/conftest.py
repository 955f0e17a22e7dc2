"""A classifier whose logits are known, for tests of what callbacks write."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from practicum.lightning_shim import LightningModule
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

# The logits of six photos and their classes: photos 1 and 4 are predicted wrongly, 4 with the higher loss.
LOGITS = torch.tensor([[3.0, 0.0], [0.0, 0.5], [0.0, 2.0], [2.0, 0.0], [6.0, 0.0], [0.0, 1.0]])
TARGET = torch.tensor([0, 0, 1, 0, 1, 1])


class KnownClassifier(LightningModule):
    """Reads its logits from the photos' first pixels."""

    classes = ("ant", "bee")
    provenance = {"source": "nowhere"}  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :2, 0, 0] * self.scale

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        loss = nn.functional.cross_entropy(self(batch[0]), batch[1])
        self.log("train/loss", loss, on_step=True, on_epoch=True)
        return loss

    def validation_step(self, batch: list[Tensor], batch_idx: int) -> None:
        self.log("val/loss", nn.functional.cross_entropy(self(batch[0]), batch[1]))

    def test_step(self, batch: list[Tensor], batch_idx: int) -> Any:
        logits = self(batch[0])
        self.log("test/accuracy", (logits.argmax(1) == batch[1]).float().mean())
        return {"logits": logits, "target": batch[1]}

    def columns(self, predictions: Tensor, top_k: int | None = None) -> dict[str, list[Any]]:
        return {"predicted": [self.classes[i] for i in predictions.argmax(1)], "p": predictions[:, 0].tolist()}

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


class SilentClassifier(KnownClassifier):
    """Its test step returns nothing."""

    def test_step(self, batch: list[Tensor], batch_idx: int) -> Any:
        return None


class KnownRegression(LightningModule):
    """Predicts the first column of its numbers; takes tables ``((codes, numbers), y)``."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def test_step(self, batch: Any, batch_idx: int) -> dict[str, Tensor]:
        (_, numbers), y = batch
        return {"prediction": numbers[:, 0] * self.scale, "target": y}


@pytest.fixture
def known_classifier() -> type[KnownClassifier]:
    """A classifier of ``known_photos``; its class, to derive from."""
    return KnownClassifier


@pytest.fixture
def silent_classifier() -> SilentClassifier:
    """A classifier whose test step returns nothing."""
    return SilentClassifier()


@pytest.fixture
def known_regression() -> KnownRegression:
    """A regression that predicts the first number of a row."""
    return KnownRegression()


@pytest.fixture
def known_logits() -> Tensor:
    """The logits of ``known_photos``."""
    return LOGITS


@pytest.fixture
def known_photos() -> DataLoader[Any]:
    """Six photos in two batches: ants 0, 1, 3 and bees 2, 4, 5."""
    x = torch.zeros(6, 3, 8, 8)
    x[:, :2, 0, 0] = LOGITS
    return DataLoader(TensorDataset(x, TARGET), batch_size=4)


@pytest.fixture
def rows_of() -> Callable[[Path], list[dict[str, str]]]:
    """Reads a CSV."""

    def read(path: Path) -> list[dict[str, str]]:
        with open(path, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    return read


@pytest.fixture
def is_png() -> Callable[[Path], bool]:
    """Whether a file is a complete PNG with what the report says of it, and has the report's SVG beside it."""

    def check(path: Path) -> bool:
        with Image.open(path) as picture:
            picture.load()
            assert picture.format == "PNG"
            title, caption, alt = (picture.text.get(key, "") for key in ("Title", "Comment", "Description"))  # type: ignore[attr-defined]
        assert title, path
        assert re.search(r"\.($| \[1\])", caption), caption  # a sentence, and what no font can draw
        assert any(each.isdigit() for each in alt), alt  # numbers of the data
        return path.with_suffix(".svg").read_text(encoding="utf-8").startswith("<svg")

    return check
