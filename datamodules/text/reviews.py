"""Drawn reviews whose perplexity and best accuracy are known."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from ..synthetic.generate import draw_once
from ..synthetic.reviews import VERSION, draw_reviews
from .text_folder import TextFolder


class Reviews(TextFolder):
    """:class:`.TextFolder` on reviews written by a grammar, see :mod:`.drawn.reviews`.

    Args:
        root: One's own reviews, in the same layout, instead.
        drawn: Folder for the drawn ones.
        options: Those of :class:`.Text`.
    """

    def __init__(self, root: str | None = None, drawn: str = "data/drawn", **options: Any) -> None:
        super().__init__(root if root is not None else Path(drawn) / f"reviews-{VERSION}", **options)
        self.is_drawn = root is None

    def prepare_data(self) -> None:
        """Draw the reviews if they are not there yet; then read them like any others."""
        if self.is_drawn and self._new is None:
            assert self.root is not None
            draw_once(self.root, draw_reviews)
        super().prepare_data()

    @property
    def known_answer(self) -> dict[str, float]:
        """The best that any model reaches, where it is known: ``perplexity`` or ``accuracy`` on the test reviews."""
        if not self.is_drawn:
            return {}
        assert self.root is not None
        answer = json.loads((self.root / "answer.json").read_text())
        if self.task == "classification":
            return {"accuracy": 1 - answer["wrong"]["test"] / answer["counts"]["test"]}
        part = self._part("test")
        log = sum(answer["logs"][Path(name).relative_to(self.root).as_posix()] for name in part.names)
        return {"perplexity": math.exp(-log / len(part.tokens))}

    @property
    def provenance(self) -> dict[str, Any]:
        """As :class:`.Text`'s, saying that the reviews are drawn."""
        facts = super().provenance
        return {**facts, "source": f"drawn: {facts['source']}"} if self.is_drawn else facts
