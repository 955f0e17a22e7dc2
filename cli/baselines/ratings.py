"""Baselines of ratings: the mean, and the mean with biases of users and items.

**What it does.** A rating is the mean of all, plus how much higher the user rates, plus how much higher the item is rated. Each
bias is the mean of what is left over, damped: a user of one rating moves little. Users and items alternate.

**Defaults.** Damping of 5 ratings; 10 passes, after which little changes.

**Source.** Koren 2010, "Factor in the neighbors", section 2.1; damping as in LensKit's ``Bias``.
"""

from __future__ import annotations

import shlex
from typing import Any

import numpy as np
from practicum.modules.objectives.objective import Objective
from sklearn.base import BaseEstimator, RegressorMixin

from ..next_command import stronger
from .estimators import Examples, choose_rows, constant, fit_and_measure
from .found import Baselines, say_sample

ADVICE = "or a smaller model.factors against overfitting, or more epochs"
_MOST = 5_000_000  # ratings that are fitted within seconds
Array = np.ndarray[Any, Any]


class UserItemBiases(RegressorMixin, BaseEstimator):
    """A mean and damped biases of users and items, as a scikit-learn estimator.

    Minimizes the squared error plus ``damping`` times the sum of squared biases. An unknown user or item has no bias.

    Args:
        damping: Ratings' worth of evidence that a bias is zero.
        passes: Passes over the ratings.

    Shape:
        Inputs: codes of user and item ``[N, 2]``, from 1; 0 is unknown.

    Example:
        >>> import numpy as np
        >>> from practicum.cli.baselines.ratings import UserItemBiases
        >>> pairs, ratings = np.array([[1, 1], [1, 2], [2, 1], [2, 2]]), np.array([5.0, 3.0, 4.0, 2.0])
        >>> UserItemBiases(damping=0).fit(pairs, ratings).predict(np.array([[1, 1], [0, 0]])).tolist()
        [5.0, 3.5]
    """

    def __init__(self, damping: float = 5.0, passes: int = 10) -> None:
        self.damping = damping
        self.passes = passes

    def fit(self, x: Array, y: Array) -> UserItemBiases:
        """Fit to codes ``[N, 2]`` and ratings ``[N]``."""
        y = np.asarray(y, np.float64)
        self.mean_ = float(y.mean())
        self.biases_ = [np.zeros(int(x[:, side].max()) + 1) for side in (0, 1)]
        counts = [np.bincount(x[:, side], minlength=len(self.biases_[side])) for side in (0, 1)]
        for _ in range(self.passes):
            for side in (1, 0):  # items first, which have more ratings each
                left = y - self.mean_ - self.biases_[1 - side][x[:, 1 - side]]
                sums = np.bincount(x[:, side], left, minlength=len(self.biases_[side]))
                self.biases_[side] = sums / np.maximum(counts[side] + self.damping, 1e-12)
                self.biases_[side][0] = 0  # unknown
        return self

    def predict(self, x: Array) -> Array:
        """Ratings of pairs ``[N]``."""
        inside = [np.where(x[:, side] < len(self.biases_[side]), x[:, side], 0) for side in (0, 1)]
        result: Array = self.mean_ + self.biases_[0][inside[0]] + self.biases_[1][inside[1]]
        return result


def lists_advice(data: Any) -> str:
    """What to try where lists by ratings are worse than the most popular items.

    Args:
        data: As of :func:`rating_baselines`.
    """
    arrays = data.arrays()
    mean = arrays.targets[arrays.rows["train"]].mean()
    typed = shlex.join([f"data.rating={data.config.rating}", f"data.positive_threshold={mean:.3g}"])
    return (
        "ratings tell how much somebody likes what they chose, not what they will choose; "
        f"for recommendations learn from clicks, those above the mean (the same command with experiment=clicks {typed})"
    )


def rating_baselines(data: Any, objective: Objective, seed: int = 1, l2: float | None = None) -> Baselines:
    """Measure the baselines of ratings.

    Args:
        data: Has ``arrays()`` and ``tests_on``, as :class:`.Ratings`.
        objective: Of the network.
        seed: Seed of the sample of ratings, where there are many.
        l2: The network's penalty, of which stronger ones are advised; ``None``: it isn't known.
    """
    arrays = data.arrays()

    def rows(split: str) -> Array:
        return arrays.rows[split][choose_rows(len(arrays.rows[split]), _MOST, seed)]

    train, test = (Examples(arrays.codes[which, :2], arrays.targets[which]) for which in (rows("train"), rows(data.tests_on)))
    name, dummy = constant(objective)
    found = fit_and_measure(objective, {name: dummy, "biases": UserItemBiases()}, train, test)
    if arrays.weights is not None:  # the network's loss is weighted
        found = {each: {key: value for key, value in values.items() if key != "loss"} for each, values in found.items()}
    used = say_sample("ratings", *((len(each.y), len(arrays.rows[s])) for each, s in ((train, "train"), (test, data.tests_on))))
    first = "a higher model.l2" if l2 is None else f"-m model.l2={stronger(l2)}"
    return Baselines(found, {"biases": f"try {first} {ADVICE}"}, used)
