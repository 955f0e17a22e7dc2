"""Building arrays: mistakes are reported with their row, and what is written is complete."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from practicum.datamodules.tabular.source_table import SourceTable
from practicum.datamodules.tabular.splits import LEFT_OUT
from practicum.datamodules.tabular.table_build import build_arrays
from practicum.datamodules.tabular.table_config import TableConfig
from practicum.lightning_shim import MisconfigurationException


def build(frame: pl.DataFrame, folder: Path, **options: Any) -> Path:
    folder.mkdir(exist_ok=True)
    build_arrays(SourceTable(frame.lazy()), TableConfig(**{"target": "sold", **options}), "t.csv", "hash", folder)
    return folder


def test_what_is_written(tmp_path: Path, sales: pl.DataFrame) -> None:
    weights = pl.Series("w", [0.1 * (row % 7) for row in range(400)])
    folder = build(sales.with_columns(weights), tmp_path / "t", strategy="random", weight="w", train_rows=50)
    split = np.load(folder / "split.npy")
    assert [(split == label).sum() for label in (0, 1, LEFT_OUT)] == [50, 80, 270]
    assert np.load(folder / "weights.npy").tolist() == weights.cast(pl.Float32).to_list()  # untouched
    assert np.load(folder / "targets.npy").tolist() == sales["sold"].cast(pl.Float32).to_list()
    assert pl.read_parquet(folder / "valid.parquet")["note"].to_list() == sales.filter(pl.Series(split == 1))["note"].to_list()
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    assert ["w", "weight", "option weight"] in facts["roles"]
    assert "w" not in json.loads((folder / "steps.json").read_text(encoding="utf-8"))["continuous"]


def test_missing_weights_are_the_median(tmp_path: Path, sales: pl.DataFrame) -> None:
    folder = build(sales.with_columns(w=pl.when(pl.int_range(400) < 10).then(None).otherwise(3.0)), tmp_path / "t", weight="w")
    assert set(np.load(folder / "weights.npy").tolist()) == {3.0}


def test_mistakes_are_reported_with_their_row(tmp_path: Path, sales: pl.DataFrame) -> None:
    at = pl.int_range(400) == 41
    price, day = pl.col("price").cast(pl.String), pl.col("day").cast(pl.String)
    cases: list[tuple[pl.Expr, dict[str, Any], str]] = [
        (
            pl.when(at).then(pl.lit("abc")).otherwise(price).alias("price"),
            {},
            "'price' should be a number, but row 42 holds 'abc'",
        ),
        (
            pl.when(at).then(pl.lit("3.4.2020")).otherwise(day).alias("day"),
            {"date": "day"},
            r"'day' should be a date: it reads as %Y-%m-%d but row 42 does not \('3.4.2020'\)",
        ),
        (pl.lit(1).alias("x"), {"target": "sald"}, "has no column 'sald'; did you mean 'sold'"),
        (pl.lit(1).alias("x"), {"categorical": ["sold"]}, r"categorical=\[sold\]: the column is named in the option target too"),
        (pl.lit(None, pl.Float64).alias("sold"), {}, "no row with a target is left for the train split"),
        (pl.lit(1).alias("x"), {"strategy": "group"}, "split=group needs the option group"),
        (pl.lit(1).alias("x"), {"strategy": "time"}, "split=time needs the option date"),
        (pl.lit("dev").alias("part"), {"split_column": "part"}, "holds 'dev' in row 1; it must be train, valid or test"),
        (pl.lit("a").alias("sold"), {}, "two classes are needed"),
        (
            pl.when(pl.int_range(400) < 2).then(pl.col("sold")).alias("sold"),
            {},
            "2 rows with a target are too few: with valid_fraction=0.2 none is left for the valid split; some hundred rows make",
        ),
        (
            pl.when(at).then(pl.lit("new")).otherwise(pl.col("kind")).alias("sold"),
            {"split_column": "part"},
            r"row 42 has a target that no training row has \('new'\)",
        ),
    ]
    parts = pl.when(at).then(pl.lit("valid")).otherwise(pl.lit("train")).alias("part")
    for number, (edit, options, message) in enumerate(cases):
        with pytest.raises(MisconfigurationException, match=message):
            build(sales.with_columns(parts).with_columns(edit), tmp_path / str(number), **options)


def test_a_table_without_inputs_is_refused(tmp_path: Path, sales: pl.DataFrame) -> None:
    with pytest.raises(MisconfigurationException, match="has no column to predict sold from"):
        build(sales.select("sold", "same"), tmp_path / "t")


def test_constant_columns_are_ignored_with_a_warning(
    tmp_path: Path, sales: pl.DataFrame, caplog: pytest.LogCaptureFixture
) -> None:
    build(sales, tmp_path / "t", categorical=["same", "kind"], infer_roles=False)
    assert "column 'same' has one value in all rows; it carries no information and is ignored" in caplog.text


def test_repeated_rows_are_reported(tmp_path: Path, sales: pl.DataFrame) -> None:
    build(pl.concat([sales, sales.head(5)]), tmp_path / "t", strategy="random")
    (note,) = [
        note for _, note in json.loads((tmp_path / "t" / "facts.json").read_text(encoding="utf-8"))["notes"] if "repeat" in note
    ]
    assert "5 of 405 rows repeat another in every column" in note


def many(**more: Any) -> pl.DataFrame:
    rows = pl.int_range(600, eager=True)
    return pl.DataFrame({"size": rows / 7, "sold": rows * 1.0, **more})


@pytest.mark.parametrize(
    ("options", "counts"),
    [
        ({}, (420, 120, 60)),
        ({"test_fraction": 0.0}, (480, 120, 0)),
        ({"valid_fraction": 0.6}, (240, 360, 0)),
        ({"split_column": "part"}, (500, 100, 0)),
    ],
)
def test_a_tenth_of_a_table_that_nobody_split_is_for_the_test(
    open_table: Callable[..., Any], caplog: pytest.LogCaptureFixture, options: dict[str, Any], counts: tuple[int, int, int]
) -> None:
    frame = many(part=["valid" if row % 6 == 0 else "train" for row in range(600)])
    with caplog.at_level("INFO", logger="practicum"):
        data = open_table(frame, **{"ignore": [] if options.get("split_column") else ["part"], **options})
    assert tuple(data.provenance.get(split, 0) for split in ("train", "valid", "test")) == counts
    assert ("60 of 600 rows are held out for a test" in caplog.text) == (not options)


def test_the_newest_rows_are_the_test(open_table: Callable[..., Any]) -> None:
    days = [datetime.date(2020, 1, 1) + datetime.timedelta(days=row) for row in range(600)]
    data = open_table(many(day=days), date="day")
    assert data.source_rows("valid")["day"].max() < data.source_rows("test")["day"].min()
    assert len(data.source_rows("test")) == 60
    assert "test" not in open_table(many(day=days), date="day", valid_days=42).provenance  # it was said what validates
    two_days = [days[row // 300] for row in range(600)]  # a test would take all of validation's rows
    few = open_table(many(day=two_days), date="day").provenance
    assert (few["train"], few["valid"], few.get("test")) == (300, 300, None)


def test_a_class_that_only_the_test_has_is_trained_on(open_table: Callable[..., Any]) -> None:
    plain = open_table(many(kind=["a", "b"] * 300), target="kind")
    row = int(plain.arrays().rows["test"][0])
    rare = ["a", "b"] * 300
    rare[row] = "rare"
    data = open_table(many(kind=rare), target="kind")
    assert "rare" in data.describe()["classes"]
    assert data.provenance["test"] == 60  # each class gives its share, and another row the place of this one


def test_texts_that_are_no_classes_are_refused(open_table: Callable[..., Any]) -> None:
    with pytest.raises(
        MisconfigurationException, match=r"target 'kind' holds 600 different values in 600 rows, such as '\(0.50\)'"
    ):
        open_table(many(kind=[f"({row}.50)" for row in range(600)]), target="kind")


@pytest.mark.parametrize("kind", ["csv", "parquet", "frame"])
def test_one_gap_does_not_turn_the_task_or_a_role(tmp_path: Path, open_table: Callable[..., Any], kind: str) -> None:
    """One gap makes 1.0 of 1, in pandas and in R."""
    rows = pl.int_range(600, eager=True)
    whole = pl.DataFrame({"size": rows / 7, "store": rows % 8, "rank": rows * 3 % 601, "churn": rows // 3 % 2})
    gaps = [whole[name].cast(pl.Float64).set(rows == place, None) for place, name in enumerate(("store", "rank", "churn"))]
    frame = whole.with_columns(gaps)
    path = tmp_path / f"t.{kind}"
    if kind == "csv":
        frame.write_csv(path)
    else:
        frame.write_parquet(path)
    data, before = open_table(frame if kind == "frame" else path, target="churn"), open_table(whole, target="churn")
    assert data.describe()["categories"] == before.describe()["categories"]
    assert data.describe()["continuous"][:2] == before.describe()["continuous"] == ["size", "rank"]
    assert data.describe()["classes"] == ["0", "1"]
    new = pl.DataFrame({"size": [1.0, 2.0], "rank": [3, 4], "store": [3, 9]})
    wanted = next(iter(data.for_prediction(new).predict_dataloader()))[0][0].tolist()
    assert wanted == [[4], [0]]
    new.with_columns(pl.col("store").cast(pl.Float64)).write_csv(tmp_path / "new.csv")  # 3.0
    for source in (new.with_columns(pl.col("store").cast(pl.Float32)), tmp_path / "new.csv"):
        assert next(iter(data.for_prediction(source).predict_dataloader()))[0][0].tolist() == wanted


def test_decimals_that_happen_to_be_whole_are_numbers(open_table: Callable[..., Any]) -> None:
    data = open_table(many(price=[199.0 + 7 * (row % 90) for row in range(600)]))
    assert data.describe()["continuous"] == ["size", "price"]
    rating = open_table(many(stars=[1.0 + row % 5 for row in range(600)]), kind="class", target="stars")
    assert rating.describe()["classes"] == ["1", "2", "3", "4", "5"]


def test_the_number_of_a_row_tells_nothing(open_table: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
    """In a table that is sorted by its target it would tell the answer."""
    index = pl.Series("", range(600))
    with caplog.at_level("INFO", logger="practicum"):
        data = open_table(many().insert_column(0, index))
    assert data.describe()["continuous"] == ["size"]
    assert "not learnt from: '' (numbers the rows)" in caplog.text
    assert open_table(many(t=range(600)), continuous=["t"]).describe()["continuous"] == ["size", "t"]
    with pytest.raises(MisconfigurationException, match=r"has no column to predict sold from. .* 't' \(numbers the rows\)"):
        open_table(many(t=range(600)).drop("size"))


def test_a_number_that_is_always_the_same_is_said(tmp_path: Path, sales: pl.DataFrame) -> None:
    def notes(number: int, sold: pl.Expr) -> str:
        build(sales.with_columns(sold.alias("sold")), tmp_path / str(number))
        return (tmp_path / str(number) / "facts.json").read_text(encoding="utf-8")

    assert "all training rows have the target 3.5: there is nothing else to learn." in notes(0, pl.lit(3.5))
    assert "nothing else to learn" not in notes(1, pl.col("sold"))


@pytest.mark.parametrize("split", ["valid", "test"])
def test_a_held_out_number_that_is_not_positive_has_no_logarithm(tmp_path: Path, sales: pl.DataFrame, split: str) -> None:
    splits = pl.Series("part", ["train", "valid", "test", "train"] * 100)
    for number, there in ((1.0, True), (0.0, False)):
        sold = pl.when((splits == split) & (pl.int_range(400) > 390)).then(number).otherwise(pl.col("sold").abs() + 1)
        folder = build(sales.with_columns(splits, sold=sold), tmp_path / str(number), split_column="part")
        stats = json.loads((folder / "steps.json").read_text(encoding="utf-8"))["target_stats"]
        assert stats["min"] > 0
        assert ("log_mean" in stats) == there
