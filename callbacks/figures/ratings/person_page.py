"""A user's page: what a user liked, what is recommended, and which liked item each recommendation resembles.

**What it shows.** ``figures/person.txt``: for some users the items they rated highest (or clicked on) in training, then the top
of their list, each item with its predicted rating and the liked item of highest cosine similarity. It is the quickest way to
see whether a recommender makes sense.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor
from torch.nn.functional import normalize

from ...files.output_path import output_path
from ...ranking.contracts import require_recommender, seen_pairs
from ...ranking.user_items import UserItems, top_items
from ..figure_callback import FigureCallback
from ..page_table import PageTable, TableSheet, save_tables

_MODULE_HAS = ("categories", "user", "item", "embedding_table", "scores_to_ratings")
_SHARES = (0.1, 0.5, 0.95)  # of the users, by their number of ratings: whose pages are written if none are named


class UserSummary(NamedTuple):
    """What stands on a user's page.

    Attributes:
        user: Who, for example ``user 196``.
        total: Number of items in training.
        liked: The highest-rated items with their ratings; ``None`` for a click.
        recommended: The top of the list: predicted rating, item and the liked item that it resembles, if any.
    """

    user: str
    total: int
    liked: list[tuple[str, float | None]]
    recommended: list[tuple[float, str, str | None]]


_CAPTION = (
    "What a few users chose, up to ten items of it, and what they would be shown, by score, with the most similar of those "
    "items: recommendations should go with what they chose; where all users get the same items, train for more epochs."
)


def page_tables(summary: UserSummary) -> list[PageTable]:
    """Return a user's page as two tables."""
    rated = any(rating is not None for _, rating in summary.liked)
    liked = [[name, *([f"{rating:.3g}"] if rating is not None else [])] for name, rating in summary.liked]
    recommended = [[f"{rating:.2f}", name, like] for rating, name, like in summary.recommended]
    return [
        PageTable(
            f"{summary.user}, {summary.total} items in training", ["rated highest", "rating"] if rated else ["chosen"], liked
        ),
        PageTable(f"{summary.user}, recommended", ["score", "item", "most similar of those"], recommended, beside=True),
    ]


def format_page(summary: UserSummary) -> str:
    """Return a user's page as text."""
    rated = any(rating is not None for _, rating in summary.liked)
    lines = [f"{summary.user}: {summary.total} in training", "", "Rated highest" if rated else "Chosen"]
    lines += [f"  {'' if rating is None else f'{rating:.3g}  '}{name}" for name, rating in summary.liked]
    lines += ["", "Recommended, with the most similar of the above"]
    for rating, name, like in summary.recommended:
        lines.append(f"  {rating:.2f}  {name}{'' if like is None else f'  (like {like})'}")
    return "\n".join(lines)


def most_similar(vectors: Tensor, item: int, others: Tensor) -> int | None:
    """Return which of ``others`` ``int64 [N]`` has the highest cosine similarity to an item, or ``None`` if there are none.

    Args:
        vectors: Of all items ``[items, E]``, of unit length.
        item: The item.
        others: Items to choose from.
    """
    return int(others[(vectors[others] @ vectors[item]).argmax()]) if len(others) else None


