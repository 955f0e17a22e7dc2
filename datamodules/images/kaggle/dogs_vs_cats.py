"""Dogs vs. Cats (Kaggle's ``dogs-vs-cats-redux-kernels-edition``): 25,000 photos, scored by log-loss."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from practicum.lightning_shim import MisconfigurationException

from ...synthetic.pets import VERSION, generate_cats_and_dogs
from ..class_folders import read_class_folders
from ..layouts import Photos
from ..photo_files import files_in, subfolders
from .challenge import KaggleChallenge, Table

_NAME = re.compile(r"(cat|dog)\.\d+\.jpe?g", re.IGNORECASE)


class DogsVsCats(KaggleChallenge):
    """``train/cat.0.jpg``, ``train/dog.0.jpg`` ..., ``test/1.jpg`` ...; or class folders (``train/cats/*.jpg``).

    Args:
        root: See :class:`.KaggleChallenge`.
        synthetic_dir: Folder for synthetic data sets.
        clip: Submitted probabilities are clipped to ``[clip, 1 - clip]``: under log-loss a single confident mistake costs as
            much as hundreds of uncertain ones.
        options: Those of :class:`.ImageFolder`.

    Raises:
        MisconfigurationException: A training photo has another name; see also :class:`.KaggleChallenge`.

    Example:
        >>> from practicum.datamodules import DogsVsCats
        >>> data = DogsVsCats(clip=0.02)  # prepare_data() generates a small sample
        >>> str(data.source)
        'synthetic: data/synthetic/dogs_vs_cats-1'
        >>> data.submission_columns({"file": ["1.jpg", "2.jpg"], "probability_dog": [0.7, 1.0]})
        {'id': ['1', '2'], 'label': [0.7, 0.98]}
    """

    challenge = "dogs-vs-cats-redux-kernels-edition"
    sample = f"dogs_vs_cats-{VERSION}"

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        synthetic_dir: str | os.PathLike[str] = "data/synthetic",
        clip: float = 0.01,
        **options: Any,
    ) -> None:
        super().__init__(root, synthetic_dir, **options)
        self._require("clip", clip, 0 <= clip < 0.5, "at least 0 and below 0.5")
        self.clip = clip

    @staticmethod
    def generate(folder: Path) -> None:
        """Generate the synthetic sample into ``folder``."""
        generate_cats_and_dogs(folder)

    def read(self, root: Path) -> Photos:
        """Photos labelled by their file names or folders."""
        folder = self.find(root, ["train"], folder=True)
        if subfolders(folder):
            return read_class_folders(folder.parent)
        photos = Photos()
        for path in files_in(folder):
            if not (match := _NAME.fullmatch(path.name)):
                raise MisconfigurationException(f"{path}: is named neither cat.NUMBER.jpg nor dog.NUMBER.jpg.")
            photos.add(path, (match[1].lower(),), "train")
        return photos

    def format_predictions(self, ids: list[str], table: Table) -> Table:
        """``id`` and ``label``, the probability of a dog."""
        dog = next(name for name in table if name.lower() in ("probability_dog", "probability_dogs"))
        return {"id": ids, "label": [min(max(p, self.clip), 1 - self.clip) for p in table[dog]]}
