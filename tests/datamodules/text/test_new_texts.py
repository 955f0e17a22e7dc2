"""New texts are tokenized as in training, and come in their order."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from practicum.datamodules import TextCSV, TextFolder
from practicum.datamodules.files.csv_format import CSVFormat
from practicum.datamodules.text.new_texts import given_texts, read_new_texts
from practicum.lightning_shim import MisconfigurationException


def test_new_texts_are_read_as_those_of_the_training(
    tmp_path: Path, write_folder: Any, ready: Any, words: Any, options: dict[str, Any]
) -> None:
    root = write_folder(tmp_path / "texts", train=12, valid=4)
    options = {**options, "artifacts_dir": tmp_path / "run"}
    trained = ready(TextFolder(root, **options))
    (tmp_path / "new.txt").write_text("This film is good\n\nNever seen words\n", encoding="utf-8")
    (tmp_path / "new.csv").write_text('id,text\n1,"This film, is ""good"""\n2,\n', encoding="utf-8")
    data = TextCSV(tmp_path / "gone", **options)  # the training texts aren't needed any more
    new = data.for_prediction(tmp_path / "new.txt")
    ((x, y),) = list(new.predict_dataloader())
    assert words(trained, x[0]) == ["xxbos", "xxmaj", "this", "film", "is", "good"]
    assert new.detokenize(words(trained, x[0])) == "This film is good"
    assert y.tolist() == [-1, -1]
    assert new.row_columns() == {"text": ["This film is good", "Never seen words"]}
    ((x, _),) = list(data.for_prediction(tmp_path / "new.csv").predict_dataloader())
    assert len(x) == 2  # an empty text gets a prediction, too
    assert words(trained, x[1]) == ["xxbos"]


def test_a_data_module_that_is_set_up_needs_no_files(
    tmp_path: Path, write_folder: Any, ready: Any, words: Any, options: dict[str, Any]
) -> None:
    data = ready(TextFolder(write_folder(tmp_path / "texts", train=12, valid=4), **options, reverse=True))
    (tmp_path / "new.txt").write_text("This film\nThis very good film\n", encoding="utf-8")
    new = data.for_prediction(tmp_path / "new.txt")
    ((x, _),) = list(new.predict_dataloader())
    assert words(data, x[0]) == ["film", "this", "xxmaj", "xxbos"]  # in their order, not longest first
    assert new.detokenize(words(data, x[1])) == "This very good film"


def test_a_folder_s_texts_have_the_names_of_their_files(tmp_path: Path, write_folder: Any, ready: Any, options: Any) -> None:
    data = ready(TextFolder(write_folder(tmp_path / "texts", train=12, valid=4), **options))
    new = tmp_path / "new"
    new.mkdir()
    (new / "b.txt").write_text("good", encoding="utf-8")
    (new / "a.txt").write_text("\ufeffbad", encoding="utf-8")
    (new / "latin.txt").write_bytes("caf\u00e9".encode("latin-1"))
    predicted = data.for_prediction(new)
    assert predicted.row_columns() == {"text": [str(new / "a.txt"), str(new / "b.txt")]}
    assert predicted.rejected == [(str(new / "latin.txt"), "not UTF-8")]
    assert data.rejected == []  # those of the training texts


def test_a_table_must_have_the_training_s_column(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "new.csv").write_text("id,review\n7,Good\n8,Bad\n", encoding="utf-8")
    assert list(read_new_texts(tmp_path / "new.csv", "review")) == [("Good", "Good"), ("Bad", "Bad")]
    with pytest.raises(MisconfigurationException, match=r"no column 'sentence', whose .* trained on; its columns are id, review"):
        list(read_new_texts(tmp_path / "new.csv", "sentence"))
    with pytest.raises(MisconfigurationException, match=r"has the columns id, review, and the run was trained on files of texts"):
        list(read_new_texts(tmp_path / "new.csv"))
    (tmp_path / "one.csv").write_text("review\nGood\n", encoding="utf-8")
    with pytest.raises(MisconfigurationException, match="no column 'sentence'"):
        list(read_new_texts(tmp_path / "one.csv", "sentence"))
    assert list(read_new_texts(tmp_path / "one.csv")) == [("Good", "Good")]
    assert "only column 'review' is taken for texts" in caplog.text
    (tmp_path / "text.csv").write_text("id,text\n7,Good\n", encoding="utf-8")
    assert list(read_new_texts(tmp_path / "text.csv")) == [("Good", "Good")]


