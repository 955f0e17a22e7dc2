"""Kaggle's image challenges: read as Kaggle distributes them, or synthetic in the same layout; predicted in Kaggle's format."""

from __future__ import annotations

import csv
import os
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from practicum.lightning_shim import MisconfigurationException

from ...files.archive import extract_once, find_shallowest
from ...files.csv_files import open_table
from ...loading.inputs import each_input, input_name
from ...loading.source import Synthetic, local_or
from ..image_folder import ImageFolder
from ..input_record import kept_format
from ..layouts import PHOTOS, Photos
from ..new_photos import NewPhotos
from ..photo_input import Source
from ..photo_sources import FoundPhotos, photos_in

Table = dict[str, list[Any]]


class KaggleChallenge(ImageFolder):
    """Base of the challenges: :class:`.ImageFolder` of an archive of Kaggle's, or of a small synthetic sample.

    Args:
        root: What ``kaggle competitions download`` fetched: the zip file, a folder of zip files, or what was unpacked from them.
            ``None``: a small sample in the same layout is generated.
        synthetic_dir: Folder for synthetic data sets.
        options: Those of :class:`.ImageFolder`.

    Raises:
        MisconfigurationException: The archive or its layout can't be used; the message says what was found and what is needed.
    """

    challenge: ClassVar[str]
    """The challenge's name in Kaggle's addresses."""
    sample: ClassVar[str]
    """Folder of the synthetic sample."""
    test_folders: ClassVar[tuple[str, ...]] = ("test", "test1")
    """Possible names of folders of test photos; all that exist are used."""

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        synthetic_dir: str | os.PathLike[str] = "data/synthetic",
        **options: Any,
    ) -> None:
        if options.get("label_pattern") is not None:
            raise MisconfigurationException(
                f"{type(self).__name__}: label_pattern is for data=image_folder; this challenge's labels come with its photos."
            )
        source = local_or(root, Synthetic(self.generate, Path(synthetic_dir) / self.sample))
        super().__init__(root=source.path, **options)
        self.source = source

    def read_layout(self) -> Photos:
        """The labelled photos, unpacked first if necessary."""
        self.root = extract_once(self.source.path, self.cache / "unpacked")
        return self.read(self.root)

    @staticmethod
    @abstractmethod
    def generate(folder: Path) -> None:
        """Generate the synthetic sample into ``folder``."""

    @abstractmethod
    def read(self, root: Path) -> Photos:
        """The labelled photos of the unpacked archive."""

    def find(self, root: Path, names: Sequence[str], folder: bool) -> Path:
        """The shallowest file or folder of one of these names.

        Raises:
            MisconfigurationException: There is none.
        """
        found = find_shallowest(root, tuple(names), folder)
        if found is None:
            packed = next((f"; unpack {each.name} first" for each in sorted(root.glob("*.7z"))), "")
            held = ", ".join(sorted(each.name for each in root.iterdir())[:8]) or "nothing"
            kind = "folder" if folder else "file"
            raise MisconfigurationException(
                f"{self.source.path}: has no {kind} {' or '.join(names)} (it holds {held}); {type(self).__name__} needs what "
                f"`kaggle competitions download -c {self.challenge}` fetches{packed}."
            )
        return found

    # Predictions ------------------------------------------------------------------------------------------------------

    def test_inputs(self) -> Path | None:
        """Where the challenge's test photos lie, once the archive has been read; ``None`` if there are none."""
        folders = self._test_folders(self.root) if self.root.is_dir() else []
        return folders[0] if len(folders) == 1 else self.root if folders else None

    def _test_folders(self, root: Path) -> list[Path]:
        found = [find_shallowest(root, (name,), folder=True) for name in self.test_folders]
        return [each for each in found if each is not None]

    def for_prediction(self, source: Source | Sequence[Source]) -> ChallengePhotos:
        """As :meth:`.ImageFolder.for_prediction`; of a whole archive, packed or not, all test photos are taken."""
        trained = self._found_format or kept_format(self.artifacts_dir)
        folders: list[Path] = []
        for each in map(Path, each_input(source)):
            packed = each.suffix == ".zip" or (each.is_dir() and any(each.glob("*.zip")))
            place = extract_once(each, self.cache / "unpacked") if packed else each
            folders += (self._test_folders(place) if place.is_dir() else []) or [place]
        found = FoundPhotos()
        for folder in folders:
            found.extend(photos_in(folder, self.file_column, self.images, self.csv_format, trained))
        return ChallengePhotos(self, folders[0], found, input_name(source), **self.view_options)

    def submission_columns(
        self, table: Mapping[str, Sequence[Any]], ids: Sequence[str] | None = None, rejected: Sequence[tuple[str, str]] = ()
    ) -> Table:
        """Predictions in Kaggle's format.

        Args:
            table: Columns ``file``, ``predicted`` and ``probability_<class>``.
            ids: The IDs that Kaggle asks for, in its order; default: those of :meth:`test_inputs`, or of the table.
            rejected: Files that could not be read, and why, for the error message.

        Returns:
            Columns in Kaggle's order, one row per ID.

        Raises:
            MisconfigurationException: An ID has no prediction.
        """
        row_of = {Path(file).stem: row for row, file in enumerate(table["file"])}
        ids = submission_ids(self.test_inputs() or self.root, table["file"]) if ids is None else list(ids)
        missing = [each for each in ids if each not in row_of]
        if missing:
            why = {Path(file).stem: reason for file, reason in rejected}
            first = missing[0] + (f": {why[missing[0]]}" if missing[0] in why else "")
            raise MisconfigurationException(
                f"{len(missing)} of {len(ids)} IDs that Kaggle asks for have no prediction (first {first}); pass all its test "
                "photos as input."
            )
        rows = [row_of[each] for each in ids]
        return self.format_predictions(ids, {name: [column[row] for row in rows] for name, column in table.items()})

    @abstractmethod
    def format_predictions(self, ids: list[str], table: Table) -> Table:
        """The submission's columns, of ``ids`` and their predictions in the same order."""


