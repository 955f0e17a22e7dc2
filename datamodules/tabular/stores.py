"""Drawn store sales whose best error is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..synthetic.generate import draw_once
from ..synthetic.stores import VERSION, draw_stores
from .rossmann import Rossmann


class Stores(Rossmann):
    """:class:`.Rossmann` on drawn sales, see :mod:`.drawn.stores`.

    Args:
        root: One's own sales, in the same files, instead.
        drawn: Folder for the drawn ones.
        options: Those of :class:`.Rossmann`.
    """

    def __init__(self, root: str | None = None, drawn: str = "data/drawn", **options: Any) -> None:
        super().__init__(root if root is not None else str(Path(drawn) / f"stores-{VERSION}"), **options)
        self.is_drawn = root is None

    def prepare_data(self) -> None:
        """Draw the sales if they are not there yet; then read them like any others."""
        if self.is_drawn and self._new is None:
            draw_once(Path(self.root), draw_stores)
        super().prepare_data()

    @property
    def known_answer(self) -> dict[str, float]:
        """The best RMSPE that any model reaches on the last six weeks, where it is known."""
        answer = Path(self.root) / "answer.json"
        if not self.is_drawn or self.recipe.last_days is None or not answer.is_file():
            return {}
        facts = json.loads(answer.read_text())
        return {"rmspe": facts["rmspe"]} if self.recipe.last_days == facts["days"] else {}

    @property
    def provenance(self) -> dict[str, Any]:
        """As :class:`.Table`'s, saying that the sales are drawn."""
        facts = super().provenance
        return {**facts, "source": f"drawn: {facts['source']}"} if self.is_drawn else facts
