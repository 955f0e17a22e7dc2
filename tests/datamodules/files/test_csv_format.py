"""The format of a table is found, can be told, and holds for new files."""

from __future__ import annotations

import json
import logging
import random
from pathlib import Path
from typing import Any

import pytest
from practicum.datamodules.files.csv_format import ONE_COLUMN, CSVFormat, check_csv_format, detect_format
from practicum.datamodules.files.csv_numbers import MISSING
from practicum.datamodules.files.csv_reader import read_table
from practicum.lightning_shim import MisconfigurationException

TEXT = "a fine warm film it's don't dull story cast joy and, however, still; but, well, then; I said: 5' so|so"


def texts(count: int, without: str = "") -> list[str]:
    draw = random.Random(1)
    lines = (" ".join(draw.choice(TEXT.split()) for _ in range(12)) for _ in range(count))
    return [line.translate(str.maketrans("", "", without)) for line in lines]


def rows(delimiter: str, *columns: list[str]) -> str:
    return "\n".join(delimiter.join(row) for row in zip(*columns, strict=True)) + "\n"


LABELS = ["pos", "neg"] * 30
FORMATS: dict[str, tuple[str, str]] = {
    "texts and labels": ("text,label\n" + rows(",", texts(60, ","), LABELS), ","),
    "texts with semicolons, quoted": ("text,label\n" + rows(",", [f'"{t}"' for t in texts(60)], LABELS), ","),
    "texts with commas": ("text;label\n" + rows(";", texts(60, ";"), LABELS), ";"),
    "texts after tabs": ("text\tlabel\n" + rows("\t", texts(60), LABELS), "\t"),
    "one column of texts": ("text\n" + rows(",", texts(60)), ONE_COLUMN),
    "one column of quoted texts": ("text\n" + rows(",", [f'"{t}"' for t in texts(60)]), ","),
    "some rows damaged": ("text,label\n" + rows(",", texts(20, ",") + texts(5), LABELS[:25]), ","),
    "pipes": ("a|b|c\n1|x, y|2\n2|z|3\n", "|"),
    "decimal commas": ("A;B;C\n1,1;2,2;3,3\n1,1;2,2;3,3\n", ";"),
    "a comma in a name": ("Preis (€), netto;Menge\n1,5;3\n2,5;4\n", ";"),
    "commas in names and numbers": ("name;height, cm;weight, kg\nAnn;1,70;60,5\nBo;1,80;70,5\n", ";"),
    "pipes in a name": ("id,a|b,label\n1,x|y,p\n2,x|z,q\n", ","),
    "paths with pipes, labels with semicolons": ("file,label\n" + "a/b|c/p.jpg,x;y\n" * 20, ","),
    "tags": ("file,tags\n1.jpg,a;b;c\n2.jpg,d\n3.jpg,a;c\n", ","),
    "times": ("when,x\n2021-01-01 12:00:00,1\n2021-01-01 12:01:00,2\n", ","),
    "dates, times and commas": ("Datum;Zeit;Wert\n01.03.2021;12:00;0,5\n02.03.2021;12:01;1,5\n", ";"),
    "lines within fields": ('id,text\n1,"a; b;\nc; d"\n2,"e\nf"\n', ","),
    "one row": ("a;b\n1;2\n", ";"),
    "one column of numbers": ("x\n0.5\n1.5\n", ","),
    "a column of decimal commas": ("x\n0,5\n1,5\n2,25\n", ONE_COLUMN),
    "Excel's line": ("sep=;\na;b,c\n1,5;0\n", ";"),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_the_delimiter_is_found(tmp_path: Path, kind: str) -> None:
    text, delimiter = FORMATS[kind]
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    assert detect_format(tmp_path / "t.csv").delimiter == delimiter


def test_apostrophes_are_no_quotes_but_quotes_of_this_kind_are_found(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("text,label\n'tis fine,pos\n'twas bad',neg\nit's ok,pos\n", encoding="utf-8")
    assert detect_format(tmp_path / "t.csv").quote == '"'
    (tmp_path / "t.csv").write_text("text,label\n'fine, warm',pos\n'bad',neg\n", encoding="utf-8")
    assert detect_format(tmp_path / "t.csv").quote == "'"


def test_what_is_told_goes_first(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("a;b,c\n1,5;é\n".encode("cp1252"))
    form = detect_format(tmp_path / "t.csv", delimiter=",", decimal=",", quote="", header=False, encoding="latin-1")
    assert (form.delimiter, form.decimal, form.quote, form.header, form.encoding) == (",", ",", None, False, "latin-1")
    assert detect_format(tmp_path / "t.csv", delimiter=None).delimiter == ";"
    (tmp_path / "u.csv").write_text("a\tb;c\n1\t2;3\n", encoding="utf-8")
    assert detect_format(tmp_path / "u.csv", delimiter="\\t").delimiter == "\t"


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"delimiter": ";;"}, r"csv_format.delimiter=';;' must be one character"),
        ({"quote": "x"}, "csv_format.quote"),
        ({"decimal": "x"}, "csv_format.decimal"),
        ({"encoding": "klingon"}, "csv_format.encoding='klingon' must be an encoding"),
        ({"header": "yes"}, "csv_format.header"),
        ({"sep": ";"}, "has no key 'sep'; it has delimiter, quote"),
        ({"na_values": "n.a."}, "csv_format.na_values='n.a.' must be a list"),
        ({"keep_default_na": "no"}, "csv_format.keep_default_na='no' must be true or false"),
    ],
)
def test_an_option_that_can_t_be_used_is_named(told: dict[str, Any], message: str) -> None:
    with pytest.raises(MisconfigurationException, match=message):
        check_csv_format(told)


