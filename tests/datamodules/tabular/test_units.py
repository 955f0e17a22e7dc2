"""Numbers with a unit or a currency."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from practicum.datamodules.files.csv_format import CSVFormat
from practicum.datamodules.tabular.table import Table
from practicum.datamodules.tabular.units import Unit, find_unit, of_new_rows
from practicum.lightning_shim import MisconfigurationException

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
    ],
)
def test_what_is_no_number_with_one_unit_is_left_alone(cells: list[str]) -> None:
    assert find_unit(pl.Series(cells)) is None
    assert find_unit(pl.Series(["5 kg"] * 2_000 + cells)) is None  # also below the first rows


def test_the_tables_decimal_sign_comes_first_and_the_other_where_it_cannot_be() -> None:
    cells = pl.Series(["1.234 kg", "5.678 kg"])
    assert find_unit(cells) == Unit("kg", ".", ",")
    assert find_unit(cells, CSVFormat(delimiter=";", decimal=",")) == Unit("kg", ",", ".")
    assert find_unit(pl.Series(["38,4 kg"])) == Unit("kg", ",", ".")


def test_new_rows_have_trainings_unit_or_none_or_are_refused() -> None:
    units = {"weight": Unit("kg", ",", "."), "price": Unit("€")}
    frame = pl.DataFrame({"weight": ["1.038,4 kg", "2,9", None], "price": [1.5, 2.0, 3.0]})
    plain, notes = of_new_rows(frame, units, "new.csv", "y")
    assert plain["weight"].to_list() == ["1038.4", "2.9", None]
    assert plain["price"].to_list() == [1.5, 2.0, 3.0]
    assert notes == ["new.csv: 1 of 3 rows have a weight without training's unit 'kg'; they are taken for numbers in it."]
    other = pl.DataFrame({"weight": ["1,038.4 kg"]})
    assert of_new_rows(other, units, "new.csv", "y", swapped=True)[0]["weight"].to_list() == ["1038.4"]
    with pytest.raises(
        MisconfigurationException, match="'weight' had the unit 'kg' in training, but row 2 holds '500 g'; convert"
    ):
        of_new_rows(pl.DataFrame({"weight": ["1 kg", "500 g"]}), units, "new.csv", "y")
    assert of_new_rows(pl.DataFrame({"weight": ["?"]}), units, "new.csv", "weight")[0]["weight"].to_list() == ["?"]


def table(folder: Path, **options: Any) -> Table:
    path = folder / "goods.csv"
    if not path.exists():
        rows = [
            f"{i / 10:.1f} kg,{'ab'[i % 2]},{i % 3} m,${1000 + i}.50".replace("$1", '"$1,').replace(".50", '.50"')
            for i in range(ROWS)
        ]
        path.write_text("\n".join(["weight,kind,length,price", *rows]) + "\n")
    module = Table(str(path), **{"target": "price", "cache": folder / "cache", "artifacts_dir": folder / "artifacts", **options})
    module.prepare_data()
    module.setup()
    return module


def test_a_table_learns_from_the_numbers_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    module = table(tmp_path)
    steps = module.arrays().steps
    assert [*steps.continuous] == ["weight"]
    assert steps.classes is None
    assert [*steps.categorical] == ["kind", "length"]  # up to 20 texts are categories, as up to 20 numbers would be
    assert sorted(module.arrays().targets) == [1000.5 + i for i in range(ROWS)]
    assert "column 'weight' holds numbers with the unit 'kg' and is read as numbers ('0.0 kg' as 0)" in caplog.text
    assert (
        "column 'price' holds numbers with the unit '$' and is read as numbers ('$1,000.50' as 1000.5); kind=class" in caplog.text
    )
    assert json.loads((tmp_path / "artifacts" / "steps.json").read_text())["units"] == {
        "weight": {"sign": "kg", "decimal": ".", "thousands": ","},
        "price": {"sign": "$", "decimal": ".", "thousands": ","},
    }


def test_new_files_and_frames_are_the_same_numbers_however_they_are_written(tmp_path: Path) -> None:
    module = table(tmp_path)
    written = {
        "same.csv": "weight,kind,length\n1.5 kg,a,1 m\n3.0 kg,b,2 m\n",
        "bare.csv": "weight,kind,length\n1.5,a,1 m\n3,b,2 m\n",
        "other.csv": "weight;kind;length\n1,5 kg;a;1 m\n3,0 kg;b;2 m\n",
    }
    found = []
    for name, text in written.items():
        (tmp_path / name).write_text(text)
        found.append(module.for_prediction(tmp_path / name))
    frame = pl.DataFrame({"weight": ["1.5 kg", "3 kg"], "kind": ["a", "b"], "length": ["1 m", "2 m"]})
    found += [module.for_prediction(frame), module.for_prediction(frame.with_columns(weight=pl.Series([1.5, 3.0])))]
    batches = [next(iter(each.predict_dataloader())) for each in found]
    for batch in batches[1:]:
        for mine, first in zip(batch[0], batches[0][0], strict=True):
            assert (mine == first).all()
    assert found[0].source_rows()["weight"].to_list() == ["1.5 kg", "3.0 kg"]  # written beside the predictions as they were


def test_a_target_of_few_numbers_with_a_unit_is_classes_unless_it_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert table(tmp_path, target="length").arrays().steps.classes == ["0 m", "1 m", "2 m"]
    assert "the target 'length' holds 3 numbers with the unit 'm', and is taken for classes; kind=number" in caplog.text
    told = table(tmp_path, target="length", kind="number").arrays()
    assert told.steps.classes is None
    assert {*told.targets.tolist()} == {0.0, 1.0, 2.0}


@pytest.mark.parametrize(
    ("options", "continuous", "is_class"),
    [
        ({"categorical": ["weight"]}, [], False),
        ({"kind": "class", "target": "kind"}, ["weight", "price"], True),
        ({"continuous": ["length"]}, ["weight", "length"], False),
        ({"columns": "named", "categorical": ["kind"]}, [], False),
        ({"ignore": ["weight"]}, [], False),
    ],
)
def test_options_decide_before_units(tmp_path: Path, options: dict[str, Any], continuous: list[str], is_class: bool) -> None:
    steps = table(tmp_path, **options).arrays().steps
    assert [*steps.continuous] == continuous
    assert (steps.classes is not None) == is_class
    assert {*steps.units} == {*continuous} | ({"price"} if not is_class else set())


@pytest.mark.parametrize(
    "values",
    [
        {"sign": ""},
        {"sign": 3},
        {"sign": "kg", "decimal": ";"},
        {"sign": "kg", "thousands": ""},
        {"sign": "kg", "thousands": ",."},
    ],
)
def test_a_unit_that_no_training_leaves_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a unit must have"):
        Unit(**values).check()
