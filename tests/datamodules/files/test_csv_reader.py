"""One reader for all tables of text: as strings, as typed columns, row by row; numbers are those of polars."""

from __future__ import annotations

import csv
import gzip
import io
import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from practicum.datamodules.files.csv_format import CSVFormat, detect_format
from practicum.datamodules.files.csv_reader import is_text_table, read_rows, read_table, read_text_table
from practicum.lightning_shim import MisconfigurationException


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def test_an_ordinary_table_is_read_bit_by_bit_as_polars_reads_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    n = 3000
    frame = pl.DataFrame(
        {
            "float": rng.normal(size=n) * 10.0 ** rng.integers(-30, 30, n),
            "whole": rng.integers(-(2**62), 2**62, n),
            "text": rng.choice(["red", "a, b", 'say "x"', "two\nlines", ""], n),
            "flag": rng.choice([True, False], n),
            "gaps": pl.Series(rng.normal(size=n)).set(pl.Series(rng.random(n) < 0.1), None),
            "day": rng.choice(["2021-03-01", "2022-12-31"], n),
        }
    )
    frame.write_csv(tmp_path / "t.csv")
    missing = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?"]
    plain = pl.read_csv(tmp_path / "t.csv", infer_schema_length=None, null_values=missing)
    found = read_table(tmp_path / "t.csv").collect()
    assert found.schema == plain.schema
    assert found.equals(plain)
    frame.write_csv(tmp_path / "semi.csv", separator=";", decimal_comma=True)
    assert read_table(tmp_path / "semi.csv").collect().equals(plain)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_what_a_writer_wrote_comes_back(tmp_path: Path, delimiter: str, encoding: str) -> None:
    draw = random.Random(5)
    for width in (2, 4):
        rows = [["".join(draw.choice('ab,;|\t"\né ') for _ in range(draw.randrange(9))) for _ in range(width)] for _ in range(30)]
        names = [f"name {i}" for i in range(width)]
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows([names, *rows])
        path = write(tmp_path / "t.csv", text.getvalue(), encoding)
        form = detect_format(path, delimiter=delimiter)
        found = read_text_table(path, form, strip=False, missing=(), line_column="line")
        assert found.select(names).fill_null("").rows() == [tuple(row) for row in rows]
        names_found, streamed = read_rows(path, form)
        assert names_found == names
        assert [(line, *row.values()) for line, row in streamed] == found.fill_null("").select("line", *names).rows()


@pytest.mark.parametrize("name", ["t.csv", "T.CSV", "t.tsv", "t.tsv.gz", "T.CSV.GZ"])
def test_endings_and_packing(tmp_path: Path, name: str) -> None:
    text = b"a\tb\n01\tx, y\n2\tz\n" if "tsv" in name else b'a,b\n01,"x, y"\n2,z\n'
    (tmp_path / name).write_bytes(gzip.compress(text) if name.lower().endswith("gz") else text)
    assert is_text_table(tmp_path / name)
    assert read_text_table(tmp_path / name).rows() == [("01", "x, y"), ("2", "z")]


def test_blanks_around_fields_are_no_part_of_them(tmp_path: Path) -> None:
    path = write(tmp_path / "adult.csv", "age, work, hours\n20, Private, 30\n21, ?, 31\n")
    assert read_table(path).collect().to_dicts() == [
        {"age": 20, "work": "Private", "hours": 30},
        {"age": 21, "work": None, "hours": 31},
    ]
    assert read_text_table(path)["hours"].to_list() == ["30", "31"]


def test_decimal_commas_and_thousands(tmp_path: Path) -> None:
    path = write(tmp_path / "de.csv", "x;y;z\n10,20;4,5;1.299\n1.299,99;5,5;2.500\n7;6;3\n")
    assert read_table(path).collect().rows() == [(10.2, 4.5, 1299), (1299.99, 5.5, 2500), (7.0, 6.0, 3)]
    path = write(tmp_path / "us.csv", 'name,price\na,"1,074"\nb,"12,500"\nc,7\n')
    assert read_table(path).collect()["price"].to_list() == [1074, 12500, 7]


@pytest.mark.parametrize("mark", [" ", "NA", "N/A", "n/a", "?", "-", "null", "NULL", "nan", "None", ""])
def test_a_missing_value_does_not_change_a_column_of_numbers(tmp_path: Path, mark: str) -> None:
    path = write(tmp_path / "t.csv", f"a,b\n1,0.5\n2,{mark}\n3,1.5\n")
    assert read_table(path).collect()["b"].to_list() == [0.5, None, 1.5]
    assert read_text_table(path)["b"].to_list() == ["0.5", None, "1.5"]


