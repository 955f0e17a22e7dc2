"""A person's page: what they liked, what is recommended to them, and what each of that resembles.

**What it shows.** ``figures/person.txt``: of some users the items they rated highest (or clicked on) in training, then the first
of their list, each with its predicted rating and the liked item that lies nearest by the cosine of the factors. It is the
quickest way to see whether a recommender makes sense.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, Trainer
from torch.nn.functional import normalize

from ...ranking.full_ranking import recommender_of
from ...ranking.user_items import PairsByUser, top_items
from ...run.atomic_file import atomic_write


class PersonPage(Callback):
    """Writes it after a test.

    Needs what :class:`.FullRanking` needs, a module with ``categories``, ``user``, ``item``, ``embedding_table(column)`` and
    ``rating_of_score(scores)``, and a data module with ``ratings(split)``, in the order of its pairs, and, for names,
    ``titles()``.

    Args:
        folder: Where it goes.
        users: Whose. Default: three, with few, middling and many ratings.
        count: Items of each list.

    Raises:
        MisconfigurationException: There is no such user.
    """

    watches_only = True

    def __init__(self, folder: str | os.PathLike[str], users: Sequence[str | int] | None = None, count: int = 10) -> None:
        super().__init__()
        self.path, self.users, self.count = Path(folder) / "person.txt", users, count

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Refuse users who are not there, before anything is trained."""
        self._chosen(pl_module, torch.zeros(0))

    def _chosen(self, module: Any, counts: torch.Tensor) -> list[int]:
        """Whose page is written, counted from 0, given how many items each has."""
        if self.users is None:
            order = counts.argsort(stable=True)
            return [int(order[round((len(counts) - 1) * share)]) for share in (0.1, 0.5, 0.95)] if len(counts) else []
        place = {name: row for row, name in enumerate(module.categories[module.user])}
        for name in map(str, self.users):
            if name not in place:
                raise MisconfigurationException(f"PersonPage: there is no {module.user} {name!r} in training.")
        return [place[str(name)] for name in self.users]

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write."""
        if not trainer.is_global_zero:
            return
        needs = ("categories", "user", "item", "embedding_table", "rating_of_score")
        module, data = recommender_of(trainer, pl_module, type(self).__name__, *needs, data_has=("ratings",))
        pairs, ratings = data.pairs("train"), data.ratings("train")
        ids = module.categories[module.user]
        counts = torch.bincount(pairs[0], minlength=len(ids))
        chosen = self._chosen(module, counts)
        titles = data.titles() if hasattr(data, "titles") else {}
        names = [titles.get(level, level) for level in module.categories[module.item]]
        unit = normalize(module.embedding_table(module.item).float().cpu(), dim=1)
        seen = PairsByUser(pairs[0], pairs[1], user_count=len(ids))
        best, scores = top_items(module.scores, torch.tensor(chosen), seen, module.item_count, self.count)
        rated, pages = ratings.unique().numel() > 1, []
        for row, user in enumerate(chosen):
            own = (pairs[0] == user).nonzero().squeeze(1)
            order = own[ratings[own].argsort(descending=True, stable=True)][: self.count]
            liked = pairs[1][order]
            lines = [f"{module.user} {ids[user]}: {len(own)} in training"]
            lines += ["", "Liked most" if rated else "Chose"]
            lines += [f"  {f'{float(ratings[at]):.3g}  ' if rated else ''}{names[int(pairs[1][at])]}" for at in order]
            lines += ["", "Recommended; and what of the above it resembles"]
            there = scores[row] > float("-inf")  # fewer where somebody has nearly all
            said = module.rating_of_score(scores[row][there])
            for item, number in zip(best[row][there].tolist(), said.tolist(), strict=True):
                near = liked[(unit[liked] @ unit[item]).argmax()] if len(liked) else None
                like = "" if near is None else f"  (like {names[int(near)]})"
                lines.append(f"  {number:.2f}  {names[item]}{like}")
            pages.append("\n".join(lines))
        with atomic_write(self.path) as beside:
            beside.write_text("\n\n\n".join(pages) + "\n", encoding="utf-8")
