"""Baselines of tables: what scikit-learn says of the same rows, unseen categories, LightGBM only where it is."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from practicum.cli.baselines.tables import table_baselines
from practicum.datamodules import Table
from practicum.modules.objectives.classification import Classification
from practicum.modules.objectives.regression import Regression
from sklearn.linear_model import Ridge

RNG = np.random.default_rng(1)


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Any]:
    size, shop = RNG.normal(size=400), RNG.integers(0, 4, 400)
    split = np.repeat(["train", "valid", "test"], [240, 80, 80])
    price = 10 + 2 * size + shop * 1.5 + RNG.normal(size=400)
    frame = pl.DataFrame({"shop": [f"s{each}" for each in shop], "size": size, "split": split, "price": price})

    def make(**options: Any) -> Any:
        whole = frame.with_columns(
            pl.when(pl.arange(0, 400) == 399).then(pl.lit("new")).otherwise(pl.col("shop")).alias("shop"),
            dear=(pl.col("price") > 12).cast(pl.String),
        )
        data = Table(whole, split_column="split", cache=tmp_path, **options)
        data.prepare_data()
        data.setup("fit")
        return data, whole

    return make


@pytest.mark.parametrize("splits", [("train",), ("train", "valid")])
def test_a_linear_model_is_ridge_on_one_hot_categories(table: Callable[..., Any], splits: tuple[str, ...]) -> None:
    data, frame = table(target="price", ignore=["dear"], scaling="robust")
    found = table_baselines(data, Regression(data.describe()["target"]), splits)
    train, test = frame.filter(pl.col("split").is_in(splits)), frame.filter(pl.col("split") == "test")

    def inputs(part: pl.DataFrame) -> Any:
        one_hot = [(part["shop"] == f"s{each}").to_numpy() for each in range(4)]
        return np.column_stack([*one_hot, (part["size"] - train["size"].mean()) / train["size"].std(ddof=0)])

    predicted = Ridge().fit(inputs(train), train["price"]).predict(inputs(test))
    assert found.metrics["linear"]["rmse"] == pytest.approx(np.sqrt(np.square(predicted - test["price"]).mean()), rel=1e-3)
    assert found.metrics["mean"]["rmse"] == pytest.approx(
        np.sqrt(np.square(train["price"].mean() - test["price"]).mean()), rel=1e-5
    )


def test_classes(table: Callable[..., Any]) -> None:
    data, frame = table(target="dear", ignore=["price"])
    found = table_baselines(data, Classification(data.describe()["classes"])).metrics
    train, test = (frame.filter(pl.col("split") == each)["dear"] for each in ("train", "test"))
    assert found["prior"]["accuracy"] == pytest.approx((test == train.mode()[0]).mean())
    assert found["linear"]["accuracy"] > found["prior"]["accuracy"]


def test_lightgbm_is_there_where_it_is_installed(table: Callable[..., Any]) -> None:
    data, _ = table(target="price", ignore=["dear"])
    found = table_baselines(data, Regression(data.describe()["target"])).metrics
    there = importlib.util.find_spec("lightgbm") is not None
    assert set(found) == {"mean", "linear", *(["lightgbm"] if there else [])}
    if there:
        assert found["lightgbm"]["rmse"] < found["mean"]["rmse"]
