"""The long tail: how much of what is rated, and of what is recommended, falls to the few popular items.

**What it shows.** ``figures/long_tail.png``: with items in the order of their popularity, the share of training's ratings, of
held-out ones and of everybody's recommendations that the first so many hold. A curve of recommendations far above that of the
ratings says that the recommender shows everybody the same.

**Source.** Anderson 2006, "The Long Tail"; Cremonesi, Koren & Turrin 2010 (popularity in top-k recommendation).
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from practicum.lightning_shim import Callback, LightningModule, Trainer

from ...ranking.full_ranking import recommender_of
from ...ranking.user_items import PairsByUser, top_items
from ..canvas import BLUE, GRID, INK, ORANGE, new_figure, save_figure


class LongTail(Callback):
    """Draws it after a test.

    Needs what :class:`.FullRanking` needs.

    Args:
        folder: For the picture.
        k: Length of the lists.
        users: Whose lists are looked at, at most: the first so many.
    """

    watches_only = True

    def __init__(self, folder: str | os.PathLike[str], k: int = 10, users: int = 2000) -> None:
        super().__init__()
        self.folder, self.k, self.users = Path(folder), k, users

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw."""
        if not trainer.is_global_zero:
            return
        module, data = recommender_of(trainer, pl_module, type(self).__name__)
        seen, held, items = data.pairs("train"), data.pairs(data.tests_on), module.item_count
        users = seen[0].unique()[: self.users]
        best, scores = top_items(module.scores, users, PairsByUser(*seen), items, self.k)
        best = best[scores > float("-inf")]
        counts = torch.bincount(seen[1], minlength=items)
        order = counts.argsort(descending=True, stable=True)
        figure = new_figure(7, 5)
        axes = figure.add_subplot()
        x = np.arange(1, items + 1) / items
        curves = (("ratings in training", seen[1], INK), ("held out", held[1], BLUE), (f"first {self.k} of lists", best, ORANGE))
        for label, chosen, colour in curves:
            falls = torch.bincount(chosen.flatten(), minlength=items)[order].double()
            axes.plot(x, (falls.cumsum(0) / falls.sum().clamp(min=1)).numpy(), color=colour, label=label)
        axes.set_xlabel("share of items, the most rated first")
        axes.set_ylabel("share that falls to them")
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1.02)
        axes.grid(color=GRID)
        axes.legend(loc="lower right", frameon=False)
        save_figure(figure, self.folder / "long_tail.png")
