"""Texts that occur more than once are said, counted and listed, and stay."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from practicum.datamodules import PlainText, TextFolder
from practicum.datamodules.text.duplicates import find_duplicates


def test_within_and_across_splits() -> None:
    splits = ["test", "train", "train", "valid", "unlabelled", "test", "test", "valid"]
    found = find_duplicates(
        [b"a", b"a", b"b", b"b", b"a", b"c", b"c", b"d"], splits, ["x", "y", "x", "x", None, "x", "x", "y"], list("01234567")
    )
    assert found.leaked == {"valid": 1, "test": 1}
    assert found.within == {"unlabelled": 1, "test": 1}
    assert found.contradictory == 1
    assert ("0", "test", "1", "train") in found.pairs
    sizes = {split: splits.count(split) for split in splits}
    said = " ".join(found.sentences(sizes))
    assert "1 of 3 test texts occur in another split" in said
    assert "1 of 1 in unlabelled" in said
    assert "1 texts have another label" in said
    assert not find_duplicates([b"a", b"b"], ["train", "test"], [None, None], ["0", "1"]).sentences({})


def test_a_run_says_them_and_keeps_them(
    tmp_path: Path, write_folder: Any, ready: Any, options: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    root = write_folder(tmp_path / "texts", train=12, valid=4, test=6)
    ready(TextFolder(root, **options))
    assert "split" not in caplog.text or "occur" not in caplog.text.replace("occur in another split", "")
    for name in ("train/good/again.txt", "train/bad/other label.txt"):
        (root / name).write_text("This film is said twice.\n", encoding="utf-8")
    (root / "test" / "good" / "leaked.txt").write_text(
        "  This film is said twice. ", encoding="utf-8"
    )  # blanks around it don't count
    caplog.clear()
    data = ready(TextFolder(root, report_dir=tmp_path / "report", **options))
    assert data.provenance["train"] == 14  # none is left out
    assert data.provenance["duplicates/train"] == 1
    assert data.provenance["leaked/test"] >= 1
    assert "test texts occur in another split" in caplog.text
    assert "another label" in caplog.text
    rows = list(csv.DictReader((tmp_path / "report" / "duplicates.csv").open()))
    assert {Path(row["text"]).name for row in rows} >= {"leaked.txt"}
    caplog.clear()
    ready(TextFolder(root, **options))  # from the cache
    assert "another label" in caplog.text


def test_a_corpus_that_repeats_itself_is_said(tmp_path: Path, ready: Any, options: Any, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "book.txt").write_text("to be or not to be\n" * 500, encoding="utf-8")
    ready(PlainText(tmp_path / "book.txt", **options))
    assert "valid texts occur in another split" in caplog.text
