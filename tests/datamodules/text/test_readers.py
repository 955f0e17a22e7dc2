"""Documents from every layout, and what is refused."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from practicum.datamodules.text.readers import Document, read_archive, read_folder
from practicum.lightning_shim import MisconfigurationException


def write(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def facts(documents: Iterator[Document]) -> list[tuple[str | None, str, str | None]]:
    return sorted((each.text, each.split, each.label) for each in documents)  # type: ignore[type-var]


def test_folders_and_archives_say_split_and_class(tmp_path: Path) -> None:
    root = write(
        tmp_path / "aclImdb",
        train__pos__1_dot_txt="a",
        train__unsup__2_dot_txt="b",
        test__neg__3_dot_txt="c",
        dev__neg__4_dot_txt="d",
        unsup__5_dot_txt="e",
        imdb_dot_vocab="the",
        train__urls_dot_txt="f",
    )
    labelled = [("a", "train", "pos"), ("c", "test", "neg"), ("d", "valid", "neg")]
    wanted = sorted([*labelled, ("b", "unlabelled", None), ("e", "unlabelled", None)])
    assert facts(read_folder(root)) == wanted
    assert facts(read_folder(tmp_path)) == wanted  # the folder that an archive was unpacked into
    with tarfile.open(tmp_path / "texts.tar.gz", "w:gz") as file:
        file.add(root, "aclImdb")
    assert facts(read_archive(tmp_path / "texts.tar.gz")) == wanted


def test_class_folders_and_files_of_lines_are_training_texts(tmp_path: Path) -> None:
    assert facts(read_folder(write(tmp_path / "classes", pos__1_dot_txt="a", neg__2_dot_txt="b"))) == [
        ("a", "train", "pos"),
        ("b", "train", "neg"),
    ]
    lines = write(tmp_path / "lines", my_dot_pos="a\nb\n", my_dot_neg="c\n", readme_dot_md="no text")
    assert facts(read_folder(lines)) == [("a", "train", "pos"), ("b", "train", "pos"), ("c", "train", "neg")]
    assert {each.name for each in read_folder(lines) if each.text == "b"} == {f"{lines}/my.pos:2"}


def test_a_text_that_is_not_utf_8_has_none(tmp_path: Path) -> None:
    root = write(tmp_path, pos__1_dot_txt="a", neg__2_dot_txt="b")
    (root / "pos" / "1.txt").write_bytes("caf\u00e9".encode("latin-1"))
    assert {each.name: each.text for each in read_folder(root)} == {f"{root}/neg/2.txt": "b", f"{root}/pos/1.txt": None}


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda p: read_folder(p / "none"), "none: no such folder"),
        (lambda p: read_folder(p / "empty"), "empty: holds no texts of classes; expected"),
        (lambda p: read_archive(p / "broken.tar.gz"), "can't be read"),
        (lambda p: read_archive(p / "other.tar"), "holds no train/<class>"),
    ],
)
def test_errors_say_what_is_wrong(read: Callable[[Path], Any], message: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.tar.gz").write_bytes(b"\x1f\x8b broken")
    write(tmp_path, loose_dot_txt="a")
    with tarfile.open(tmp_path / "other.tar", "w") as file:
        file.add(tmp_path / "loose.txt", "loose.txt")
    with pytest.raises(MisconfigurationException, match=message):
        list(read(tmp_path))
