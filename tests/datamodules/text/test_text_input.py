"""New texts by several paths, and with labels to be scored by."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from practicum.datamodules import TextCSV, TextFolder
from practicum.lightning_shim import MisconfigurationException


@pytest.fixture
def trained(tmp_path: Path, write_folder: Any, ready: Any, options: dict[str, Any]) -> Any:
    """A run's tokenizer, and a data module that reads new texts by it."""
    root = write_folder(tmp_path / "texts", train=12, valid=4)
    shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path, "texts")
    options = {**options, "artifacts_dir": tmp_path / "run"}
    packed = ready(TextFolder(tmp_path / "packed.zip", **options))  # read like its folder
    assert packed.provenance["train"] == sum(1 for _ in (root / "train").rglob("*.txt"))
    return TextCSV(tmp_path / "gone", label_column="stars", **options)


def test_labels_are_those_of_tables_and_of_folders(trained: Any, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("text,stars\nThis film is good,5\nThis film,1\n", encoding="utf-8")
    new = trained.for_scoring([tmp_path / "new.csv", tmp_path / "new.csv"], ["1", "3", "5"])
    assert new.targets.tolist() == [2, 0, 2, 0]
    assert new.row_columns() == {"text": ["This film is good", "This film"] * 2}
    for name, text in (("neg/a.txt", b"This film"), ("pos/b.txt", b"\xff\xfe\xfd"), ("pos/c.txt", b"good film")):
        (tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name).write_bytes(text)
    new = trained.for_scoring(tmp_path / "folder", ["neg", "pos"])
    assert new.targets.tolist() == [0, 1]  # without the one that is no UTF-8
    assert [Path(name).name for name in new.row_columns()["text"]] == ["a.txt", "c.txt"]


def test_texts_of_several_paths_come_one_after_another(trained: Any, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("This film\ngood\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("text\nThis\n", encoding="utf-8")
    new = trained.for_prediction([tmp_path / "a.txt", tmp_path / "b.csv"])
    assert new.row_columns() == {"text": ["This film", "good", "This"]}


def test_what_has_no_labels_or_others_is_refused(trained: Any, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("text,stars\nThis film is good,5\nThis film,\n", encoding="utf-8")
    (tmp_path / "bare.csv").write_text("text\nThis film\n", encoding="utf-8")
    (tmp_path / "new.txt").write_text("This film\n", encoding="utf-8")
    for name, classes, message in (
        ("new.csv", ["1"], r"new.csv, line 2: its label '5' is none of the run's classes \(1\)"),
        ("new.csv", ["5"], "new.csv, line 3: it has no label; the score needs one of"),
        ("bare.csv", ["5"], "has no column 'stars' .its columns are text.; give a CSV with columns text and stars, or a folder"),
        ("new.txt", ["5"], "has no labels to score by"),
        ("nowhere", ["5"], "no such file or folder"),
        ("texts", ["5"], r"holds splits \(train, valid\)"),
    ):
        with pytest.raises(MisconfigurationException, match=message):
            trained.for_scoring(tmp_path / name, classes)


def test_a_zipped_table_is_read_as_one(tmp_path: Path, options: Any, ready: Any) -> None:
    table = tmp_path / "train.csv"
    table.write_text("text,label\n" + "a good film,pos\na bad film,neg\n" * 8, encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "new.zip", "w") as archive:
        archive.write(table, "new.csv")
    assert len(ready(TextCSV(table, **options)).for_prediction(tmp_path / "new.zip").row_columns()["text"]) == 16
