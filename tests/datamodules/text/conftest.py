"""Small corpora and text data modules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.datamodules.text.text import Text


def _write_folder(root: Path, **splits: int) -> Path:
    for split, count in splits.items():
        for number in range(count):
            label = ("good", "bad")[number % 2]
            path = root / split / ("" if split == "unsup" else label) / f"{number}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"This film number {number} is very {label} indeed" + ", truly" * number + ".", encoding="utf-8")
    return root


def _ready(data: Text) -> Text:
    data.prepare_data()
    data.setup("fit")
    return data


def _words(data: Text, row: torch.Tensor) -> list[str]:
    vocab = data.describe()["vocab"]
    return [vocab[number] for number in row.tolist() if vocab[number] != "xxpad"]


@pytest.fixture
def write_folder() -> Callable[..., Path]:
    """Writes ``root/<split>/{good,bad}/*.txt``, given the number of texts of each split."""
    return _write_folder


@pytest.fixture
def ready() -> Callable[[Text], Text]:
    """Prepares and sets up a data module."""
    return _ready


@pytest.fixture
def words() -> Callable[[Text, torch.Tensor], list[str]]:
    """The tokens of a row of a batch, without padding."""
    return _words


@pytest.fixture
def options(tmp_path: Path) -> dict[str, Any]:
    """Options for small corpora."""
    return {"cache": tmp_path / "cache", "batch_size": 4, "min_count": 1}
