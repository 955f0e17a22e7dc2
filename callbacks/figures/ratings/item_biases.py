"""Items' biases: what is rated above or below the mean by everybody, beyond what its popularity tells.

**What it shows.** ``figures/item_biases.png``: each item's bias beside the number of its ratings, with the straight line (on the
logarithm of that number) that popularity alone would give; the items farthest above and below it are named.

**Source.** fast.ai's collaborative filtering lesson ("interpreting embeddings and biases").
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, Trainer

from ...ranking.full_ranking import recommender_of
from ..canvas import BLUE, GRID, ORANGE, new_figure, save_figure


class ItemBiases(Callback):
    """Draws them after a test; nothing where the module has no biases.

    Needs a module with ``bias(column)``, ``item`` (the column's name) and ``categories``, and a data module with
    ``pairs(split)`` and, for names, ``titles()``.

    Args:
        folder: For the picture.
        named: Items named on each side.
        least: Ratings that an item must have to be named.

    Raises:
        MisconfigurationException: A number below 1.
    """

    watches_only = True

    def __init__(self, folder: str | os.PathLike[str], named: int = 12, least: int = 20) -> None:
        super().__init__()
        if named < 1 or least < 1:
            raise MisconfigurationException(f"ItemBiases: named={named} and least={least} must be at least 1.")
        self.folder, self.named, self.least = Path(folder), named, least

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw."""
        if not trainer.is_global_zero or not hasattr(pl_module, "bias"):
            return
        module, data = recommender_of(trainer, pl_module, type(self).__name__)
        counts = torch.bincount(data.pairs("train")[1], minlength=module.item_count).double().numpy()
        bias = module.bias(module.item).double().cpu().numpy()
        logs = np.log10(np.maximum(counts, 1))
        slope, start = np.polyfit(logs, bias, 1) if np.ptp(logs) > 0 else (0.0, float(bias.mean()))
        beyond = bias - (start + slope * logs)
        enough = np.flatnonzero(counts >= min(self.least, counts.max()))
        order = enough[np.argsort(beyond[enough])]
        titles = data.titles() if hasattr(data, "titles") else {}
        names = [titles.get(level, level) for level in module.categories[module.item]]

        figure = new_figure(12, 6)
        scatter, listed = figure.subplots(1, 2)
        scatter.grid(color=GRID)
        scatter.set_axisbelow(True)
        scatter.scatter(np.maximum(counts, 1), bias, s=10, color=BLUE, alpha=0.5)
        ends = np.array([1, max(2, counts.max())])
        scatter.plot(ends, start + slope * np.log10(ends), color=ORANGE, label="as its popularity has it")
        scatter.set_xscale("log")
        scatter.set_xlabel("ratings in training")
        scatter.set_ylabel("bias")
        scatter.legend(loc="upper left", frameon=False)

        count = min(self.named, len(order) // 2)
        shown = [*order[:count], *order[len(order) - count :]]
        places = np.arange(len(shown)) + (np.arange(len(shown)) >= count)  # a gap between worst and best
        listed.barh(places, beyond[shown], color=[ORANGE] * count + [BLUE] * count)
        listed.set_yticks(places, [_short(names[row]) for row in shown], fontsize=8)
        listed.set_xlabel("bias beyond its popularity")
        listed.grid(color=GRID, axis="x")
        listed.set_axisbelow(True)
        listed.set_title(f"of {len(enough):,} items with {int(min(self.least, counts.max()))} ratings or more")
        save_figure(figure, self.folder / "item_biases.png")


def _short(name: str, most: int = 42) -> str:
    return name if len(name) <= most else name[: most - 3] + "..."
