"""Texts in tables of any format; damaged tables are refused by their line."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from practicum.datamodules.files.csv_format import CSVFormat
from practicum.datamodules.text.csv_texts import load_input, read_csvs, save_input, tables_in
from practicum.datamodules.text.readers import Document
from practicum.lightning_shim import MisconfigurationException


def facts(documents: Iterator[Document]) -> list[tuple[str | None, str, str | None]]:
    return [(each.text, each.split, each.label) for each in documents]


@pytest.mark.parametrize("name", ["unsup", "unlabelled"])
def test_a_split_column_goes_before_the_file_s_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "train.csv").write_text(f'text,label,part\n"a,\nb",x,train\nc,y,Test\nd,,{name}\n', encoding="utf-8")
    found = list(read_csvs(tmp_path, "text", "label", "part"))
    assert facts(iter(found)) == [("a,\nb", "train", "x"), ("c", "test", "y"), ("d", "unlabelled", None)]
    assert [each.name for each in found] == [f"{tmp_path}/train.csv:{line}" for line in (2, 4, 5)]  # where an editor finds them
    assert {each.split for each in read_csvs(tmp_path, "text", None, None)} == {"train"}


def test_files_of_splits_in_any_format(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_bytes('"sep=;"\ntext;label\nwarm, fine;ä\n'.encode("cp1252"))
    (tmp_path / "VALID.TSV").write_bytes("text\tlabel\n it's; so, so\t ä \n".encode("utf-16"))
    (tmp_path / "test.csv.gz").write_bytes(gzip.compress('text,label\n"say ""x""",ä\n'.encode()))
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert sorted(facts(read_csvs(tmp_path, "text", "label", None))) == [
        (" it's; so, so", "valid", "ä"),
        ('say "x"', "test", "ä"),
        ("warm, fine", "train", "ä"),
    ]


def test_words_that_elsewhere_mean_missing_are_texts(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("text,label\nnull,a\nNA,None\n?,b\n", encoding="utf-8")
    assert facts(read_csvs(tmp_path / "t.csv", "text", "label", None)) == [
        ("null", "train", "a"),
        ("NA", "train", "None"),
        ("?", "train", "b"),
    ]


def test_a_format_can_be_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('text,label\n"open,a\n5" disk,b\n', encoding="utf-8")
    assert facts(read_csvs(tmp_path / "t.csv", "text", "label", None, {"quote": ""})) == [
        ('"open', "train", "a"),
        ('5" disk', "train", "b"),
    ]


FILL = "fine,pos\nbad,neg\n" * 5
FAULTS: dict[str, tuple[str, tuple[Any, ...], str]] = {
    "a comma": (f"text,label\n{FILL}a fine, warm film,a\n", ("text", "label", None), "line 12: has 3 fields"),
    "a quote": (f'text,label\n"second thoughts,pos\n{FILL}', ("text", "label", None), "line 2: a quote .* is never closed"),
    "swallowed rows": (
        f'text,label\n{FILL}"oh,pos\nfine,pos\nno",neg\n',
        ("text", "label", None),
        "line 12: .*rows of their own",
    ),
    "similar column": ("text,lable\na,b\n", ("text", "label", None), "no column 'label'.*did you mean 'lable'"),
    "no label": ("text,label,part\na,b,train\nc,,train\n", ("text", "label", "part"), "line 3: its label is empty"),
    "no such split": ("text,part\na,x\n", ("text", None, "part"), "line 2: part='x' is none of train, valid, test, unlabelled"),
    "empty": ("", ("text", "label", None), "is empty"),
    "header only": ("text,label\n", ("text", "label", None), "has a header but no rows"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_named_with_their_line(tmp_path: Path, fault: str) -> None:
    text, columns, message = FAULTS[fault]
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    with pytest.raises(MisconfigurationException, match=f"t.csv.*{message}"):
        list(read_csvs(tmp_path / "t.csv", *columns))


def test_which_tables_are_read_is_clear_or_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.csv").write_text("text\nx\n", encoding="utf-8")
    assert tables_in(tmp_path) == tables_in(tmp_path / "a.csv") == [tmp_path / "a.csv"]
    (tmp_path / "b.csv").write_text("text\nx\n", encoding="utf-8")
    (tmp_path / "texts.jsonl").write_text('{"text": "x"}\n', encoding="utf-8")
    for root, message in (
        (tmp_path / "none", "no such file or folder"),
        (tmp_path / "texts.jsonl", ".jsonl is not read; save it as a CSV"),
        (tmp_path / "empty", "holds no train.csv"),
        (tmp_path, "holds a.csv, b.csv; give one of them"),
    ):
        with pytest.raises(MisconfigurationException, match=message):
            tables_in(root)


def test_a_format_is_kept_for_predictions(tmp_path: Path) -> None:
    assert load_input(None) is None
    assert load_input(tmp_path) is None
    form = CSVFormat(";", decimal=",", told=("delimiter",))
    save_input(tmp_path / "run", form, {"text": "sentence"})
    assert load_input(tmp_path / "run") == form
    for damage in ("{", "[]", '{"csv": 3}'):
        (tmp_path / "run" / "input.json").write_text(damage, encoding="utf-8")
        with pytest.raises(MisconfigurationException, match=r"input.json: can't be read"):
            load_input(tmp_path / "run")


def test_rows_without_a_label_are_unlabelled_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    table = tmp_path / "t.csv"
    table.write_text("text,label\na,pos\nb,\nc,neg\nd, \n", encoding="utf-8")
    assert [(each.text, each.split) for each in read_csvs(table, "text", "label", None)] == [
        ("a", "train"),
        ("b", "unlabelled"),
        ("c", "train"),
        ("d", "unlabelled"),
    ]
    assert "t.csv: rows without a label: 2; a language model learns from them, a classifier does not." in caplog.text
    (tmp_path / "test.csv").write_text("text,label\na,\n", encoding="utf-8")
    (tmp_path / "train.csv").write_text("text,label\na,pos\n", encoding="utf-8")
    with pytest.raises(MisconfigurationException, match=r"test.csv, line 2: its label is empty"):
        list(read_csvs(tmp_path, "text", "label", None))


@pytest.mark.parametrize("name", ["test.csv", "dev.csv", "reviews.csv"])
def test_a_table_by_itself_is_trained_on_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("text,label\na,pos\n", encoding="utf-8")
    assert [each.split for each in read_csvs(tmp_path / name, "text", "label", None)] == ["train"]


def test_what_is_not_used_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("train", "train_part2", "reviews"):
        (tmp_path / f"{name}.csv").write_text("text,label,Split\na,pos,train\nb,neg,test\n", encoding="utf-8")
    assert len(list(read_csvs(tmp_path, "text", "label", None))) == 2
    assert "read as the files of splits (train.csv ...); reviews.csv, train_part2.csv: not read." in caplog.text
    assert "train.csv: its column 'Split' is not used; data.split_column=Split splits by it." in caplog.text
    caplog.clear()
    assert [each.split for each in read_csvs(tmp_path / "reviews.csv", "text", "label", "Split")] == ["train", "test"]
    assert "is not used" not in caplog.text
