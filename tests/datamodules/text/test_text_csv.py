"""Texts from CSV files."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from practicum.datamodules import TextCSV
from practicum.lightning_shim import MisconfigurationException


def write_csv(path: Path, *rows: tuple[str, ...]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as table:
        csv.writer(table).writerows(rows)
    return path


def test_one_file_with_a_split_column_and_a_file_for_each_split_give_the_same(
    tmp_path: Path, ready: Any, options: dict[str, Any]
) -> None:
    header = ("text", "label", "part")
    rows = [(f"text {number}", "ab"[number % 2], "test" if number < 6 else "train") for number in range(18)]
    write_csv(tmp_path / "one.csv", header, *rows)
    write_csv(tmp_path / "parts" / "train.csv", header, *rows[6:])
    write_csv(tmp_path / "parts" / "test.csv", header, *rows[:6])
    options["valid_fraction"] = 0.34
    one = ready(TextCSV(tmp_path / "one.csv", split_column="part", **options))
    parts = ready(TextCSV(str(tmp_path / "parts"), **options))
    for data in (one, parts):
        assert {split: len(texts) for split, texts in data.corpus.splits.items()} == {"train": 8, "valid": 4, "test": 6}
    assert sorted(one.describe()["vocab"]) == sorted(parts.describe()["vocab"])


def test_other_columns_are_read_anew(tmp_path: Path, ready: Any, options: dict[str, Any]) -> None:
    table = write_csv(tmp_path / "texts.csv", ("text", "title", "label"), *[("a b", "c", "xy"[i % 2]) for i in range(8)])
    assert "b" in ready(TextCSV(table, **options)).describe()["vocab"]
    assert "b" not in ready(TextCSV(table, text_column="title", **options)).describe()["vocab"]


def test_a_language_model_wants_no_labels(tmp_path: Path, ready: Any, options: dict[str, Any]) -> None:
    table = write_csv(tmp_path / "texts.csv", ("text",), *[("a b c d e f g h",)] * 20)
    assert ready(TextCSV(table, task="language_model", **options)).provenance["train"] == 18


def test_a_text_of_half_a_million_tokens_and_quotes_and_newlines(tmp_path: Path, ready: Any, options: dict[str, Any]) -> None:
    rows = [("a b " * 250_000, "long"), ('He said "no",\nand left.', "short"), ("c", "long"), ("d", "short")]
    table = write_csv(tmp_path / "texts.csv", ("text", "label"), *rows, *rows)
    data = ready(TextCSV(table, valid_fraction=0.25, **options))
    lengths = {int(n) for split in ("train", "valid") for n in np.diff(data.corpus.splits[split].starts)}
    assert 500_001 in lengths
    assert '"' in data.describe()["vocab"]


def test_a_label_that_training_lacks_is_refused(tmp_path: Path, ready: Any, options: dict[str, Any]) -> None:
    write_csv(tmp_path / "train.csv", ("text", "label"), *[("a", "x"), ("b", "y")] * 5)
    write_csv(tmp_path / "valid.csv", ("text", "label"), ("a", "odd"))
    with pytest.raises(MisconfigurationException, match="label 'odd' does not occur in training"):
        ready(TextCSV(tmp_path, **options))


def test_a_file_of_unlabelled_texts_needs_no_column_of_labels(tmp_path: Path, ready: Any, options: dict[str, Any]) -> None:
    (tmp_path / "train.csv").write_text("text,label\n" + "".join(f"text {n},{'ab'[n % 2]}\n" for n in range(8)), encoding="utf-8")
    (tmp_path / "unsup.csv").write_text("text\none more text\n", encoding="utf-8")
    data = ready(TextCSV(tmp_path, **options))  # what "Next" of a language model's run trains
    assert data.classes == ["a", "b"]
    assert data.provenance["unsup"] == 1


@pytest.mark.parametrize(
    ("given", "test_fraction", "tested"), [(False, None, 60), (False, 0.0, 0), (False, 0.2, 120), (True, None, 0)]
)
def test_a_test_where_nothing_is_split(
    tmp_path: Path,
    ready: Any,
    options: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    given: bool,
    test_fraction: float | None,
    tested: int,
) -> None:
    rows = [(f"text {number}", "ab"[number % 2], "valid" if number % 5 == 0 else "train") for number in range(600)]
    root = write_csv(tmp_path / "t.csv", ("text", "label", "part"), *rows)
    with caplog.at_level("INFO", logger="practicum"):
        data = ready(TextCSV(root, split_column="part" if given else None, test_fraction=test_fraction, **options))
    assert data.provenance.get("test", 0) == tested
    assert data.tests_on == ("test" if tested else "valid")
    assert sum(data.provenance[split] for split in ("train", "valid")) == 600 - tested
    assert ("60 of 600 texts are held out for a test" in caplog.text) == (test_fraction is None and not given)


def test_a_column_is_not_both_text_and_label(tmp_path: Path) -> None:
    with pytest.raises(MisconfigurationException, match="TextCSV: text_column and label_column are both 'label'"):
        TextCSV(tmp_path / "t.csv", text_column="label", label_column="label")
    TextCSV(tmp_path / "t.csv", text_column="label", label_column="label", task="language_model")
