"""Dog breed identification (Kaggle's ``dog-breed-identification``): 10,222 photos of 120 breeds, scored by log-loss."""

from __future__ import annotations

from pathlib import Path

from ...synthetic.pets import VERSION, draw_dog_breeds
from ..layouts import Photos, read_csv
from .challenge import KaggleChallenge, Table


class DogBreeds(KaggleChallenge):
    """``labels.csv`` (``id,breed``), ``train/<id>.jpg``, ``test/<id>.jpg``. Options: see :class:`.KaggleChallenge`."""

    challenge = "dog-breed-identification"
    sample = f"dog_breeds-{VERSION}"

    @staticmethod
    def draw(folder: Path) -> None:
        """Draw the sample."""
        draw_dog_breeds(folder)

    def read(self, root: Path) -> Photos:
        """Labels from ``labels.csv``."""
        table = self._wanted(root, ["labels.csv"], folder=False)
        return read_csv(table, self._wanted(root, ["train"], folder=True), "id", "breed", None, None)

    def answer(self, ids: list[str], table: Table) -> Table:
        """``id`` and a column of probabilities for each breed, in alphabetical order, as Kaggle has them."""
        breeds = {name.removeprefix("probability_"): column for name, column in table.items() if name.startswith("probability_")}
        return {"id": ids, **dict(sorted(breeds.items()))}
