"""Find new photos: a single file, the files of a folder or of a zip file, or those that a table names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from practicum.lightning_shim import MisconfigurationException

from ..files.archive import without_zip
from ..files.csv_format import CSVFormat, detect_format
from ..files.csv_reader import is_text_table, read_rows
from ..files.quoting import listed, quoted
from ..files.say_once import say_once
from .layouts import PHOTOS, existing_photo
from .photo_files import files_below, printable

NO_NAME = "names no photo"
_OTHER_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".7z", ".rar")
_LOOKED_AT = 200  # rows of a table by whose cells its column of file names is found


@dataclass
class FoundPhotos:
    """Files that may be photos, one entry each.

    Attributes:
        paths: The files, which may be missing or no photos.
        names: What each is called in results.
        rows: The cells of the table's row that names each, by column; empty for files that no table names.
        rejected: Rows that name no photo: where they are, and why they can't be used.
    """

    paths: list[Path] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    rows: list[dict[str, str]] = field(default_factory=list)
    rejected: list[tuple[str, str]] = field(default_factory=list)

    def add(self, paths: Sequence[Path], place: Path | None = None, unpacked: Path | None = None) -> None:
        """Append files that no table names.

        Args:
            paths: The files.
            place: The zip file that they are from, if any.
            unpacked: What it was extracted to.
        """
        self.paths += paths
        self.names += [name_within(path, place, unpacked) for path in paths]
        self.rows += [{} for _ in paths]

    def extend(self, other: FoundPhotos) -> None:
        """Append those of another source."""
        self.paths += other.paths
        self.names += other.names
        self.rows += other.rows
        self.rejected += other.rejected


def name_within(path: Path, place: Path | None, unpacked: Path | None) -> str:
    """What results call a file: its path, or below its zip file's, as what was extracted is temporary.

    Example:
        >>> from pathlib import Path
        >>> from practicum.datamodules.images.photo_sources import name_within
        >>> name_within(Path("cache/new-1a/cats/1.jpg"), Path("new.zip"), Path("cache/new-1a"))
        'new.zip/cats/1.jpg'
    """
    if place is None or unpacked is None or place == unpacked:
        return printable(path)
    return printable(place / path.relative_to(unpacked.parent if unpacked.is_file() else unpacked))


def photos_in(
    source: Path,
    file_column: str = "file",
    images: str = "",
    csv_format: Mapping[str, Any] | None = None,
    trained: CSVFormat | None = None,
    cache: Path | None = None,
) -> FoundPhotos:
    """Files that may be photos: a single one, all files below a folder, or those named in a table.

    Args:
        source: A file, a folder, a zip file of either, or a table of text (CSV, TSV ...).
        file_column: The table's column of file names; where there is none of that name, the one whose cells name photos.
        images: Folder that the names are relative to, itself relative to the table's.
        csv_format: What is known of the table's format, see :func:`.detect_format`.
        trained: Format of the table of labels in training, if there was one.
        cache: Folder that zip files are extracted to; ``None``: they are not read.

    Raises:
        MisconfigurationException: ``source`` doesn't exist, is an archive that isn't read, or a table that is empty, damaged, or
            has no column of file names, or several.
    """
    if not source.exists():
        raise MisconfigurationException(f"{printable(source)}: no such file or folder.")
    refuse_archive(source)
    place = source if cache is None else without_zip(source, cache)
    found = FoundPhotos()
    if place.is_file() and is_text_table(place):
        _add_named(found, place, file_column, (place.parent / images, place.parent), csv_format or {}, trained)
    else:
        found.add(files_below(place) if place.is_dir() else [place], source, place)
    return found


def refuse_archive(source: Path) -> None:
    """Raise if a file is an archive of a kind that isn't extracted here."""
    if source.is_file() and source.name.lower().endswith(_OTHER_ARCHIVES):
        raise MisconfigurationException(
            f"{printable(source)}: of archives only zip files are read; extract it, and give its folder."
        )


def _add_named(
    found: FoundPhotos, table: Path, file_column: str, folders: Sequence[Path], told: Mapping[str, Any], trained: CSVFormat | None
) -> None:
    form = detect_format(table, trained, **told)
    columns, rows = read_rows(table, form)

    def photo(name: str) -> Path | None:
        return next((path for folder in folders if (path := existing_photo(folder, name))), None)

    if form.header and file_column not in columns and any(photo(name) for name in columns):
        say_once(f"{table}: its first line names a photo, so it is read as a row and not as the names of columns.")
        form = replace(form, header=False)
        columns, rows = read_rows(table, form)
    lines = list(rows)
    column = file_column if file_column in columns else _column_of_names(table, file_column, columns, lines, photo)
    for line, row in lines:
        name = row[column].strip()
        if not name:
            found.rejected.append((f"{printable(table)}, line {line}", NO_NAME))
            continue
        path = photo(name) or folders[-1] / name
        found.paths.append(path)
        found.names.append(printable(path))
        found.rows.append({key: cell.strip() for key, cell in row.items()} if form.header else {})


def _column_of_names(
    table: Path, wanted: str, columns: Sequence[str], lines: Sequence[tuple[int, dict[str, str]]], photo: Any
) -> str:
    """The column whose cells name photos; one of file names before one of ids that happen to be photos' names."""
    if len(columns) == 1:
        return columns[0]
    sample = [row for _, row in lines[:_LOOKED_AT]]
    naming = [each for each in columns if any(photo(row[each]) for row in sample)]
    with_ending = [each for each in naming if any(row[each].strip().lower().endswith(PHOTOS) for row in sample)]
    naming = with_ending or naming
    if len(naming) == 1:
        if naming[0] != columns[0]:
            say_once(f"{table}: its column {quoted(naming[0])} names photos, which are predicted.")
        return naming[0]
    what = f"and {listed(naming, 20)} name photos" if naming else "and none of them names a photo"
    raise MisconfigurationException(
        f"{table}: has no column {quoted(wanted)} of file names; its columns are {listed(columns, 20)}, {what}; call the column "
        f"of file names {quoted(wanted)}."
    )