@pytest.mark.parametrize("name", ["new.tsv", "NEW.TSV", "new.tsv.gz"])
def test_the_header_of_a_tsv_is_no_text(tmp_path: Path, name: str) -> None:
    text = b"id\tsentence\n7\tGood, really\n8\tBad; no\n"
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    assert [each for _, each in read_new_texts(tmp_path / name, "sentence")] == ["Good, really", "Bad; no"]


def test_a_table_in_a_folder_is_no_text(tmp_path: Path, write_folder: Any, ready: Any, options: Any) -> None:
    data = ready(TextFolder(write_folder(tmp_path / "texts", train=12, valid=4), **options))
    new = tmp_path / "new"
    (new / ".ipynb_checkpoints").mkdir(parents=True)
    (new / ".ipynb_checkpoints" / "a.txt").write_text("copy", encoding="utf-8")
    (new / "a.txt").write_text("good", encoding="utf-8")
    (new / "b.csv").write_text("id,text\n1,good\n", encoding="utf-8")
    (new / "c.jsonl").write_text('{"text": "good"}\n', encoding="utf-8")
    predicted = data.for_prediction(new)
    assert predicted.row_columns() == {"text": [str(new / "a.txt")]}
    reason = "a table of texts; give a CSV of it as the input by itself"
    assert predicted.rejected == [(str(new / name), reason) for name in ("b.csv", "c.jsonl")]
    (new / "a.txt").unlink()
    with pytest.raises(MisconfigurationException, match=r"holds no text that can be read \(.*b.csv: a table of texts"):
        data.for_prediction(new)


def test_blank_lines_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "new.txt").write_text("Good\n\n  \nBad\n", encoding="utf-8")
    assert [each for _, each in read_new_texts(tmp_path / "new.txt")] == ["Good\n", "Bad\n"]
    assert "new.txt: 2 blank lines are left out" in caplog.text


def test_empty_texts_are_marked(
    tmp_path: Path, write_folder: Any, ready: Any, options: Any, caplog: pytest.LogCaptureFixture
) -> None:
    data = ready(TextFolder(write_folder(tmp_path / "texts", train=12, valid=4), **options))
    (tmp_path / "new.csv").write_text("id,text\n1,good\n2,\n3,   \n4,This film\n", encoding="utf-8")
    predicted = data.for_prediction(tmp_path / "new.csv")
    assert predicted.row_columns() == {"text": ["good", "", "   ", "This film"], "note": ["", "empty", "empty", ""]}
    assert "2 of 4 texts are empty, the first is number 2" in caplog.text


def test_a_new_table_is_read_in_the_training_s_format(tmp_path: Path, ready: Any, options: Any) -> None:
    rows = "".join(f"text {number}, and more;{'ab'[number % 2]}\n" for number in range(12))
    (tmp_path / "train.csv").write_bytes(f"sätze;label\n{rows}".encode("cp1252"))
    options = {**options, "artifacts_dir": tmp_path / "run", "text_column": "sätze"}
    trained = ready(TextCSV(tmp_path / "train.csv", **options))
    assert trained.provenance["csv"] == "delimiter ';', encoding cp1252"
    (tmp_path / "train.csv").unlink()
    (tmp_path / "new.csv").write_text("id, or number;sätze\n1;text, and, more\n", encoding="utf-8")
    new = TextCSV(tmp_path / "gone", **options).for_prediction(tmp_path / "new.csv")
    assert new.row_columns() == {"text": ["text, and, more"]}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.txt", "none.txt: no such file or folder"),
        ("empty.txt", "empty.txt: holds no text that can be read"),
        ("empty.csv", "empty.csv: is empty"),
        ("bytes.txt", "bytes.txt: is no text in UTF-8 or cp1252"),
        ("broken", "broken: holds no text that can be read"),
    ],
)
def test_errors_say_what_is_wrong(name: str, message: str, tmp_path: Path, write_folder: Any, ready: Any, options: Any) -> None:
    (tmp_path / "empty.txt").write_text("\n\n", encoding="utf-8")
    (tmp_path / "empty.csv").write_text("", encoding="utf-8")
    (tmp_path / "bytes.txt").write_bytes(b"caf\x81\xe9\n")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "latin.txt").write_bytes("caf\u00e9\n".encode("latin-1"))
    data = ready(TextFolder(write_folder(tmp_path / "texts", train=12, valid=4), **options))
    with pytest.raises(MisconfigurationException, match=message):
        data.for_prediction(tmp_path / name)