class PersonPage(FigureCallback):
    """Writes the pages of some users after a test.

    Needs a module with ``scores(users)``, which takes codes ``int64 [B]`` and returns ``[B, items]``, ``item_count``,
    ``categories``, ``user``, ``item``, ``embedding_table(column)`` and ``scores_to_ratings(scores)``; and a data module with
    ``pairs(split)``, ``tests_on``, ``ratings(split)``, in the order of its pairs, and, for names, ``titles()``.

    Args:
        folder: Folder of ``person.txt``, relative to ``trainer.default_root_dir``.
        users: Whose pages. Default: three users, with few, a median number of and many ratings.
        count: Number of items in each list, at most.

    Raises:
        MisconfigurationException: There is no such user, ``count`` is below 1, or the module or data module lacks one of these.

    Example:
        >>> from practicum.callbacks import PersonPage
        >>> from practicum.callbacks.figures.ratings.person_page import UserSummary, format_page
        >>> callback = PersonPage(users=[196])  # Trainer(callbacks=[callback]) writes figures/person.txt after a test
        >>> print(format_page(UserSummary("user 196", 39, [("Fargo", 5.0)], [(4.71, "Heat", "Fargo")])))
        user 196: 39 in training
        <BLANKLINE>
        Rated highest
          5  Fargo
        <BLANKLINE>
        Recommended, with the most similar of the above
          4.71  Heat  (like Fargo)
    """

    def __init__(
        self, folder: str | os.PathLike[str] = "figures", users: Sequence[str | int] | None = None, count: int = 10
    ) -> None:
        super().__init__()
        if count < 1:
            raise MisconfigurationException(f"PersonPage: count={count} must be at least 1.")
        self.folder, self.users, self.count = folder, users, count

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Raise if a user is unknown or something is missing, before anything is trained."""
        if getattr(trainer, "datamodule", None) is not None:
            require_recommender(trainer, pl_module, type(self).__name__, _MODULE_HAS, data_has=("ratings",))
        self._chosen(pl_module, torch.zeros(0))

    def _chosen(self, module: Any, counts: Tensor) -> list[int]:
        """Return the codes of the users whose pages are written, given the number of items of each ``[users]``."""
        if self.users is None:
            order = counts.argsort(stable=True)
            return [int(order[round((len(counts) - 1) * share)]) for share in _SHARES] if len(counts) else []
        code_of = {name: code for code, name in enumerate(module.categories[module.user])}
        for name in map(str, self.users):
            if name not in code_of:
                raise MisconfigurationException(f"PersonPage: there is no {module.user} {name!r} in training.")
        return [code_of[str(name)] for name in self.users]

    def summaries(self, module: Any, data: Any) -> list[UserSummary]:
        """Return what stands on each page.

        Args:
            module: A recommender, as the class needs it.
            data: Its data module.
        """
        pairs, ratings = data.pairs("train"), data.ratings("train")
        ids = module.categories[module.user]
        chosen = self._chosen(module, torch.bincount(pairs[0], minlength=len(ids)))
        titles = data.titles() if hasattr(data, "titles") else {}
        names = [titles.get(level, level) for level in module.categories[module.item]]
        unit = normalize(module.embedding_table(module.item).float().cpu(), dim=1)
        seen = UserItems(*seen_pairs(data), user_count=len(ids))
        best, scores = top_items(module.scores, torch.tensor(chosen), seen, module.item_count, self.count)
        rated, found = ratings.unique().numel() > 1, []
        for row, user in enumerate(chosen):
            own = (pairs[0] == user).nonzero().squeeze(1)
            order = own[ratings[own].argsort(descending=True, stable=True)][: self.count]
            liked = [(names[int(pairs[1][at])], float(ratings[at]) if rated else None) for at in order]
            left = scores[row] > float("-inf")  # fewer where a user has nearly all items
            predicted = module.scores_to_ratings(scores[row][left])
            recommended = []
            for item, rating in zip(best[row][left].tolist(), predicted.tolist(), strict=True):
                like = most_similar(unit, item, pairs[1][order])
                recommended.append((rating, names[item], None if like is None else names[like]))
            found.append(UserSummary(f"{module.user} {ids[user]}", len(own), liked, recommended))
        return found

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write."""
        if not trainer.is_global_zero:
            return
        module, data = require_recommender(trainer, pl_module, type(self).__name__, _MODULE_HAS, data_has=("ratings",))
        summaries, path = self.summaries(module, data), output_path(trainer, self.folder, "person.txt")
        self.write_list("\n\n\n".join(map(format_page, summaries)), path)
        tables = [table for summary in summaries for table in page_tables(summary)]
        save_tables(TableSheet("Recommendations for a few users", _CAPTION, tables), path.with_suffix(".json"))