def test_codes_stay_as_they_are_written(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "zip,id,big,n\n01234,007,18446744073709551615,10\n02116,8,1,0\n10001,9,2,0.5\n")
    found = read_table(path).collect()
    assert found["zip"].to_list() == ["01234", "02116", "10001"]
    assert found["id"].to_list() == ["007", "8", "9"]
    assert found["big"].to_list() == ["18446744073709551615", "1", "2"]
    assert found["n"].dtype == pl.Float64
    late = write(tmp_path / "u.csv", "case\n" + "".join(f"{i + 100000}\n" for i in range(3000)) + "CASE-1\n")
    assert read_table(late).collect()["case"][0] == "100000"
    assert read_table(path, text=["n"]).collect()["n"].to_list() == ["10", "0", "0.5"]


def test_a_column_with_the_other_decimal_sign_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write(tmp_path / "t.csv", 'x,p\n1.5,"13,63"\n2.5,"1,5"\n')
    assert read_table(path).collect()["p"].to_list() == [13.63, 1.5]
    assert any("column 'p' is read with the decimal sign ','" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(("sign", "odd"), [(",", "1.00"), (",", "0.420"), (".", "1,00"), (".", "0,420")])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_cell_with_the_other_decimal_sign_is_named_by_its_line(
    sign: str, odd: str, delimiter: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cells = [f"0{sign}{i}5" for i in range(60)]
    cells[40] = odd
    path = write(tmp_path / "t.csv", f"x{delimiter}p\n" + "".join(f'"{each}"{delimiter}"{cells[0]}"\n' for each in cells))
    frame = read_table(path).collect()
    assert frame["x"].to_list() == [float(each.replace(",", ".")) for each in cells]
    (said,) = (record.getMessage() for record in caplog.records)
    usual = odd.translate(str.maketrans(",.", ".,"))
    assert said.startswith(
        f"{path}, line 42: column 'x' holds '{odd}' in place of '{usual}', while the decimal sign is '{sign}';"
    )


def test_what_may_be_thousands_is_not_read_with_the_other_sign(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "x;p\n" + "0,5;1,5\n" * 60000 + "1.234;2,5\n")  # beyond the sample that finds the signs
    assert read_table(path).collect()["x"][-1] == "1.234"


def test_a_word_among_decimal_commas_leaves_plain_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "x;p\n" + "0,5;a,b\n" * 99 + "abc;c,d\n")
    frame = read_table(path).collect()
    assert frame["x"].to_list() == ["0.5"] * 99 + ["abc"]
    assert frame["p"][0] == "a,b"


def test_names_columns_and_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "1,31\n1,1029\n2,10\n")
    assert read_table(path, names=["user", "item"]).collect().rows() == [(1, 31), (1, 1029), (2, 10)]
    assert read_text_table(path).columns == ["column_1", "column_2"]
    with pytest.raises(MisconfigurationException, match="has 2 columns, but the option header names 3"):
        read_table(path, names=["a", "b", "c"])
    path = write(tmp_path / "u.csv", 'a,b\n"x\ny",1\n\nz,2\n')
    found = read_text_table(path, columns=["b"], line_column="line")
    assert found.to_dict(as_series=False) == {"b": ["1", "2"], "line": [2, 5]}
    with pytest.raises(MisconfigurationException, match="has no column 'c'; its columns are a, b"):
        read_text_table(path, columns=["c"])


def test_all_ways_refuse_a_damaged_row(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "text,label\na fine, warm film,a\ndull,b\n")
    for read in (read_table, read_text_table, read_rows):
        with pytest.raises(MisconfigurationException, match="line 2: has 3 fields"):
            read(path)


def test_a_format_that_is_given_is_used(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a;b\n1,5;x\n")
    assert read_table(path, CSVFormat(delimiter=";", decimal=",")).collect().rows() == [(1.5, "x")]
    with pytest.raises(MisconfigurationException, match=r"line 2: has 2 fields, but the header has 1 \(a;b\)"):
        read_text_table(path, CSVFormat())


PANDAS = [
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN",
    "None", "n/a", "nan", "null",
]  # fmt: skip


@pytest.mark.parametrize("mark", ["", "?", "-", *PANDAS])
@pytest.mark.parametrize("decimal", [".", ","])
def test_marks_of_missing_values_leave_a_column_of_numbers(tmp_path: Path, mark: str, decimal: str) -> None:
    """All that pandas' ``read_csv`` takes for missing by default, and what people write besides."""
    table = tmp_path / "t.csv"
    table.write_text(
        "x;y;c\n" + "".join(f"{i}{decimal}25;{i};a\n" for i in range(20)) + f"{mark};{mark};{mark}\n", encoding="utf-8"
    )
    frame = read_table(table).collect()
    assert [*frame.dtypes] == [pl.Float64, pl.Int64, pl.String]
    assert frame.row(-1) == (None, None, None)
    assert frame["x"].sum() == 195
