"""Columns of numbers with a unit, in training and in new rows."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from practicum.datamodules.tabular.source_table import read_files
from practicum.datamodules.tabular.table import Table
from practicum.datamodules.tabular.unit_columns import of_new_rows
from practicum.datamodules.tabular.units import Unit
from practicum.lightning_shim import MisconfigurationException

ROWS = 60
KG = {"w": Unit("kg", ",", ".")}


def new(cells: list[str | None], decimal: str | None = ",", unit: Unit = KG["w"]) -> tuple[list[Any], str]:
    frame, notes = of_new_rows(pl.DataFrame({"w": cells}), {"w": unit}, "new.csv", "y", decimal)
    return frame["w"].to_list(), " ".join(notes)


@pytest.mark.parametrize("decimal", [".", ",", None])
def test_cells_with_the_unit_are_read_as_training_s(decimal: str | None) -> None:
    assert new(["1.038,4 kg", None], decimal) == (["1038.4", None], "")
    read, said = new(["1.299 kg", "2,5 kg"], decimal)
    assert read == ["1299", "2.5"]
    assert ("'1.299 kg' is read as 1299; correct it if that is wrong." in said) == (decimal == ".")  # it may be another's


def test_bare_numbers_are_read_as_the_file_s_others_and_said() -> None:
    for decimal, cells in ((",", ["1.038,4", "2"]), (".", ["1,038.4", "2"])):
        read, said = new([*cells, None], decimal)
        assert read == ["1038.4", "2", None]
        assert said == "new.csv: 2 of 3 rows have a w without training's unit 'kg'; they are taken for numbers in it."
    assert new(["1.500", "2.250"], ".")[0] == ["1.500", "2.250"]


def test_a_column_with_the_other_decimal_sign_is_read_with_it_and_a_single_cell_alone() -> None:
    read, said = new(["1,038.4 kg", "1.5 kg", "1,500 kg"])
    assert read == ["1038.4", "1.5", "1500"]
    assert "'1,038.4 kg' is read as 1038.4; correct it if that is wrong." in said
    read, said = new(["1,5 kg", "2.25 kg", "1.234 kg"])
    assert read == ["1.5", "2.25", "1234"]
    assert "'2.25 kg' is read as 2.25" in said
    read, said = new(["$1,299", "$2,450", "$12,5"], ".", Unit("$", ".", ","))
    assert read == ["1299", "2450", "12.5"]
    assert "'$12,5' is read as 12.5" in said


def test_where_training_had_whole_numbers_only_new_ones_decide() -> None:
    euro = Unit("€", ".", ",", certain=False)
    read, said = new(["318 €", "1.020 €"], ".", euro)
    assert read == ["318", "1020"]
    assert "'1.020 €' is read as 1020" in said
    assert new(["318 €", "7 €"], ".", euro) == (["318", "7"], "")
    assert new(["318,50 €"], ".", euro)[0] == ["318.50"]


@pytest.mark.parametrize(
    ("cells", "row"),
    [
        (["1 kg", "500 g"], "row 2 holds '500 g'"),
        (["2kg5"], "'2kg5'"),
        (["x kg"] * 3, "(and 2 more rows)"),
        (["5 mkg"], "'5 mkg'"),
    ],
)
def test_another_unit_is_refused_by_its_row(cells: list[str], row: str) -> None:
    with pytest.raises(
        MisconfigurationException, match="column 'w' should be a number with the unit 'kg', as in training"
    ) as error:
        new(list(cells))
    assert row in str(error.value)


def test_a_column_may_have_any_name() -> None:
    for name in ("other", "mine", "number"):
        frame, _ = of_new_rows(pl.DataFrame({name: ["1,5 kg", "2 kg"]}), {name: KG["w"]}, "new.csv", "y", ",")
        assert frame[name].to_list() == ["1.5", "2"]


def test_numbers_stay_and_so_does_what_a_target_holds_and_categories_are_texts() -> None:
    frame = pl.DataFrame({"w": [1.5, 2.0]})
    assert of_new_rows(frame, KG, "new", "y")[0].equals(frame)
    assert of_new_rows(pl.DataFrame({"w": ["?"]}), KG, "new", "w")[0]["w"].to_list() == ["?"]
    words = pl.DataFrame({"w": ["1,5 kg", "2 kg"]}, schema={"w": pl.Categorical})
    assert of_new_rows(words, KG, "new", "y")[0]["w"].to_list() == ["1.5", "2"]


def table(folder: Path, **options: Any) -> Table:
    path = folder / "goods.csv"
    if not path.exists():
        rows = [
            f"{i / 10:.1f} kg,{'ab'[i % 2]},{i % 3} m,${1000 + i}.50".replace("$1", '"$1,').replace(".50", '.50"')
            for i in range(ROWS)
        ]
        path.write_text("\n".join(["weight,kind,length,price", *rows]) + "\n", encoding="utf-8")
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
    assert json.loads((tmp_path / "artifacts" / "steps.json").read_text(encoding="utf-8"))["units"] == {
        "weight": {"sign": "kg", "decimal": ".", "thousands": ",", "certain": True},
        "price": {"sign": "$", "decimal": ".", "thousands": ",", "certain": True},
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
        (tmp_path / name).write_text(text, encoding="utf-8")
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


def test_a_number_that_may_be_another_is_the_example(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cells = [f"{row}.250 kg" for row in range(1, 61)]
    data = Table(pl.DataFrame({"w": cells, "y": range(60)}), target="y", cache=tmp_path)
    data.prepare_data()
    data.setup()
    assert "'1.250 kg' as 1.25); if that is wrong, give csv_format.decimal=','" in caplog.text


def test_few_decimal_numbers_are_numbers_and_one_value_is_none(tmp_path: Path) -> None:
    frame = pl.DataFrame({"w": [f"{row % 8}.5 l" for row in range(60)], "same": ["5 kg"] * 60, "y": range(60)})
    data = Table(frame, target="y", cache=tmp_path)
    data.prepare_data()
    steps = data.arrays().steps
    assert [*steps.continuous] == [*steps.units] == ["w"]
    assert steps.constants == {"same": "5 kg"}


def test_a_file_that_lacks_such_a_column_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("w,same,y\n" + "".join(f"{row}.5 kg,5 kg,{row}\n" for row in range(30)), encoding="utf-8")
    (tmp_path / "valid.csv").write_text("y\n1\n", encoding="utf-8")
    files = {split: tmp_path / f"{split}.csv" for split in ("train", "valid")}
    with pytest.raises(MisconfigurationException, match="has no column 'w'"):
        read_files(files, "y")
