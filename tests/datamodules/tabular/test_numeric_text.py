"""Numbers that are text in a frame or a Parquet file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from practicum.datamodules.tabular.numeric_text import number_type

ROWS = pl.int_range(600, eager=True)


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["-1.16", "2", None], pl.Float64),
        (["+1.5", "\u22122e-3", ".5"], pl.Float64),
        ([str(7 * n) for n in range(50)], pl.Int64),
        ([f"{7 * n}.0" for n in range(50)], pl.Float64),
        (["1", "2", "1"], None),  # categories, as they are in a CSV
        (["01234", *map(str, range(50))], None),
        (["1.5", "kg"], None),
        (["1,5", "2.5"], None),
        (["1" * 25, *map(str, range(50))], None),
        (["inf", "1.5"], None),
        ([f"202001{n:02}" for n in range(1, 31)], None),  # dates, which another note names
        (["2.5", "2.5"], None),
        ([None, None], None),
    ],
)
def test_what_is_a_number(texts: list[str | None], kind: Any) -> None:
    assert number_type(pl.Series("x", texts, dtype=pl.String)) == kind


def test_identifiers_stay_text() -> None:
    codes = pl.Series("user_id", [str(1000 + 7 * (n % 50)) for n in range(200)])
    assert number_type(codes) is None
    assert number_type(codes.rename("age")) == pl.Int64
    assert number_type(pl.Series("x", [str(n) for n in range(100)])) is None  # numbers the rows
    assert number_type(pl.Series("x", [str(n) for n in range(100)]), is_target=True) == pl.Int64


@pytest.mark.parametrize("parquet", [True, False])
def test_text_is_learnt_as_the_same_numbers_are(
    tmp_path: Path, open_table: Callable[..., Any], caplog: pytest.LogCaptureFixture, parquet: bool
) -> None:
    plain = pl.DataFrame({"temp": ROWS / 7 - 20, "age": ROWS * 3 % 89, "y": (ROWS * 11 % 601) / 4}).cast({"age": pl.Int64})
    text = plain.select(pl.all().cast(pl.String))
    text.write_parquet(tmp_path / "t.parquet")
    data, wanted = open_table(tmp_path / "t.parquet" if parquet else text, target="y"), open_table(plain, target="y")
    assert data.describe() == wanted.describe()
    for name in ("column 'temp'", "column 'age'"):
        assert f"{name} holds numbers as text and is read as numbers; the option categorical leaves it as it" in caplog.text
    assert "the target 'y' holds numbers as text and is read as numbers; kind=class takes it for classes." in caplog.text
    assert "looks like numbers" not in caplog.text
    expected = next(iter(wanted.for_scoring(plain.head(5)).predict_dataloader()))[0][1].tolist()
    plain.head(5).write_csv(tmp_path / "new.csv")
    for source in (text.head(5), plain.head(5), tmp_path / "new.csv"):
        new = data.for_scoring(source)
        assert next(iter(new.predict_dataloader()))[0][1].tolist() == expected
        assert new.targets.tolist() == plain["y"].head(5).cast(pl.Float32).to_list()


def test_what_was_told_stays(open_table: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
    text = pl.DataFrame({"temp": (ROWS % 30 / 7).cast(pl.String), "size": ROWS / 7, "y": ROWS / 4})
    assert len(open_table(text, target="y", categorical=["temp"]).describe()["categories"]["temp"]) == 30
    assert "temp" in open_table(text, target="y", continuous=["temp"]).describe()["continuous"]
    assert len(open_table(text, target="temp", kind="class").describe()["classes"]) == 30
    assert "as text" not in caplog.text


def test_fractions_without_a_zero_before_the_point_are_decimals() -> None:
    assert number_type(pl.Series([f".{number}" for number in range(11, 99)])) == pl.Float64
