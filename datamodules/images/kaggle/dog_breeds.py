"""Dog breed identification (Kaggle's ``dog-breed-identification``): 10,222 photos of 120 breeds, scored by log-loss."""

from __future__ import annotations

from pathlib import Path

from ...synthetic.pets import VERSION, generate_dog_breeds
from ..layouts import Photos, read_csv
from .challenge import KaggleChallenge, Table


class DogBreeds(KaggleChallenge):
    """``labels.csv`` (``id,breed``), ``train/<id>.jpg``, ``test/<id>.jpg``.

    Args:
        root: See :class:`.KaggleChallenge`.
        synthetic_dir: Folder for synthetic data sets.
        options: Those of :class:`.ImageFolder`.

    Example:
        >>> from practicum.datamodules import DogBreeds
        >>> data = DogBreeds()  # prepare_data() generates a small sample
        >>> str(data.source)
        'synthetic: data/synthetic/dog_breeds-1'
        >>> data.submission_columns({"file": ["7.jpg"], "probability_pug": [0.1], "probability_boxer": [0.9]})
        {'id': ['7'], 'boxer': [0.9], 'pug': [0.1]}
    """

    challenge = "dog-breed-identification"
    sample = f"dog_breeds-{VERSION}"

    @staticmethod
    def generate(folder: Path) -> None:
        """Generate the synthetic sample into ``folder``."""
        generate_dog_breeds(folder)

    def read(self, root: Path) -> Photos:
        """Photos labelled by ``labels.csv``."""
        table = self.find(root, ["labels.csv"], folder=False)
        return read_csv(table, self.find(root, ["train"], folder=True), "id", "breed", None, None)

    def format_predictions(self, ids: list[str], table: Table) -> Table:
        """``id`` and one column of probabilities per breed, in alphabetical order as Kaggle's."""
        breeds = {name.removeprefix("probability_"): column for name, column in table.items() if name.startswith("probability_")}
        return {"id": ids, **dict(sorted(breeds.items()))}
