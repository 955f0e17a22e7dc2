"""Documents from every layout, and what is refused."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from practicum.datamodules.text.readers import Document, read_archive, read_corpus, read_csvs, read_folder
from practicum.lightning_shim import MisconfigurationException


def write(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
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


@pytest.mark.parametrize("name", ["unsup", "unlabelled"])
def test_a_split_column_goes_before_the_file_s_name(tmp_path: Path, name: str) -> None:
    write(tmp_path, train_dot_csv=f'text,label,part\n"a,\nb",x,train\nc,y,Test\nd,,{name}\n')
    assert facts(read_csvs(tmp_path, "text", "label", "part")) == [
        ("a,\nb", "train", "x"),
        ("c", "test", "y"),
        ("d", "unlabelled", None),
    ]
    assert {each.split for each in read_csvs(tmp_path, "text", None, None)} == {"train"}


def test_a_corpus_is_read_in_chunks_of_whole_lines(tmp_path: Path) -> None:
    lines = [f"line {number}\n" for number in range(500)]
    (tmp_path / "wiki.train.tokens").write_text("".join(lines))
    (tmp_path / "wiki.valid.tokens").write_text("held out\n")
    (tmp_path / "wiki.train.zip").write_text("no text")
    documents = list(read_corpus(tmp_path))
    training = [each.text or "" for each in documents if each.split == "train"]
    assert "".join(training) == "".join(lines)
    assert len(training) > 20
    assert all(text.endswith("\n") for text in training)
    assert [each.text for each in documents if each.split == "valid"] == ["held out\n"]
    assert {each.split for each in read_corpus(tmp_path / "wiki.valid.tokens")} == {"train"}  # one file is training text


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda p: read_folder(p / "none"), "none: no such folder"),
        (lambda p: read_folder(p / "empty"), "empty: holds no texts of classes; expected"),
        (lambda p: read_archive(p / "broken.tar.gz"), "can't be read"),
        (lambda p: read_archive(p / "other.tar"), "holds no train/<class>"),
        (lambda p: read_csvs(p / "none", "text", "label", None), "none: no such file or folder"),
        (lambda p: read_csvs(p / "empty", "text", "label", None), "empty: holds no train.csv"),
        (lambda p: read_csvs(p / "many", "text", "label", None), "holds a.csv, b.csv; give one of them"),
        (lambda p: read_csvs(p / "other.csv", "text", "label", None), "no column 'label'.*did you mean 'lable'"),
        (lambda p: read_csvs(p / "latin.csv", "text", "label", None), "is not UTF-8"),
        (lambda p: read_csvs(p / "unlabelled.csv", "text", "label", None), "row 2: its label is empty"),
        (lambda p: read_csvs(p / "parts.csv", "text", None, "part"), "row 1: part='x' is none of train, valid, test, unlabelled"),
        (lambda p: read_corpus(p / "none"), "none: no such file or folder"),
        (lambda p: read_corpus(p / "empty"), "empty: holds no train.txt"),
        (lambda p: read_corpus(p / "latin.csv"), "is not UTF-8"),
    ],
)
def test_errors_say_what_is_wrong(read: Callable[[Path], Any], message: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.tar.gz").write_bytes(b"\x1f\x8b broken")
    write(
        tmp_path, other_dot_csv="text,lable\na,b\n", unlabelled_dot_csv="text,label\na,b\nc,\n", parts_dot_csv="text,part\na,x\n"
    )
    write(tmp_path, many__a_dot_csv="text\n", many__b_dot_csv="text\n", loose_dot_txt="a")
    (tmp_path / "latin.csv").write_bytes("text,label\ncaf\u00e9,b\n".encode("latin-1"))
    with tarfile.open(tmp_path / "other.tar", "w") as file:
        file.add(tmp_path / "loose.txt", "loose.txt")
    with pytest.raises(MisconfigurationException, match=message):
        list(read(tmp_path))
