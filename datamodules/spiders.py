"""Spiders and scorpions, as in the article: one's own photos, or a drawn sample with a known answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .drawn.folder import draw_once
from .drawn.spiders import VERSION, draw_spiders
from .image_folder import ImageFolder


class Spiders(ImageFolder):
    """:class:`ImageFolder` on spiders and scorpions; without ``root`` they are drawn first, to ordinary JPEG files.

    Args:
        root: A folder of one's own photos; ``None`` draws 290 + 290 photos to train and 118 + 117 to validate.
        drawn: Folder for the drawn ones.
        options: Those of :class:`ImageFolder`.
    """

    def __init__(self, root: str | None = None, drawn: str = "data/drawn", **options: Any) -> None:
        super().__init__(root=root if root is not None else Path(drawn) / f"spiders-{VERSION}", **options)
        self.draws = root is None

    def prepare_data(self) -> None:
        """Draw the photos if they are wanted and not there yet; then read them like any others."""
        if self.draws:
            assert self.root is not None
            draw_once(self.root, draw_spiders)
        super().prepare_data()

    @property
    def known_answer(self) -> dict[str, float]:
        """The best that any model reaches in expectation, where it is known: ``{"accuracy": ...}``."""
        if not self.draws:
            return {}
        assert self.root is not None
        return {"accuracy": json.loads((self.root / "answer.json").read_text())["accuracy"]}

    @property
    def provenance(self) -> dict[str, Any]:
        """As :class:`ImageFolder`'s, saying that the photos are drawn."""
        facts = super().provenance
        return {**facts, "source": f"drawn: {facts['source']}"} if self.draws else facts