def test_a_format_is_kept_as_json_and_says_what_is_unusual(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("größe;x\n1.299,5;3\n".encode("cp1252"))
    form = detect_format(tmp_path / "t.csv", header=True)
    assert CSVFormat.from_dict(json.loads(json.dumps(form.as_dict()))) == form
    assert form.unusual() == "delimiter ';', decimal ',', thousands '.', encoding cp1252"
    assert CSVFormat().unusual() is None


def test_what_is_missing_can_be_told_and_holds_for_new_files(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x,y\n1.5,None\nn.a.,a\n,b\n-999,NA\n", encoding="utf-8")
    assert set(detect_format(tmp_path / "t.csv").missing) == {*MISSING}
    form = detect_format(tmp_path / "t.csv", na_values=["n.a.", -999], keep_default_na=False)
    assert form.missing == ("", "n.a.", "-999")
    assert read_table(tmp_path / "t.csv", form).collect().to_dict(as_series=False) == {
        "x": [1.5, None, None, None],
        "y": ["None", "a", "b", "NA"],
    }
    assert form.unusual() == "na_values n.a., -999, keep_default_na false"
    kept = CSVFormat.from_dict(json.loads(json.dumps(form.as_dict())))
    assert kept == form
    assert detect_format(tmp_path / "t.csv", kept).missing == form.missing
    assert detect_format(tmp_path / "t.csv", kept, keep_default_na=True).missing == ("", *MISSING[1:], "n.a.", "-999")
    assert "NA" in detect_format(tmp_path / "t.csv", na_values=["n.a."]).missing  # besides the usual ones


def test_a_new_file_is_read_as_the_training_s(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("x;y\n1.299,5;3\n0,5;4\n", encoding="utf-8")
    trained = detect_format(tmp_path / "train.csv")
    (tmp_path / "new.csv").write_text("x\n1.299\n", encoding="utf-8")
    (tmp_path / "two.csv").write_text("x;y, z\n1.299;3\n", encoding="utf-8")
    for name in ("new.csv", "two.csv"):
        form = detect_format(tmp_path / name, trained)
        assert form.header
    assert (form.delimiter, form.decimal, form.thousands) == (";", ",", ".")
    form = detect_format(tmp_path / "two.csv", trained, decimal=".")  # told
    assert (form.decimal, form.thousands) == (".", None)
    (tmp_path / "other.csv").write_text("x,y\n1299.5,3\n", encoding="utf-8")  # written by another program
    form = detect_format(tmp_path / "other.csv", trained)
    assert (form.delimiter, form.decimal) == (",", ".")
    (tmp_path / "numbers.csv").write_text("5,7\n3,5\n", encoding="utf-8")
    assert detect_format(tmp_path / "numbers.csv", CSVFormat(header=True)).header
    (tmp_path / "latin.csv").write_bytes("x;y\né;1\n".encode("cp1252"))
    assert detect_format(tmp_path / "latin.csv", trained).encoding == "cp1252"  # the encoding is the file's own


def test_a_thousands_sign_that_training_had_not_is_known_by_its_decimal_sign(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "train.csv").write_text("x;y\n12,5;3\n0,5;4\n", encoding="utf-8")
    trained = detect_format(tmp_path / "train.csv")
    assert (trained.decimal, trained.thousands) == (",", None)
    (tmp_path / "new.csv").write_text("x;y\n500.074;3\n", encoding="utf-8")
    assert detect_format(tmp_path / "new.csv", trained).thousands == "."
    assert "new.csv: '.' separates thousands, as the decimal sign in training was ','." in caplog.text


def test_a_guess_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "t.csv").write_bytes("stadt;x\nMünchen;1.299\n".encode("cp1252"))
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            detect_format(tmp_path / "t.csv")
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert "read as cp1252" in said[0]
    assert "t.csv, column 'x': 1.299 may be" in said[1]
    assert "read as 1.299" in said[1]


@pytest.mark.parametrize(
    "values",
    [[], 5, "x", {"delimiter": ""}, {"decimal": 3}, {"header": "yes"}, {"encoding": "x-none"}, {"told": "abc"},
     {"told": ["place"]}, {"told": 5}, {"thousands": 5}, {"thousands": "ab"}, {"quote": [1]},
     {"na_values": 5}, {"keep_default_na": "x"},
     {"decimals": 5}, {"decimals": {"x": ";"}}, {"decimals": {"x": [","]}}],
)  # fmt: skip
def test_a_kept_format_that_is_none_is_refused(values: Any) -> None:
    with pytest.raises(ValueError, match="format|must"):
        CSVFormat.from_dict(values)
