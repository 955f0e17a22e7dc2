"""Planet: understanding the Amazon from space (Kaggle): 40,479 satellite chips with any number of 17 tags, scored by F2."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ...synthetic.satellite import VERSION, generate_planet
from ..layouts import Photos, read_csv
from .challenge import KaggleChallenge, Table


class Planet(KaggleChallenge):
    """``train_v2.csv`` (``image_name,tags``), ``train-jpg/``, ``test-jpg/`` and ``test-jpg-additional/``. Multi-label.

    Args:
        root: See :class:`.KaggleChallenge`.
        synthetic_dir: Folder for synthetic data sets.
        options: Those of :class:`.ImageFolder`.

    Example:
        >>> from practicum.datamodules import Planet
        >>> data = Planet()  # prepare_data() generates a small sample
        >>> str(data.source)
        'synthetic: data/synthetic/planet-1'
        >>> table = {"file": ["test_0.jpg"], "predicted": [""], "probability_clear": [0.1], "probability_haze": [0.2]}
        >>> data.submission_columns(table)
        {'image_name': ['test_0'], 'tags': ['haze']}
    """

    challenge = "planet-understanding-the-amazon-from-space"
    sample = f"planet-{VERSION}"
    test_folders = ("test-jpg-v2", "test-jpg", "test-jpg-additional", "test")

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        synthetic_dir: str | os.PathLike[str] = "data/synthetic",
        **options: Any,
    ) -> None:
        super().__init__(root, synthetic_dir, **{**options, "label_separator": " "})

    @staticmethod
    def generate(folder: Path) -> None:
        """Generate the synthetic sample into ``folder``."""
        generate_planet(folder)

    def read(self, root: Path) -> Photos:
        """Photos with the tags of the CSV."""
        table = self.find(root, ["train_v2.csv", "train_classes.csv", "train.csv"], folder=False)
        photos = self.find(root, ["train-jpg", "train"], folder=True)
        return read_csv(table, photos, "image_name", "tags", None, " ")

    def format_predictions(self, ids: list[str], table: Table) -> Table:
        """``image_name`` and its ``tags``; the most probable tag where none passes the threshold."""
        columns = {name.removeprefix("probability_"): column for name, column in table.items() if name.startswith("probability_")}
        likeliest = [max(columns, key=lambda tag: columns[tag][row]) for row in range(len(ids))]
        return {"image_name": ids, "tags": [tags or best for tags, best in zip(table["predicted"], likeliest, strict=True)]}
