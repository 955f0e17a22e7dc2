"""A recommender's run, opened: its model, its users and items, and what they have rated."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from omegaconf import DictConfig, OmegaConf
from practicum.callbacks.ranking.user_items import UserItems
from practicum.datamodules.ratings.ids import RunIds
from practicum.datamodules.tabular.new_rows import RowsAsRead
from practicum.lightning_shim import MisconfigurationException
from practicum.modules import DotProductBias
from practicum.modules.base.recommender import Recommender
from practicum.modules.objectives.regression import Regression
from torch import Tensor

from .run_folder import Run


def is_recommender(run: Run) -> bool:
    """Whether a run's model ranks items for users."""
    return issubclass(run.model_class, Recommender)


class RecommenderRun:
    """A run of a recommender, opened.

    Args:
        run: The run.

    Attributes:
        model: Its module, in evaluation mode.
        users: Ids of users, in the order of their rows.
        items: Ids of items, in the order of their rows.
        rating: The column of ratings; ``None`` for interactions without ratings.
        positive_threshold: Rating from which on an interaction counted as positive; ``None``: all did.
        scale: Least and greatest rating; ``None``: those of training's ratings.
        duplicates: What counted if a pair occurred more than once: the ``last``, the ``mean`` or the ``max``; or it was refused.
        header: Column names that its file was given in place of a header line; ``None``: none.
        csv_format: What the run was told of its table's format, see :class:`practicum.datamodules.Ratings`.
    """

    def __init__(self, run: Run) -> None:
        self.model: Any = run.model().eval()
        self.users: list[str] = self.model.categories[self.model.user]
        self.items: list[str] = self.model.categories[self.model.item]
        self.folder = Path(run.config.paths.run)
        self.rating: str | None = run.config.data.get("rating")
        self.positive_threshold: float | None = run.config.data.get("positive_threshold")
        self.scale: list[float] | None = run.config.data.get("scale")
        self.duplicates: str = run.config.data.get("duplicates", "refuse")
        header = run.config.data.get("header")
        self.header: list[str] | None = None if header is None else [str(each) for each in header]
        told = run.config.data.get("csv_format")
        self.csv_format: Any = OmegaConf.to_container(told, resolve=True) if isinstance(told, DictConfig) else told

    @cached_property
    def ids(self) -> RunIds:
        """The look-up of users and items by their ids, however these are written: rows are those of :attr:`users`, :attr:`items`.

        Raises:
            MisconfigurationException: ``steps.json`` is missing, or of another run.
        """
        path = self.folder / "steps.json"
        if not path.is_file():
            raise MisconfigurationException(f"{path}: no such file; a run on ratings writes it, copy the whole run folder.")
        ids = RunIds(self.folder)
        for name, wanted in ((self.model.user, self.users), (self.model.item, self.items)):
            if name not in ids.steps.categorical or ids.steps.categorical[name].categories != wanted:
                raise MisconfigurationException(
                    f"{path}: its ids ({name}) are not those of the weights; copy the whole run folder."
                )
        return ids

    def read(self, source: str) -> RowsAsRead:
        """Read ratings, pairs or users in the format of the run's own table.

        Args:
            source: A table.

        Raises:
            MisconfigurationException: It can't be read, or is empty.
        """
        return self.ids.read(source, self.csv_format, self.rating, self.header)

    @property
    def predicts_ratings(self) -> bool:
        """Whether predictions are ratings; else they are scores without a unit."""
        return isinstance(self.model.objective, Regression)

    @property
    def prediction_column(self) -> str:
        """What the column of predictions is called."""
        return "predicted" if self.predicts_ratings else "score"

    def require_factors(self, option: str) -> None:
        """Refuse an option that needs a score that is the inner product of two vectors.

        Args:
            option: What was typed, for the message.

        Raises:
            MisconfigurationException: The model is of another kind.
        """
        if not isinstance(self.model, DotProductBias):
            raise MisconfigurationException(f"{option}: {type(self.model).__name__} has no such factors; DotProductBias has.")

    def _read(self, name: str) -> pl.DataFrame:
        path = self.folder / name
        if not path.is_file():
            raise MisconfigurationException(f"{path}: no such file; a run on ratings writes it, copy the whole run folder.")
        return pl.read_parquet(path)

    @cached_property
    def titles(self) -> dict[str, str]:
        """Titles of items by id; empty where the data have none."""
        frame = self._read("items.parquet")
        return {} if frame["item"].equals(frame["title"]) else dict(zip(frame["item"], frame["title"], strict=True))

    def item_columns(self, items: list[str]) -> dict[str, list[str]]:
        """A column of ids and, where they are known, one of titles.

        Args:
            items: Ids of items.
        """
        columns = {self.model.item: items}
        return columns | ({"title": [self.titles[item] for item in items]} if self.titles else {})

    def seen(self) -> UserItems:
        """Items that each user rated, in training, validation and test."""
        pairs = self._read("seen.parquet")
        users, items = (torch.from_numpy(pairs[name].to_numpy().astype(np.int64)) - 1 for name in ("user", "item"))
        return UserItems(users, items, user_count=len(self.users))

    def list_columns(self, names: list[str], best: Tensor, scores: Tensor) -> dict[str, list[Any]]:
        """Lists of items as columns: user, rank, item, title where known, prediction; says how many users have no list.

        Args:
            names: Ids of the users of the rows.
            best: Rows of items ``int64 [users, k]``, best first.
            scores: Their scores ``[users, k]``; minus infinity where a list is shorter.
        """
        listed = scores > float("-inf")
        if len(full := (~listed.any(1)).nonzero()):
            print(
                f"{len(full):,} of {len(names):,} users get no list: nothing was found that {names[int(full[0])]} does not have."
            )
        rows, ranks = listed.nonzero(as_tuple=True)
        return {
            self.model.user: [names[row] for row in rows.tolist()],
            "rank": (ranks + 1).tolist(),
            **self.item_columns([self.items[item] for item in best[listed].tolist()]),
            self.prediction_column: self.model.scores_to_ratings(scores[listed]).tolist(),
        }
