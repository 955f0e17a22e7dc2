"""Drawn tastes whose best error is known."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ..synthetic.generate import draw_once
from ..synthetic.ratings import VERSION, draw_tastes
from .movielens import MovieLens


class Tastes(MovieLens):
    """:class:`.MovieLens` on drawn ratings, see :mod:`.drawn.tastes`.

    Args:
        root: One's own ratings, in the same files, instead.
        drawn: Folder for the drawn ones.
        options: Those of :class:`.MovieLens`.
    """

    def __init__(self, root: str | None = None, drawn: str | os.PathLike[str] = "data/drawn", **options: Any) -> None:
        super().__init__(root if root is not None else Path(drawn) / f"tastes-{VERSION}", **options)
        self.is_drawn = root is None

    def prepare_data(self) -> None:
        """Draw them if they are not there yet; then read them like any others."""
        if self.is_drawn and self._new is None:
            draw_once(self.root, draw_tastes)
        super().prepare_data()

    @property
    def known_answer(self) -> dict[str, float]:
        """The least RMSE that any model reaches on ``u1.test``, where that is what validates."""
        answer = self.root / "answer.json"
        if not self.is_drawn or self.fold != "1" or self.within or not answer.is_file():
            return {}
        return {"rmse": json.loads(answer.read_text())["rmse"]}

    @property
    def provenance(self) -> dict[str, Any]:
        """As :class:`.Table`'s, saying that the ratings are drawn."""
        facts = super().provenance
        return {**facts, "source": f"drawn: {facts['source']}"} if self.is_drawn else facts
