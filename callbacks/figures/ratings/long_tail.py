"""The long tail: how much of what is rated or chosen, and of what is recommended, falls on the few popular items.

**What it shows.** ``figures/long_tail.png``: with items in the order of their popularity, the share of training's
interactions (ratings or clicks), of held-out ones and of recommendations that the most popular items hold. A curve of
recommendations far above that of the interactions means that the recommender shows everybody the same.

**Source.** Anderson 2006, "The Long Tail"; Cremonesi, Koren & Turrin 2010 (popularity in top-k recommendation).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor

from ...files.output_path import output_path
from ...ranking.contracts import require_recommender, seen_pairs
from ...ranking.user_items import UserItems, top_items
from ..canvas import BLUE, GRID, INK, ORANGE, new_figure
from ..figure_callback import FigureCallback

Numbers = np.ndarray[Any, np.dtype[np.float64]]


_CAPTION = (
    "A curve of recommendations far above that of the interactions means that everybody is shown the same popular items: "
    "coverage and novelty measure it, so compare other settings by them, too."
)


def describe_long_tail(shares: Mapping[str, Numbers], part: float = 0.1) -> str:
    """Say in words what :func:`draw_long_tail` shows.

    Args:
        shares: Of :func:`cumulative_shares`.
        part: Of the items, the most popular ones.
    """
    held = ", ".join(f"{share[max(0, round(part * len(share)) - 1)]:.0%} of {name}" for name, share in shares.items())
    return f"The {part:.0%} most popular items hold {held}."


def cumulative_shares(popularity: Tensor, chosen: Mapping[str, Tensor]) -> dict[str, Numbers]:
    """Compute the share of choices that falls on the most popular items.

    Args:
        popularity: Number of interactions of each item ``int64 [items]``.
        chosen: Items ``int64``, of any shape, by name.

    Returns:
        By name ``[items]``: the share that falls on the 1, 2, ... most popular items.
    """
    order = popularity.argsort(descending=True, stable=True)
    shares = {}
    for name, items in chosen.items():
        counts = torch.bincount(items.flatten(), minlength=len(popularity))[order].double()
        shares[name] = (counts.cumsum(0) / counts.sum().clamp(min=1)).numpy()
    return shares


def draw_long_tail(shares: Mapping[str, Numbers]) -> Figure:
    """Draw cumulative shares by name, each ``[items]``."""
    figure = new_figure(6, 4.4)
    axes = figure.add_subplot()
    for (name, share), colour in zip(shares.items(), (INK, BLUE, ORANGE), strict=True):
        axes.plot(np.arange(1, len(share) + 1) / len(share), share, color=colour, label=name)
    axes.set_xlabel("share of items, the most popular first")
    axes.set_ylabel("cumulative share")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.grid(color=GRID)
    axes.legend(loc="lower right", frameon=False)
    return figure


class LongTail(FigureCallback):
    """Draws the long tail of interactions and recommendations after a test.

    Needs a module with ``scores(users)``, which takes codes ``int64 [B]`` and returns ``[B, items]``, and ``item_count``; and a
    data module with ``pairs(split)``, users and items of a split ``int64 [N]`` each, from 0, and ``tests_on``.

    Args:
        folder: Folder of ``long_tail.png``, relative to ``trainer.default_root_dir``.
        k: Length of the lists.
        users: Number of users whose lists are used, at most, the first ones.

    Raises:
        MisconfigurationException: A number is below 1, or the module or data module lacks one of these.

    Example:
        >>> import torch
        >>> from practicum.callbacks import LongTail
        >>> from practicum.callbacks.figures.ratings.long_tail import cumulative_shares
        >>> callback = LongTail(k=5)  # Trainer(callbacks=[callback]) draws figures/long_tail.png after a test
        >>> shares = cumulative_shares(torch.tensor([1, 3]), {"interactions in training": torch.tensor([0, 1, 1, 1])})
        >>> shares["interactions in training"].tolist()
        [0.75, 1.0]
    """

    def __init__(self, folder: str | os.PathLike[str] = "figures", k: int = 10, users: int = 2000) -> None:
        super().__init__()
        if k < 1 or users < 1:
            raise MisconfigurationException(f"LongTail: k={k} and users={users} must be at least 1.")
        self.folder, self.k, self.users = folder, k, users

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Raise if something is missing, before anything is trained."""
        if getattr(trainer, "datamodule", None) is not None:
            require_recommender(trainer, pl_module, type(self).__name__)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw."""
        if not trainer.is_global_zero:
            return
        module, data = require_recommender(trainer, pl_module, type(self).__name__)
        trained, held, items = data.pairs("train"), data.pairs(data.tests_on), module.item_count
        users = trained[0].unique()[: self.users]
        best, scores = top_items(module.scores, users, UserItems(*seen_pairs(data)), items, self.k)
        recommended = best[scores > float("-inf")]
        chosen = {
            "interactions in training": trained[1],
            "held-out interactions": held[1],
            f"top-{self.k} recommendations": recommended,
        }
        shares = cumulative_shares(torch.bincount(trained[1], minlength=items), chosen)
        path = output_path(trainer, self.folder, "long_tail.png")
        self.write_figure(draw_long_tail(shares), path, "The long tail", _CAPTION, describe_long_tail(shares))
