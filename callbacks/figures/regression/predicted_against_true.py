"""Predicted against true: each row of a test a point, the diagonal where they are equal.

**What it shows.** Where the model says too much or too little, and how widely it scatters. ``figures/predicted_true.png``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..canvas import INK, new_figure, save_figure
from .regression_figure import Numbers, NumbersOfTest, relative_or_absolute


class PredictedAgainstTrue(NumbersOfTest):
    """Draws them, beside the distribution of errors; needs what :class:`.NumbersOfTest` does."""

    def show(self, predicted: Numbers, true: Numbers, columns: dict[str, list[Any]]) -> None:
        """Draw."""
        figure = new_figure(10, 4.6)
        left, right = figure.subplots(1, 2)
        both = np.concatenate([predicted, true])
        low, high = float(both.min()), float(both.max())
        positive = low > 0 and high > 20 * low
        scale = "log" if positive else "linear"
        grid = left.hexbin(true, predicted, gridsize=60, mincnt=1, bins="log", cmap="Blues", xscale=scale, yscale=scale)
        figure.colorbar(grid, ax=left, label="rows")
        left.plot([low, high], [low, high], color=INK, linewidth=0.8, linestyle="--")
        left.set_xlabel("true")
        left.set_ylabel("predicted")
        errors, name = relative_or_absolute(predicted, true)
        inner = np.quantile(errors, [0.005, 0.995])
        right.hist(np.clip(errors, *inner), bins=60, color="#3366cc")
        right.axvline(0, color=INK, linewidth=0.8, linestyle="--")
        right.set_xlabel(f"{name} (the outer 1 % at the edges)")
        right.set_ylabel("rows")
        right.set_title(f"median {np.median(errors):+.3g}, half within {np.quantile(np.abs(errors), 0.5):.3g}")
        save_figure(figure, self.folder / "predicted_true.png")
