"""Biases of users and items are the minimum that ridge regression finds; unknown ones are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from practicum.cli.baselines.ratings import UserItemBiases, rating_baselines
from practicum.datamodules import Ratings
from practicum.modules.objectives.regression import Regression
from sklearn.linear_model import Ridge

RNG = np.random.default_rng(1)


def pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    x = np.unique(np.column_stack([RNG.integers(1, 21, count), RNG.integers(1, 16, count)]), axis=0)
    return x, 3 + x[:, 0] / 20 - x[:, 1] / 15 + RNG.normal(size=len(x)) / 5


def test_biases_are_the_ridge_solution() -> None:
    x, y = pairs(200)
    fitted = UserItemBiases(damping=5, passes=60).fit(x, y)
    one_hot = np.hstack([np.eye(21)[x[:, 0]], np.eye(16)[x[:, 1]]])
    exact = Ridge(alpha=5, fit_intercept=False).fit(one_hot, y - y.mean())
    assert fitted.predict(x) == pytest.approx(y.mean() + exact.predict(one_hot), abs=1e-5)
    assert UserItemBiases().fit(x, y).predict(x) == pytest.approx(fitted.predict(x), abs=0.02)  # ten passes come near


def test_unknown_users_and_items_have_no_bias() -> None:
    x, y = pairs(200)
    fitted = UserItemBiases().fit(x, y)
    assert fitted.predict(np.array([[0, 0], [99, 99]])).tolist() == [y.mean()] * 2


def test_ratings_beside_the_mean(tmp_path: Path) -> None:
    x, y = pairs(250)
    frame = pl.DataFrame({"user": x[:, 0], "item": x[:, 1], "rating": y})
    data = Ratings(frame, valid_fraction=0.3, cache=tmp_path)
    data.prepare_data()
    data.setup("fit")
    found = rating_baselines(data, Regression(data.describe()["target"], bounded=True, relative_metrics=False))
    rows = {name: data.arrays().rows[name] for name in ("train", "valid")}
    mean = y[rows["train"]].mean()
    assert found.metrics["mean"]["rmse"] == pytest.approx(np.sqrt(np.square(y[rows["valid"]] - mean).mean()), rel=1e-5)
    assert found.metrics["biases"]["rmse"] < 0.9 * found.metrics["mean"]["rmse"]
    assert list(found.advice) == ["biases"]
    assert found.advice["biases"].startswith("try a higher model.l2 or a smaller model.factors")
    objective = Regression(data.describe()["target"], bounded=True, relative_metrics=False)
    assert rating_baselines(data, objective, l2=0.1).advice["biases"].startswith("try -m model.l2=0.2,0.4,0.8 or a smaller")