def test_texts_of_another_language_are_said_and_marked(
    tmp_path: Path, write_folder: Any, ready: Any, options: Any, caplog: pytest.LogCaptureFixture
) -> None:
    data = ready(TextFolder(write_folder(tmp_path / "texts", train=12, valid=4), **options))
    german = "ein ganz anderer Text als gelernt\n" * 3
    (tmp_path / "new.txt").write_text(f"This film is good\n\ud55c\uad6d \uc601\ud654\ub294\n{german}", encoding="utf-8")
    new = data.for_prediction(tmp_path / "new.txt")
    assert new.row_columns()["note"][:2] == ["", "no known word"]
    assert "of the tokens are unknown to the classifier" in caplog.text
    caplog.clear()
    (tmp_path / "new.txt").write_text("This film is good\nThis film is bad, Zorblax\n", encoding="utf-8")
    assert "note" not in data.for_prediction(tmp_path / "new.txt").row_columns()
    assert not caplog.text


def test_an_archive_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "n.tgz").write_bytes(gzip.compress(b"one\ntwo\n"))
    with pytest.raises(MisconfigurationException, match=r"n.tgz: is a compressed file, not a text; unpack it first"):
        list(read_new_texts(tmp_path / "n.tgz"))


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8-sig"])
def test_lines_in_another_encoding_are_read(tmp_path: Path, encoding: str, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "n.txt").write_bytes("ein café „für“ alle\nzwei\n".encode(encoding))
    assert [name for name, _ in read_new_texts(tmp_path / "n.txt")] == ["ein café „für“ alle", "zwei"]
    assert ("n.txt: is not UTF-8 and is read as cp1252" in caplog.text) is (encoding == "cp1252")


def test_texts_are_given_as_a_list_or_a_frame() -> None:
    texts = ["a good film", "a bad one"]
    named = [(text, text) for text in texts]
    assert given_texts(texts, "review") == given_texts(pl.DataFrame({"review": texts, "n": [1, 2]}), "review") == named
    assert given_texts(pl.DataFrame({"what": texts}), None) == named
    assert given_texts(pl.DataFrame({"n": [1, 2], "text": texts}), None) == named
    with pytest.raises(MisconfigurationException, match=r"the new texts: there is no column review; the frame has what\."):
        given_texts(pl.DataFrame({"what": texts}), "review")
    with pytest.raises(MisconfigurationException, match=r"the new texts: number 2 is no text \(None\)\."):
        given_texts(["a", None], None)


@pytest.mark.parametrize("ending", [".jsonl", ".json", ".parquet", ".xlsx"])
def test_a_table_of_another_kind_is_refused(tmp_path: Path, ending: str) -> None:
    (tmp_path / f"new{ending}").write_text('{"text": "good"}\n', encoding="utf-8")
    with pytest.raises(MisconfigurationException, match=rf"new\{ending}: \{ending} is not read; save it as a CSV"):
        list(read_new_texts(tmp_path / f"new{ending}", "text"))


def test_a_text_file_that_begins_like_the_trainings_table_is_one(tmp_path: Path) -> None:
    new = tmp_path / "sms.txt"
    new.write_text("label\tmessage\nham\tOk, see you\n\tFree entry\n", encoding="utf-8")
    trained = CSVFormat("\t")
    assert [name for name, _ in read_new_texts(new, "message", trained)] == ["Ok, see you", "Free entry"]
    new.write_text("a message\tof two parts\nOk\n", encoding="utf-8")
    assert [name for name, _ in read_new_texts(new, "message", trained)] == ["a message\tof two parts", "Ok"]
    new.write_text("well, message, film\nOk, fine\n", encoding="utf-8")  # a sentence that holds the column's name
    assert [name for name, _ in read_new_texts(new, "message", CSVFormat(","))] == ["well, message, film", "Ok, fine"]


def test_zero_bytes_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("foo".encode("utf-16-le"))
    assert list(read_new_texts(tmp_path)) == [(str(tmp_path / "a.txt"), None)]
