"""Dogs vs. Cats (Kaggle's ``dogs-vs-cats-redux-kernels-edition``): 25,000 photos, scored by log-loss."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from practicum.lightning_shim import MisconfigurationException

from ...synthetic.pets import VERSION, draw_cats_and_dogs
from ..layouts import Photos, read_class_folders
from .challenge import KaggleChallenge, Table

_NAME = re.compile(r"(cat|dog)\.\d+\.jpe?g", re.IGNORECASE)


class DogsVsCats(KaggleChallenge):
    """``train/cat.0.jpg`` ``train/dog.0.jpg`` ..., ``test/1.jpg`` ...; class folders (``train/cats/*.jpg``) will do as well.

    Args:
        root: See :class:`.KaggleChallenge`.
        drawn: Folder for the drawn sample.
        clip: Probabilities in a submission stay so far from 0 and 1: one mistake made in certainty costs as much as hundreds made
            in doubt.
        options: Those of :class:`.ImageFolder`.

    Raises:
        MisconfigurationException: A training photo is named otherwise; see :class:`.KaggleChallenge`.
    """

    challenge = "dogs-vs-cats-redux-kernels-edition"
    sample = f"dogs_vs_cats-{VERSION}"

    def __init__(self, root: str | None = None, drawn: str = "data/drawn", clip: float = 0.01, **options: Any) -> None:
        super().__init__(root, drawn, **options)
        if not 0 <= clip < 0.5:
            raise MisconfigurationException(f"data.clip={clip} is out of range: from 0 to below .5.")
        self.clip = clip

    @staticmethod
    def draw(folder: Path) -> None:
        """Draw the sample."""
        draw_cats_and_dogs(folder)

    def read(self, root: Path) -> Photos:
        """Labels from file names, or from folders."""
        folder = self._wanted(root, ["train"], folder=True)
        if any(each.is_dir() for each in folder.iterdir()):
            return read_class_folders(folder.parent)
        photos = Photos()
        for path in sorted(folder.iterdir()):
            if path.name.startswith("."):
                continue
            if not (match := _NAME.fullmatch(path.name)):
                raise MisconfigurationException(f"{path}: is named neither cat.NUMBER.jpg nor dog.NUMBER.jpg.")
            photos.add(path, (match[1].lower(),), "train")
        return photos

    def answer(self, ids: list[str], table: Table) -> Table:
        """``id`` and ``label``: how likely a dog."""
        dog = next(name for name in table if name.lower() in ("probability_dog", "probability_dogs"))
        return {"id": ids, "label": [min(max(p, self.clip), 1 - self.clip) for p in table[dog]]}
