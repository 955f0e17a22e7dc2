"""Synthetic ratings in MovieLens's files; the best possible error on them is known."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..loading.source import Synthetic, local_or
from ..synthetic.ratings import VERSION, generate_ratings
from .movielens import MovieLens


class Tastes(MovieLens):
    """:class:`.MovieLens` of synthetic ratings, see :mod:`practicum.datamodules.synthetic.ratings`.

    Args:
        root: Other ratings in the same files. Default: synthetic ones.
        synthetic_dir: Folder for synthetic data.
        fold: Fold that validates; ``None``: a fraction, by ``split``.
        scale: Least and greatest rating; ``None``: any is accepted.
        options: Those of :class:`.MovieLens`.

    Example:
        >>> import tempfile
        >>> from practicum.datamodules import Tastes
        >>> data = Tastes(synthetic_dir=tempfile.mkdtemp(), cache=tempfile.mkdtemp())
        >>> data.prepare_data()
        >>> round(data.known_answer["rmse"], 1)  # the standard deviation of the noise
        0.5
    """

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        synthetic_dir: str | os.PathLike[str] = "data/synthetic",
        fold: int | str | None = 1,
        scale: Sequence[float] | None = None,
        **options: Any,
    ) -> None:
        source = local_or(root, Synthetic(generate_ratings, Path(synthetic_dir) / f"tastes-{VERSION}"))
        super().__init__(source.path, fold=fold, scale=scale, **options)
        self.source = source

    @property
    def known_answer(self) -> dict[str, float]:
        """The least RMSE that any model can reach on ``u1.test``, if that validates."""
        answer = self.source.answer() if self.fold == "1" and not self.inner_split else {}
        return {"rmse": answer["rmse"]} if answer else {}