class ChallengePhotos(NewPhotos):
    """A challenge's test photos, whose predictions can be submitted. Made by :meth:`KaggleChallenge.for_prediction`.

    Args:
        challenge: Formats the predictions.
        place: Photos or their folder; Kaggle's sample submission is looked for beside and above it.
        found: The photos.
        name: See :class:`.NewPhotos`.
        options: See :class:`.NewPhotos`.
    """

    def __init__(
        self, challenge: KaggleChallenge, place: Path, found: FoundPhotos, name: str | None = None, **options: Any
    ) -> None:
        super().__init__(found, name, **options)
        self.challenge = challenge
        files = [*self.row_names("predict"), *(file for file, _ in self.rejected if Path(file).suffix.lower() in PHOTOS)]
        self.ids = submission_ids(place, files)

    def submission_columns(self, table: Mapping[str, Sequence[Any]]) -> Table:
        """Predictions in Kaggle's format, see :meth:`KaggleChallenge.submission_columns`."""
        return self.challenge.submission_columns(table, self.ids, self.rejected)


def submission_ids(place: Path, files: Sequence[str]) -> list[str]:
    """IDs in the order of Kaggle's sample submission near ``place``; without one, the files' names in natural order.

    Example:
        >>> from pathlib import Path
        >>> from practicum.datamodules.images.kaggle.challenge import submission_ids
        >>> submission_ids(Path("test"), ["test/10.jpg", "test/9.jpg", "test/a.jpg"])
        ['9', '10', 'a']
    """
    folder = place if place.is_dir() else place.parent
    for parent in (folder, folder.parent, folder.parent.parent):
        tables = sorted(parent.glob("sample_submission*.csv"))
        if tables:
            with open_table(tables[0]) as file:
                return [row[0] for row in list(csv.reader(file))[1:] if row]
    stems = (Path(file).stem for file in files)
    return sorted(stems, key=lambda stem: (0, int(stem), "") if stem.isdigit() else (1, 0, stem))
