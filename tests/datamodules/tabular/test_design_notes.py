"""What makes a table's result look better than it is is said, and nothing where there is nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from practicum.datamodules import Table
from practicum.datamodules.files.say_once import forget_said
from practicum.datamodules.tabular.design_notes import absent_classes, divided_ids, skewed_target, tells_target

RNG = np.random.default_rng(1)
X = RNG.normal(size=400)


def said(tmp_path: Path, caplog: pytest.LogCaptureFixture, frame: pl.DataFrame, target: str = "y", **options: Any) -> str:
    forget_said()
    caplog.clear()
    Table(frame, target=target, cache=tmp_path / "cache", **options).setup("fit")
    return "\n".join(record.getMessage() for record in caplog.records if record.levelname == "WARNING")


def test_a_plain_table_has_no_remarks(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    frame = pl.DataFrame({"x": X, "kind": [f"k{number % 7}" for number in range(400)], "y": X + RNG.normal(size=400)})
    assert not said(tmp_path, caplog, frame)
    assert not said(tmp_path, caplog, frame.with_columns(y=pl.Series(["no", "yes"] * 200)))


def test_ids_on_both_sides_are_said_unless_something_keeps_them_apart(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    frame = pl.DataFrame({"patient_id": [number // 5 for number in range(400)], "x": X, "y": X + RNG.normal(size=400)})
    wanted = "column 'patient_id' has 80 values in 400 rows, which are split at random, so that training knows those of the test"
    assert wanted in said(tmp_path, caplog, frame)
    assert wanted in said(tmp_path, caplog, frame.with_columns(pl.format("P{}", "patient_id").alias("patient_id")))
    assert not said(tmp_path, caplog, frame, group="patient_id")
    assert not said(tmp_path, caplog, frame, ignore=["patient_id"])
    days = pl.date_range(pl.date(2020, 1, 1), pl.date(2021, 2, 3), eager=True)
    assert "patient_id" not in said(tmp_path, caplog, frame.with_columns(day=days), date="day")
    splits = pl.Series(["train"] * 300 + ["valid"] * 100)
    assert not said(tmp_path, caplog, frame.with_columns(part=splits), split_column="part")


def test_few_shops_and_ids_of_one_row_are_not_divided() -> None:
    assert not divided_ids(pl.Series("shop", [number % 9 for number in range(400)]), "t")
    assert not divided_ids(pl.Series("id", range(400)), "t")


@pytest.mark.parametrize("kind", ["number", "class"])
def test_the_target_in_other_words_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str) -> None:
    y = pl.Series("y", X + RNG.normal(size=400))
    frame = pl.DataFrame({"x": X, "y": y, "cents": 100 * y, "code": y.round(1)})
    if kind == "class":
        classes = pl.Series("y", RNG.choice(["in", "out", "off"], 400))
        frame = pl.DataFrame({"x": X, "y": classes, "cents": classes.replace_strict({"in": 1, "out": 2, "off": 3})})
        frame = frame.with_columns(
            code=pl.when(pl.int_range(400) == 7).then(pl.col("cents") % 3 + 1).otherwise("cents")
        )  # one row differs
    wanted = (
        "the column 'cents' tells the target in every row; if that is not known before the target is, leave it out by ignore="
    )
    assert f"{wanted}[cents]." in said(tmp_path, caplog, frame)
    assert not said(tmp_path, caplog, frame, ignore=["cents"])


def test_what_says_more_or_less_than_the_target_is_no_copy() -> None:
    classes = pl.Series(["a", "b"] * 50)
    assert tells_target(pl.Series([True, False] * 50), classes, is_class=True)
    assert not tells_target(pl.Series([1, 2, 3, 2] * 25), classes, is_class=True)  # a good predictor, not another name
    assert not tells_target(pl.Series([1, 1] * 50), classes, is_class=True)
    assert not tells_target(pl.Series([1, 2] * 5), classes.head(10), is_class=True)
    number = pl.Series(X)
    assert tells_target(-3 * number + 2, number, is_class=False)
    assert tells_target(pl.Series([None, *X[1:]]), number, is_class=False)
    for other in (number.exp(), pl.Series([0.0] * 400), number + 1e-3 * pl.Series(RNG.normal(size=400))):
        assert not tells_target(other, number, is_class=False)
    assert not tells_target(pl.Series([float("inf"), *X[1:]]), number, is_class=False)


def test_classes_without_a_row_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    frame = pl.DataFrame({"x": X, "y": ["a", "b"] * 197 + ["c"] * 6, "part": ["train"] * 394 + ["valid"] + ["train"] * 5})
    wanted = "no row of the valid split has the classes 'a', 'b', so its metrics say nothing of these."
    assert wanted in said(tmp_path, caplog, frame, split_column="part")
    assert not said(tmp_path, caplog, frame.drop("part"))  # stratified
    labels = np.array([0, 0, 0, 1, 2], np.uint8)
    found = absent_classes(pl.Series(["a", "b", None, "a", "b"]), labels, "t")
    assert [each.split(",")[0] for each in found] == [
        "t: no row of the valid split has the class 'b'",
        "t: no row of the test split has the class 'a'",
    ]


def test_a_skewed_target_has_a_logarithm(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    price = np.exp(10 + 2 * RNG.normal(size=400))
    said_of_it = said(tmp_path, caplog, pl.DataFrame({"x": X, "price": price}), target="price")
    assert "the target 'price' is above 0 and skewed (skewness " in said_of_it
    assert "log_target=true" in said_of_it
    price[399] = 0.0  # whichever split it is in
    assert "log_target" not in said(tmp_path / "zero", caplog, pl.DataFrame({"x": X, "price": price}), target="price")
    for other in (price - 1e6, 100 + X, np.maximum(price, 20_000), RNG.poisson(3, 400) + 1):
        assert "log_target" not in "".join(skewed_target(pl.Series("y", other), "t")) or other is price
