"""Planet: understanding the Amazon from space (Kaggle): 40,479 satellite chips with any number of 17 tags, scored by F2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...synthetic.satellite import VERSION, draw_planet
from ..layouts import Photos, read_csv
from .challenge import KaggleChallenge, Table


class Planet(KaggleChallenge):
    """``train_v2.csv`` (``image_name,tags``), ``train-jpg/``, ``test-jpg/`` and ``test-jpg-additional/``. Multi-label.

    Args:
        root: See :class:`.KaggleChallenge`.
        drawn: Folder for the drawn sample.
        options: Those of :class:`.ImageFolder`.
    """

    challenge = "planet-understanding-the-amazon-from-space"
    sample = f"planet-{VERSION}"
    test_folders = ("test-jpg-v2", "test-jpg", "test-jpg-additional", "test")

    def __init__(self, root: str | None = None, drawn: str = "data/drawn", **options: Any) -> None:
        super().__init__(root, drawn, **{**options, "label_separator": " "})

    @staticmethod
    def draw(folder: Path) -> None:
        """Draw the sample."""
        draw_planet(folder)

    def read(self, root: Path) -> Photos:
        """Tags from the CSV."""
        table = self._wanted(root, ["train_v2.csv", "train_classes.csv", "train.csv"], folder=False)
        photos = self._wanted(root, ["train-jpg", "train"], folder=True)
        return read_csv(table, photos, "image_name", "tags", None, " ")

    def answer(self, ids: list[str], table: Table) -> Table:
        """``image_name`` and its ``tags``; the likeliest where none is likely enough."""
        columns = {name.removeprefix("probability_"): column for name, column in table.items() if name.startswith("probability_")}
        likeliest = [max(columns, key=lambda tag: columns[tag][row]) for row in range(len(ids))]
        return {"image_name": ids, "tags": [tags or best for tags, best in zip(table["predicted"], likeliest, strict=True)]}
