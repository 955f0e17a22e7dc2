"""What ``predict.py`` does with a recommender besides rating pairs: lists, neighbours, new people, factors for an index."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from hydra.utils import get_class
from practicum.callbacks.ranking.user_items import PairsByUser, top_items
from practicum.callbacks.run.atomic_file import atomic_write
from practicum.datamodules.tabular.readers import read_table, require
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor
from torch.nn.functional import normalize

from .ann_index import indexed_top, recall_of
from .run_folder import Run

NEW = "new"  # what somebody is called whose ratings come without a name


def is_recommender(run: Run) -> bool:
    """Whether a run's model ranks items for users."""
    return hasattr(get_class(run.config.model._target_), "scores")


class Recommendations:
    """A recommender's run, opened.

    Args:
        run: The run.

    Raises:
        MisconfigurationException: Its files are not there.
    """

    def __init__(self, run: Run) -> None:
        self.model: Any = run.model().eval()
        self.users: list[str] = self.model.categories[self.model.user]
        self.items: list[str] = self.model.categories[self.model.item]
        self.place = {level: row for row, level in enumerate(self.items)}
        self.folder = Path(run.config.paths.run)
        self.rating, self.liked_from = run.config.data.get("rating"), run.config.data.get("liked_from")

    def _file(self, name: str) -> pl.DataFrame:
        path = self.folder / name
        if not path.is_file():
            raise MisconfigurationException(f"{path}: no such file; a run of ratings leaves it there, take all of the run.")
        return pl.read_parquet(path)

    def _titles(self) -> dict[str, str]:
        frame = self._file("items.parquet")
        pairs = zip(frame["item"], frame["title"], strict=True)
        return {} if frame["item"].equals(frame["title"]) else dict(pairs)

    def _named(self, items: list[str]) -> dict[str, list[str]]:
        """A column of ids and, where they are known, of titles."""
        titles = self._titles()
        columns = {self.model.item: items}
        return columns | ({"title": [titles[item] for item in items]} if titles else {})

    def seen(self) -> PairsByUser:
        """What everybody has, in training and where it was measured."""
        pairs = self._file("seen.parquet")
        users, items = (torch.from_numpy(pairs[name].to_numpy().astype(np.int64)) - 1 for name in ("user", "item"))
        return PairsByUser(users, items, user_count=len(self.users))

    # Lists ------------------------------------------------------------------------------------------------------------

    def top(self, source: str | None, k: int, index: str | None) -> dict[str, list[Any]]:
        """The best ``k`` items that users do not have.

        Args:
            source: A table with the column of users; ``None``: all.
            k: Length of a list.
            index: ``flat`` or ``hnsw`` of faiss; ``None``: by one product.
        """
        names, users = self.users, torch.arange(len(self.users))
        if source is not None:
            asked = read_table(Path(source)).collect()
            require(f"input={source}", asked.columns, [self.model.user])
            place = {level: row for row, level in enumerate(self.users)}
            wanted = [str(user) for user in asked[self.model.user].unique(maintain_order=True)]
            names = [user for user in wanted if user in place]
            if len(names) < len(wanted):
                stranger = next(user for user in wanted if user not in place)
                print(
                    f"{len(wanted) - len(names):,} of {len(wanted):,} users were not in training (such as {stranger}); give what "
                    "they rated, fold_in=RATINGS.csv."
                )
            if not names:
                raise MisconfigurationException(f"input={source}: none of its users was in training; fold_in=RATINGS.csv.")
            users = torch.tensor([place[name] for name in names])
        seen = self.seen()
        if index is None:
            best, scores = top_items(self.model.scores, users, seen, len(self.items), k)
        else:
            self._needs("factors", f"index={index}")
            of_users, of_items = self.model.factors()
            best, scores = indexed_top(index, of_users[users], of_items, seen, users, k)
            some = torch.randperm(len(users), generator=torch.Generator().manual_seed(1))[:1000]
            exact, _ = top_items(self.model.scores, users[some], seen, len(self.items), k)
            print(f"index={index}: {recall_of(best[some], exact):.1%} of the items of exact lists ({len(some):,} users).")
        return self._lists(names, best, scores)

    def _lists(self, names: list[str], best: Tensor, scores: Tensor) -> dict[str, list[Any]]:
        there = scores > float("-inf")
        rows, places = there.nonzero(as_tuple=True)
        said = self.model.rating_of_score(scores[there]).tolist()
        return {
            self.model.user: [names[row] for row in rows.tolist()],
            "rank": (places + 1).tolist(),
            **self._named([self.items[item] for item in best[there].tolist()]),
            "predicted" if hasattr(self.model.objective, "std") else "score": said,
        }

    def neighbours(self, item: str, k: int) -> dict[str, list[Any]]:
        """The ``k`` items nearest to one, by the cosine of their factors.

        Args:
            item: Its id, or its title.
            k: How many.
        """
        titles = self._titles()
        found = [item] if item in self.place else [level for level in self.items if titles.get(level) == item]
        if not found:
            near = next((level for level, title in titles.items() if item.lower() in title.lower()), None)
            hint = f"; did you mean {titles[near]!r} ({near})?" if near is not None else f"; ids are like {self.items[0]!r}."
            raise MisconfigurationException(f"neighbours={item}: there is no such item in training{hint}")
        vectors = normalize(self.model.embedding_table(self.model.item).float(), dim=1)
        row = self.place[found[0]]
        cosines = vectors @ vectors[row]
        cosines[row] = -2
        values, rows = cosines.topk(min(k, len(self.items) - 1))
        return {**self._named([self.items[each] for each in rows.tolist()]), "cosine": values.tolist()}

    # New people -------------------------------------------------------------------------------------------------------

    def new_people(self, source: str, pairs: str | None, k: int) -> dict[str, list[Any]]:
        """Lists for people who were not in training, or ratings of pairs, from what they rated.

        Args:
            source: A table of what they rated: the columns of items and of ratings and, of several people, of users.
            pairs: A table of pairs of them and items to predict; ``None``: their lists.
            k: Length of a list.
        """
        self._needs("fold_in", f"fold_in={source}")
        model, where = self.model, f"fold_in={source}"
        given = read_table(Path(source)).collect()
        rated = hasattr(model.objective, "std")
        judged = rated or (self.liked_from is not None and self.rating in given.columns)
        require(where, given.columns, [model.item, *([self.rating] if rated else [])])
        if not len(given):
            raise MisconfigurationException(f"{where}: holds no row; what somebody rated is wanted.")
        if model.user not in given.columns:
            given = given.with_columns(pl.lit(NEW).alias(model.user))
        if judged:
            numbers = given[self.rating].cast(pl.Float64, strict=False)
            wrong = (numbers.is_null() | numbers.is_nan() | numbers.is_infinite()).arg_true()
            if len(wrong):
                raise MisconfigurationException(
                    f"{where}: row {wrong[0] + 1:,} has no {self.rating} ({given[self.rating][wrong[0]]}); a number is wanted."
                )
            given = given.with_columns(numbers.alias(self.rating))
        names, rows, items, owners, strange = [], [], [], [], 0
        for (name,), own in given.group_by(model.user, maintain_order=True):
            codes = torch.tensor([self.place.get(str(item), -1) + 1 for item in own[model.item]])
            strange += int((codes == 0).sum())
            ratings = torch.tensor(own[self.rating].to_list(), dtype=torch.float64) if judged else None
            names.append(str(name))
            if rated or ratings is None:
                rows.append(model.fold_in(codes, ratings))
            else:  # as in training, those from here on were liked; the others were only seen
                rows.append(model.fold_in(codes[ratings >= self.liked_from]))
            items.append(codes[codes > 0] - 1)
            owners.append(torch.full((int((codes > 0).sum()),), len(names) - 1))
        if strange:
            print(f"{strange:,} of {len(given):,} ratings are of items that were not in training; they are left out.")
        users = torch.stack(rows)
        _, of_items = model.factors()

        def scores(block: Tensor) -> Tensor:
            part = users[block]
            return part[:, 1:] @ of_items[:, :-2].T + part[:, :1] + of_items[:, -1]

        if pairs is not None:
            return self._new_pairs(pairs, names, scores, users[:, 0])
        seen = PairsByUser(torch.cat(owners), torch.cat(items), user_count=len(names))
        return self._lists(names, *top_items(scores, torch.arange(len(names)), seen, len(self.items), k))

    def _new_pairs(self, source: str, names: list[str], scores: Any, biases: Tensor) -> dict[str, list[Any]]:
        asked = read_table(Path(source)).collect()
        if self.model.user not in asked.columns and names == [NEW]:
            asked = asked.with_columns(pl.lit(NEW).alias(self.model.user))
        require(f"input={source}", asked.columns, [self.model.user, self.model.item])
        place = {name: row for row, name in enumerate(names)}
        strangers = [user for user in map(str, asked[self.model.user]) if user not in place]
        if strangers:
            raise MisconfigurationException(f"input={source}: of {self.model.user} {strangers[0]} fold_in has no rating.")
        users = torch.tensor([place[str(user)] for user in asked[self.model.user]])
        items = torch.tensor([self.place.get(str(item), -1) for item in asked[self.model.item]])
        # An item that is not known is an average one: of it somebody's own bias is said.
        said = torch.where(items >= 0, scores(torch.arange(len(names)))[users, items.clamp(min=0)], biases[users])
        if unknown := int((items < 0).sum()):
            print(f"{unknown:,} of {len(asked):,} items were not in training; the mean of all items stands in.")
        kind = "predicted" if hasattr(self.model.objective, "std") else "score"
        return {**asked.to_dict(as_series=False), kind: self.model.rating_of_score(said).tolist()}

    # Factors ----------------------------------------------------------------------------------------------------------

    def write_factors(self, folder: Path) -> None:
        """Leave vectors ``float32 [N, factors + 2]`` in ``users.parquet``, ``items.parquet``, ``users.npy`` and ``items.npy``.

        Biases are in the vectors: the inner product of a user's and an item's is the score of the pair.
        """
        self._needs("factors", "format=factors")
        folder.mkdir(parents=True, exist_ok=True)
        for name, ids, vectors in zip(("users", "items"), (self.users, self.items), self.model.factors(), strict=True):
            numbers = vectors.float().numpy()
            columns = {"id": ids} if name == "users" else self._named(ids)
            with atomic_write(folder / f"{name}.parquet") as beside:
                kind = pl.Array(pl.Float32, numbers.shape[1])
                pl.DataFrame(columns).with_columns(pl.Series("vector", numbers, dtype=kind)).write_parquet(beside)
            with atomic_write(folder / f"{name}.npy") as beside, open(beside, "wb") as file:
                np.save(file, numbers)

    def _needs(self, method: str, option: str) -> None:
        if not hasattr(self.model, method):
            raise MisconfigurationException(f"{option}: {type(self.model).__name__} has no such factors; DotProductBias has.")
