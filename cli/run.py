"""A finished run at hand, as in a notebook: its metrics, figures and model, and predictions of new input.

It is opened as ``predict.py`` opens it, by :mod:`.run_folder`: what its folder holds is read as data, and nothing of it is
executed unless it is trusted. Predictions take the same path, :mod:`.prediction`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import polars as pl
from practicum.lightning_shim import MisconfigurationException

from . import run_folder
from .prediction import predict_with, prediction_columns
from .recommend import neighbours, top_lists
from .recommender_run import RecommenderRun, is_recommender
from .run_config import read_record


@dataclass(frozen=True)
class Picture:
    """A figure of a run, which a notebook shows.

    Attributes:
        path: The PNG.
    """

    path: Path

    def _repr_png_(self) -> bytes:
        return self.path.read_bytes()


class Run:
    """A finished run; made by :meth:`open`.

    Args:
        opened: The run folder, opened.

    Attributes:
        folder: Where it is.
        config: What prediction uses of its configuration.
    """

    def __init__(self, opened: run_folder.Run) -> None:
        self._opened = opened
        self.folder, self.config = opened.folder, opened.config

    @classmethod
    def open(cls, folder: str | os.PathLike[str], checkpoint: str | None = None, trust: bool = False) -> Self:
        """Open a run folder.

        Args:
            folder: What ``train.py`` wrote, such as ``runs/spiders/2026-01-31_12-00-00``.
            checkpoint: Weights to use instead of its best; also opens a run that never finished.
            trust: Also run classes of other packages that its configuration names.

        Raises:
            MisconfigurationException: There is no such run, it never finished, or it is damaged; the message says what.
        """
        return cls(run_folder.open_run(Path(folder), checkpoint, trust))

    def __repr__(self) -> str:
        return f"Run.open({str(self.folder)!r})"

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """Its record, ``metrics.json``: results by name, seconds, where data and weights came from."""
        return read_record(self.folder / "metrics.json")

    @cached_property
    def figures(self) -> dict[str, Picture]:
        """What it has drawn, by name: ``figures["confusion"]`` as the last line of a cell shows it."""
        return {path.stem: Picture(path) for path in sorted((self.folder / "figures").glob("*.png"))}

    @cached_property
    def model(self) -> Any:
        """Its module with its best weights, in evaluation mode.

        Raises:
            MisconfigurationException: The file is damaged, holds code, or does not belong to the module.
        """
        return self._opened.model().eval()

    def predict(
        self, source: Any, top_k: int | None = None, batch_size: int | None = None, accelerator: str = "auto"
    ) -> pl.DataFrame:
        """Predict new input as ``predict.py`` does.

        Args:
            source: Input of the run's kind: a path (photos, texts, a table), a frame of polars or pandas, or a list of texts.
            top_k: Of classes only the ``k`` most probable.
            batch_size: Default: as in training.
            accelerator: Where to predict: ``auto``, ``cpu``, ``gpu``.

        Returns:
            A row for each photo, text or row: what it is, and its prediction. Files that can't be read are left out.

        Raises:
            MisconfigurationException: An input that this run can't use, or a run that has nothing to predict.
        """
        for name, value in {"top_k": top_k, "batch_size": batch_size}.items():
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise MisconfigurationException(f"{name}={value} must be a whole number from 1.")
        before = self._opened.config.data.get("batch_size")
        more = {"format": "csv", "explain": False, "score": False, "top_k": top_k}
        options: Any = SimpleNamespace(input=source, batch_size=batch_size, accelerator=accelerator, **more)
        try:
            found = predict_with(self._opened, options)
        finally:
            if batch_size is not None:
                self._opened.config.data.batch_size = before
        return pl.DataFrame(prediction_columns(found, found.values, "csv", top_k), strict=False)

    def recommend(self, k: int = 10, users: str | os.PathLike[str] | None = None) -> pl.DataFrame:
        """The best items that users do not have.

        Args:
            k: Items for each user.
            users: A table with the column of users; ``None``: all users of the training.

        Raises:
            MisconfigurationException: The run is not a recommender's, or the table can't be used.
        """
        return pl.DataFrame(top_lists(self._recommender("recommend"), None if users is None else str(users), k, None))

    def neighbours(self, item: str, k: int = 10) -> pl.DataFrame:
        """The items nearest to one, by the cosine of their vectors.

        Args:
            item: Its id, or its title.
            k: How many.

        Raises:
            MisconfigurationException: The run is not a recommender's, or there is no such item.
        """
        return pl.DataFrame(neighbours(self._recommender("neighbours"), item, k))

    def _recommender(self, wanted: str) -> RecommenderRun:
        if not is_recommender(self._opened):
            raise MisconfigurationException(f"{wanted}: {self.folder} is not a recommender run.")
        return RecommenderRun(self._opened)
