"""Baselines of tables: the mean or the classes' frequencies, a linear model, and LightGBM where it is installed.

**What it does.** The linear model (ridge or logistic regression) sees what the network sees: categories one-hot, numbers
standardised. LightGBM at its defaults gets the same categories as categories. Where the network was trained anew on training and
validation rows, so are they.

**Source.** Ke et al. 2017, "LightGBM"; that trees are hard to beat on tables: Grinsztajn et al. 2022.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any

import numpy as np
from practicum.modules.objectives.objective import Objective
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from .estimators import Examples, choose_rows, constant, fit_and_measure, for_objective, linear, row_limit
from .found import Baselines, say_sample

ADVICE = "try more epochs, another optimizer.lr (callbacks=[table,lr_find]), and look for mistakes in columns.csv"


def table_baselines(data: Any, objective: Objective, splits: Sequence[str] = ("train",), seed: int = 1) -> Baselines:
    """Measure the baselines of a table.

    Args:
        data: Has ``arrays()`` and ``tests_on``, as :class:`.Table`.
        objective: Of the network.
        splits: Whose rows they are fitted to.
        seed: Seed of the sample of rows, where there are many.
    """
    arrays = data.arrays()
    categories, numbers = arrays.codes.shape[1], arrays.numbers.shape[1]
    rows = np.concatenate([arrays.rows[split] for split in splits])
    chosen = rows[choose_rows(len(rows), row_limit(categories + numbers, objective.outputs), seed)]
    tested = arrays.rows[data.tests_on]
    measured = tested[choose_rows(len(tested), 1_000_000, seed)]

    def examples(which: np.ndarray[Any, Any]) -> Examples:
        return Examples(np.hstack([arrays.codes[which], arrays.numbers[which]]).astype(np.float64), arrays.targets[which])

    name, dummy = constant(objective)
    estimators = {name: dummy, "linear": make_pipeline(_inputs(categories, numbers), linear(objective))}
    if importlib.util.find_spec("lightgbm") is not None:
        estimators["lightgbm"] = _lightgbm(objective)
    named = {"lightgbm": {"categorical_feature": list(range(categories))}}
    found = fit_and_measure(objective, estimators, examples(chosen), examples(measured), fit_options=named)
    return Baselines(found, {"linear": ADVICE}, say_sample("rows", (len(chosen), len(rows)), (len(measured), len(tested))))


def _inputs(categories: int, numbers: int) -> ColumnTransformer:
    """Categories, which come first, one-hot; numbers standardised."""
    places = list(range(categories + numbers))
    return ColumnTransformer(
        [
            ("one_hot", OneHotEncoder(handle_unknown="ignore"), places[:categories]),
            ("numbers", StandardScaler(), places[categories:]),
        ]
    )


def _lightgbm(objective: Objective) -> Any:
    import lightgbm  # noqa: PLC0415 - an optional package

    # One thread: its threads wait for each other, and where cores are shared a second becomes a minute.
    options: dict[str, Any] = {"verbose": -1, "n_jobs": 1}
    return for_objective(objective, lightgbm.LGBMRegressor(**options), lightgbm.LGBMClassifier(**options))
