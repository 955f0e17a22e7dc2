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


def test_files_of_lines_may_be_of_splits(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    root = write(tmp_path, train_dot_pos="a", train_dot_neg="b", test_dot_pos="c", test_dot_neg="d")
    assert facts(read_folder(root)) == [("a", "train", "pos"), ("b", "train", "neg"), ("c", "test", "pos"), ("d", "test", "neg")]
    assert "the endings of its files are taken for classes: neg, pos." in caplog.text


def test_an_ending_of_a_kind_of_file_is_no_class(tmp_path: Path) -> None:
    root = write(tmp_path, rt_dot_pos="a", rt_dot_neg="b", NOTES_dot_log="c")
    for name in ("rt.pos.bak", "rt.pos~", "data.jsonl", "dataset.py", "data.xlsx"):
        (root / name).write_text("d", encoding="utf-8")
    assert facts(read_folder(root)) == [("a", "train", "pos"), ("b", "train", "neg")]
    for name in ("rt.pos", "rt.neg"):
        (root / name).unlink()
    with pytest.raises(MisconfigurationException, match="holds no texts of classes"):
        list(read_folder(root))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig", "utf-8"])
def test_lines_in_utf_16_are_read(tmp_path: Path, encoding: str) -> None:
    for name in ("pos", "neg"):
        (tmp_path / f"rev.{name}").write_bytes(f"caf\u00e9 {name}\r\nzwei\r\n".encode(encoding))
    assert [each.text for each in read_folder(tmp_path)] == ["caf\u00e9 neg", "zwei", "caf\u00e9 pos", "zwei"]


def test_zero_bytes_are_no_text(tmp_path: Path) -> None:
    root = write(tmp_path, pos__1_dot_txt="a", neg__2_dot_txt="b")
    (root / "pos" / "1.txt").write_bytes("ab".encode("utf-16-le"))
    assert {each.label: each.text for each in read_folder(root)} == {"neg": "b", "pos": None}


def test_a_class_may_be_called_like_a_split(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    root = write(tmp_path, billing__1_dot_txt="a", shipping__2_dot_txt="b", dev__3_dot_txt="c", unsup__4_dot_txt="d")
    assert facts(read_folder(root)) == [
        ("a", "train", "billing"),
        ("b", "train", "shipping"),
        ("c", "train", "dev"),
        ("d", "unlabelled", None),
    ]
    assert "dev: taken for a class, as its other folders are." in caplog.text


def test_what_lies_in_no_class_or_is_no_text_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    root = write(tmp_path, train__pos__1_dot_txt="a", train__neg__2_dot_txt="b", test__3_dot_txt="c", train__pos__4_dot_eml="d")
    assert facts(read_folder(root)) == [("a", "train", "pos"), ("b", "train", "neg")]
    assert "texts in no folder of a class are left out: 1." in caplog.text
    assert "files in folders of classes that are no .txt are not read: 1, such as 4.eml." in caplog.text


@pytest.mark.parametrize("loose", ["test__3_dot_txt", "train__vocab_dot_txt"])
def test_loose_texts_beside_classes_are_no_class(tmp_path: Path, loose: str, caplog: pytest.LogCaptureFixture) -> None:
    root = write(tmp_path, pos__1_dot_txt="a", neg__2_dot_txt="b", **{loose: "c"})
    assert facts(read_folder(root)) == [("a", "train", "pos"), ("b", "train", "neg")]
    assert "texts in no folder of a class are left out: 1." in caplog.text


def test_damaged_utf_16_is_one_sentence(tmp_path: Path) -> None:
    for name in ("pos", "neg"):
        (tmp_path / f"rev.{name}").write_bytes("a good film".encode("utf-16")[:-1])
    with pytest.raises(MisconfigurationException, match=r"rev.neg: is damaged utf-16 \(truncated data\); save it as UTF-8"):
        list(read_folder(tmp_path))
