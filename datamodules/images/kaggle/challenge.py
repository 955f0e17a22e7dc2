"""Kaggle's image challenges: read as Kaggle hands them out, or drawn in the same layout; answered in the form Kaggle takes."""

from __future__ import annotations

import csv
import os
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from practicum.lightning_shim import MisconfigurationException

from ...files.archive import find, opened
from ...files.csv_files import open_table
from ...synthetic.generate import draw_once
from ..image_folder import ImageFolder, photos_in
from ..layouts import PHOTOS, Photos

Table = dict[str, list[Any]]


class KaggleChallenge(ImageFolder):
    """Base of the challenges: :class:`ImageFolder` on an archive of Kaggle's, a folder of it, or a drawn sample.

    Args:
        root: What ``kaggle competitions download`` fetched: the zip file, a folder of zip files, or what was unpacked from them.
            ``None`` draws a small sample in the same layout.
        drawn: Folder for drawn samples.
        options: Those of :class:`ImageFolder`.

    Raises:
        MisconfigurationException: The archive or its layout can't be used; the message says what was found and wanted.
    """

    challenge: ClassVar[str]
    """What Kaggle calls the challenge, as in its address."""
    sample: ClassVar[str]
    """Folder of the drawn sample."""
    test_folders: ClassVar[tuple[str, ...]] = ("test", "test1")
    """What folders of photos to predict may be called; all that are there are taken."""

    def __init__(self, root: str | os.PathLike[str] | None = None, drawn: str = "data/drawn", **options: Any) -> None:
        self.draws = root is None
        super().__init__(root=Path(drawn) / self.sample if root is None else root, **options)
        self._given = self.root

    def prepare_data(self) -> None:
        """Draw or unpack, unless that has been done; then read like any others."""
        if self.draws:
            assert self._given is not None
            draw_once(self._given, self.draw)
        super().prepare_data()

    def _read_layout(self) -> Photos:
        assert self._given is not None
        self.root = opened(self._given, self.cache / "unpacked")
        return self.read(self.root)

    @staticmethod
    @abstractmethod
    def draw(folder: Path) -> None:
        """Draw the sample."""

    @abstractmethod
    def read(self, root: Path) -> Photos:
        """The labelled photos of the unpacked archive."""

    def _wanted(self, root: Path, names: Sequence[str], folder: bool) -> Path:
        found = find(root, tuple(names), folder)
        if found is None:
            packed = next((f"; unpack {each.name} first" for each in sorted(root.glob("*.7z"))), "")
            held = ", ".join(sorted(each.name for each in root.iterdir())[:8]) or "nothing"
            kind = "folder" if folder else "file"
            raise MisconfigurationException(
                f"data.root={self._given}: has no {kind} {' or '.join(names)} (it holds {held}); wanted "
                f"is what `kaggle competitions download -c {self.challenge}` fetches{packed}."
            )
        return found

    @property
    def provenance(self) -> dict[str, Any]:
        """As :class:`ImageFolder`'s, saying that the photos are drawn."""
        facts = super().provenance
        return {**facts, "source": f"drawn: {facts['source']}"} if self.draws else {**facts, "source": str(self._given)}

    # Answers ----------------------------------------------------------------------------------------------------------

    def asked(self) -> Path | None:
        """Where the photos lie that the challenge asks about, once the archive has been read; ``None`` if they are not there."""
        folders = [] if self.root is None or not self.root.is_dir() else self._test_folders(self.root)
        return folders[0] if len(folders) == 1 else self.root if folders else None

    def _test_folders(self, root: Path) -> list[Path]:
        found = [find(root, (name,), folder=True) for name in self.test_folders]
        return [each for each in found if each is not None]

    def predict_from(self, source: str | os.PathLike[str]) -> None:
        """As :class:`ImageFolder`'s; the whole archive will do as well, packed or not: its test photos are taken, all of them."""
        place = Path(source)
        if place.suffix == ".zip" or (place.is_dir() and any(place.glob("*.zip"))):
            place = opened(place, self.cache / "unpacked")
        folders = self._test_folders(place) if place.is_dir() else []
        if folders:
            self._predict([path for folder in folders for path in photos_in(folder, self.file_column, self.images)], source)
        else:
            super().predict_from(place)
        self._asked = self._ids_asked(folders[0] if folders else place)

    def _ids_asked(self, photos: Path) -> list[str]:
        """Ids in the order of Kaggle's sample submission, or of the photos where it is not there."""
        folder = photos if photos.is_dir() else photos.parent
        for parent in (folder, folder.parent, folder.parent.parent):
            tables = sorted(parent.glob("sample_submission*.csv"))
            if tables:
                with open_table(tables[0]) as file:
                    return [row[0] for row in list(csv.reader(file))[1:] if row]
        files = [*self.row_names("predict"), *(file for file, _ in self.rejected if Path(file).suffix.lower() in PHOTOS)]
        return sorted(
            (Path(file).stem for file in files), key=lambda name: (0, int(name), "") if name.isdigit() else (1, 0, name)
        )

    def submission(self, table: Mapping[str, Sequence[Any]]) -> Table:
        """Predictions in the form that Kaggle takes.

        Args:
            table: Columns ``file``, ``predicted`` and ``probability_<class>``.

        Returns:
            Columns in Kaggle's order, rows in that of its sample submission.

        Raises:
            MisconfigurationException: An id that Kaggle asks for has no prediction.
        """
        row_of = {Path(file).stem: row for row, file in enumerate(table["file"])}
        missing = [each for each in self._asked if each not in row_of]
        if missing:
            why = {Path(file).stem: reason for file, reason in self.rejected}
            first = missing[0] + (f": {why[missing[0]]}" if missing[0] in why else "")
            raise MisconfigurationException(
                f"{len(missing)} of {len(self._asked)} ids that Kaggle asks for have no prediction (first {first}); give all its "
                "test photos as input."
            )
        rows = [row_of[each] for each in self._asked]
        return self.answer(self._asked, {name: [column[row] for row in rows] for name, column in table.items()})

    @abstractmethod
    def answer(self, ids: list[str], table: Table) -> Table:
        """The submission's columns: ``ids``, and predictions of each in the same order."""
