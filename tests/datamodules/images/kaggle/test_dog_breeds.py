"""Dog breeds: a column of probabilities per breed, and photos and rows that don't match."""

from __future__ import annotations

import csv
import logging
from pathlib import Path
from typing import Any

import pytest
from practicum.datamodules import DogBreeds
from practicum.lightning_shim import MisconfigurationException


def test_breeds_have_a_column_each_in_kaggles_order(read: Any, predictions: Any, header: Any, tmp_path: Path) -> None:
    data = read(DogBreeds)
    root = tmp_path / "synthetic" / DogBreeds.sample
    new = data.for_prediction(root)  # the whole folder: its test photos are taken
    answer = new.submission_columns(predictions(new, data.classes))
    assert list(answer) == header(root / "sample_submission.csv")
    assert len(answer) == 1 + 2 * 4 * 3
    with open(root / "sample_submission.csv", newline="", encoding="utf-8") as file:
        assert answer["id"] == [row["id"] for row in csv.DictReader(file)]


def test_photos_without_rows_are_left_out_and_rows_without_photos_refused(
    read: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    read(DogBreeds)
    breeds = tmp_path / "synthetic" / DogBreeds.sample
    lines = (breeds / "labels.csv").read_text(encoding="utf-8").splitlines()
    (breeds / "labels.csv").write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        read(DogBreeds)
    assert "1 photos in" in caplog.text
    assert "have no row in" in caplog.text
    (breeds / "labels.csv").write_text("\n".join([*lines, "abcdef,collie"]) + "\n", encoding="utf-8")
    with pytest.raises(MisconfigurationException, match=r"photo 'abcdef' is not in"):
        read(DogBreeds)
