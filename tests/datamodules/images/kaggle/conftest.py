"""Small synthetic samples of Kaggle's challenges, read, and tables of predictions for them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from practicum.datamodules.images.kaggle.challenge import KaggleChallenge
from practicum.datamodules.synthetic import pets, satellite


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small samples."""
    monkeypatch.setattr(pets, "CATS_AND_DOGS", {"train": 6, "test": 11})
    monkeypatch.setattr(pets, "BREED_PHOTOS", {"train": 2, "test": 5})
    monkeypatch.setattr(pets, "COLOURS", {"collie": (0.85, 0.82, 0.76), "setter": (0.6, 0.24, 0.1)})
    monkeypatch.setattr(satellite, "COUNTS", {"train": 40, "test": 4, "additional": 2})


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Any]:
    """Makes a challenge's data module that has read its photos."""

    def make(kind: type[KaggleChallenge], **options: Any) -> Any:
        paths = {"synthetic_dir": tmp_path / "synthetic", "cache": tmp_path / "cache", "report_dir": tmp_path / "report"}
        data = kind(size=32, batch_size=4, **{**paths, **options})  # type: ignore[misc]
        data.prepare_data()
        data.setup("fit")
        return data

    return make


@pytest.fixture(scope="session")
def predictions() -> Callable[[Any, Sequence[str]], dict[str, list[Any]]]:
    """Makes a table of predictions: the probability of class ``c`` of photo ``r`` is ``r/100 + c/1000``."""

    def make(new: Any, classes: Sequence[str]) -> dict[str, list[Any]]:
        files = new.row_columns()["file"]
        table: dict[str, list[Any]] = {"file": files, "predicted": [classes[0]] * len(files)}
        for column, name in enumerate(classes):
            table[f"probability_{name}"] = [row / 100 + column / 1000 for row in range(len(files))]
        return table

    return make


@pytest.fixture(scope="session")
def header() -> Callable[[Path], list[str]]:
    """Reads the header of a CSV."""

    def read_header(path: Path) -> list[str]:
        with open(path, newline="", encoding="utf-8") as file:
            return next(csv.reader(file))

    return read_header
