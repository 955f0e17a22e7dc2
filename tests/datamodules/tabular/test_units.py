"""Numbers with a unit or a currency."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from practicum.datamodules.tabular.units import Unit, find_unit

ROWS = 60


def numbers(cells: list[str], unit: Unit) -> list[str | None]:
    return pl.select(unit.number(pl.lit(pl.Series(cells)))).to_series().to_list()


@pytest.mark.parametrize(
    ("cells", "sign", "expected"),
    [
        (["$1,299.00", "$15.50"], "$", [1299.0, 15.5]),
        (["-$5.00", "$3", "$-7"], "$", [-5.0, 3.0, -7.0]),
        (["US$ 5", "US$ 6.5"], "US$", [5.0, 6.5]),
        (["CHF 1\u2019234.50", "CHF 3"], "CHF", [1234.5, 3.0]),
        (["85.126,66 €", "20.003,96 €"], "€", [85126.66, 20003.96]),
        (["1\u202f234,50 €", "12,00 €"], "€", [1234.5, 12.0]),
        (["18,5 %", "7 %"], "%", [18.5, 7.0]),
        (["38.4kg", "2.9 kg"], "kg", [38.4, 2.9]),
        (["45 m2", "130 m2"], "m2", [45.0, 130.0]),
        (["5 km/h", "\u22127 km/h"], "km/h", [5.0, -7.0]),
        (["- 5 °C", "7 °C"], "°C", [-5.0, 7.0]),
        (["36 months", "60 months"], "months", [36.0, 60.0]),
        (["1500 mm", "2400 mm"], "mm", [1500.0, 2400.0]),
        (["EUR 1500", "EUR 2400"], "EUR", [1500.0, 2400.0]),
        (["1\xa0234,5 €", "1 234,5 €", "1\u202f000 €"], "€", [1234.5, 1234.5, 1000.0]),
        (["1500 Euro", "2400 Euro"], "Euro", [1500.0, 2400.0]),
        (["5 fl\xa0oz", "7 fl oz"], "fl oz", [5.0, 7.0]),
    ],
)
def test_one_unit_beside_every_number_is_found(cells: list[str], sign: str, expected: list[float]) -> None:
    unit = find_unit(pl.Series([*cells, None]))
    assert unit is not None
    assert unit.sign == sign
    assert [float(each or "nan") for each in numbers(cells, unit)] == expected


@pytest.mark.parametrize(
    "cells",
    [
        ["5 kg", "500 g"],
        ["5 kg", "500"],
        ["98%", "n. a."],
        ["Room 1", "Room 2"],
        ["007 X", "008 X"],
        ["1-X", "2-X"],
        ["08:30", "09:30"],
        ["10+ years", "9 years"],
        ["1011 AB", "1012 CD"],
        ["(5.00 €)", "(3.00 €)"],
        ["+-5 kg", "3 kg"],
        ["€5 pp", "€6 pp"],
        ["3.5/5", "4.0/5"],
        ["5 Mai 2020", "6 Mai 2020"],
        ["5", "6"],
        ["", ""],
        ["10115 Berlin", "10117 Berlin"],
        ["20231001S", "20231102S"],
        ["US7654321", "US7654322"],
        ["CAD1001", "CAD1002"],
        ["kr_1001", "kr_1002"],
        ["1m80", "1m75"],
        ["12€50", "13€50"],
    ],
)
def test_what_is_no_number_with_one_unit_is_left_alone(cells: list[str]) -> None:
    assert find_unit(pl.Series(cells)) is None
    assert find_unit(pl.Series(["5 kg"] * 2_000 + cells)) is None  # also below the first rows


def test_the_tables_decimal_sign_comes_first_and_the_other_where_it_cannot_be() -> None:
    cells = pl.Series(["1.234 kg", "5.678 kg"])
    assert find_unit(cells) == Unit("kg", ".", ",")
    assert find_unit(cells, ",") == Unit("kg", ",", ".")
    assert find_unit(pl.Series(["38,4 kg"])) == Unit("kg", ",", ".")
    assert find_unit(pl.Series(["38 kg"])) == Unit("kg", ".", ",", certain=False)


def test_signs_that_only_long_numbers_have_stand_between_thousands_unless_told() -> None:
    assert find_unit(pl.Series(["850 €", "1.020 €"])) == Unit("€", ",", ".")
    assert find_unit(pl.Series(["850 €", "1.020 €"]), ".", told=True) == Unit("€", ".", ",")
    assert find_unit(pl.Series(["$1.459", "$1.329"])) == Unit("$", ".", ",")  # of fuel
    assert find_unit(pl.Series(["$1.459", "$2", "$1000"])) == Unit("$", ".", ",")  # thousands have no sign here
    assert find_unit(pl.Series(["100 kg", "12,286 kg"])) == Unit("kg", ".", ",")


def test_codes_are_told_by_the_whole_column() -> None:
    days = [f"{day} days" for day in range(1000, 16_000, 7)]
    assert find_unit(pl.Series(days)) == find_unit(pl.Series(days[::-1])) == Unit("days", ".", ",", certain=False)
    towns = [f"{code} Berlin" for code in range(10_115, 14_200)]
    assert find_unit(pl.Series(towns)) is None


@pytest.mark.parametrize(
    "values",
    [
        {"sign": ""},
        {"sign": 3},
        {"sign": "kg", "decimal": ";"},
        {"sign": "kg", "thousands": ""},
        {"sign": "kg", "thousands": ",."},
        {"sign": "kg", "thousands": "."},
        {"sign": "kg", "certain": 1},
    ],
)
def test_a_unit_that_no_training_leaves_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a unit must have"):
        Unit(**values).check()
