"""Folders, archives and files of lines give the same texts."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import pytest
from practicum.datamodules import TextFolder
from practicum.lightning_shim import MisconfigurationException


def test_folder_archive_and_lines_give_the_same(tmp_path: Path, write_folder: Any, ready: Any, options: dict[str, Any]) -> None:
    folder = write_folder(tmp_path / "aclImdb", train=12, test=6)
    (folder / "imdb.vocab").write_text("the\n", encoding="utf-8")
    with tarfile.open(tmp_path / "texts.tar.gz", "w:gz") as file:
        file.add(folder, "aclImdb")
    (tmp_path / "lines").mkdir()
    for label in ("good", "bad"):
        texts = [path.read_text(encoding="utf-8") for path in sorted(folder.rglob(f"{label}/*.txt"))]
        (tmp_path / "lines" / f"my.{label}").write_text("\n".join(texts) + "\n", encoding="utf-8")
    options["valid_fraction"] = 0.34
    found = [ready(TextFolder(root, **options)) for root in (folder, tmp_path / "texts.tar.gz")]
    for data in found:
        assert {split: len(texts) for split, texts in data.corpus.splits.items()} == {"train": 8, "valid": 4, "test": 6}
    assert sorted(found[0].describe()["vocab"]) == sorted(found[1].describe()["vocab"])
    assert ready(TextFolder(tmp_path / "lines", **options)).describe()["class_counts"] == [6, 6]


def test_a_tokenizer_of_another_run_is_used(tmp_path: Path, write_folder: Any, ready: Any, options: dict[str, Any]) -> None:
    first = ready(TextFolder(write_folder(tmp_path / "a", train=12, valid=4), **options, artifacts_dir=tmp_path / "run"))
    other = write_folder(tmp_path / "b", train=2, valid=2)
    second = ready(TextFolder(other, **options, tokenizer=tmp_path / "run" / "tokenizer.json"))
    assert second.describe()["tokenizer"] == first.describe()["tokenizer"]
    with pytest.raises(MisconfigurationException, match="no such tokenizer"):
        ready(TextFolder(other, **options, tokenizer=tmp_path / "none.json"))


def test_texts_of_one_class_are_refused(tmp_path: Path, write_folder: Any, ready: Any, options: dict[str, Any]) -> None:
    root = write_folder(tmp_path / "texts", train=6, valid=2)
    for path in root.rglob("bad/*.txt"):
        path.unlink()
    with pytest.raises(MisconfigurationException, match=r"only one class \(good\)"):
        ready(TextFolder(root, **options))
