"""Write a table as CSV or Parquet, complete or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from practicum.callbacks.files.atomic_file import as_utf8, atomic_write, require_replaceable, write_columns
from practicum.lightning_shim import MisconfigurationException

_SHEETS = (".xlsx", ".xls", ".ods", ".tsv", ".tab")
_OTHER_KINDS = (*_SHEETS, ".json", ".jsonl", ".ndjson", ".feather", ".arrow", ".html", ".zip")


def place_of(path: Path) -> str:
    """What a message calls a file that is about to be written: where one is there already, it says that it is replaced.

    Args:
        path: The file.
    """
    return f"{path} (replaced)" if path.exists() else str(path)


def check_output(path: Path) -> None:
    """Refuse a name that says another kind of file, in which a spreadsheet or a program would find a CSV.

    Raises:
        MisconfigurationException: It ends in ``.xlsx``, ``.json`` or the like, or is a folder, or a device or a pipe.
    """
    require_replaceable(path)
    if path.is_dir():
        raise MisconfigurationException(f"output={path}: is a folder; name a file in it, output={path / 'predictions.csv'}.")
    if path.suffix.lower() in _OTHER_KINDS:
        raise MisconfigurationException(f"output={path}: {path.suffix} is not written; name it .csv or .parquet.")


def write_table(path: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    """Write columns of one length.

    Args:
        path: Where to; a name that ends in ``.parquet`` makes a Parquet file, any other a CSV.
        columns: The columns by name.
    """
    if path.suffix.lower() != ".parquet":
        write_columns(path, columns)
        return
    import polars  # noqa: PLC0415 - only for Parquet

    texts = {as_utf8(name): [as_utf8(e) if isinstance(e, str) else e for e in column] for name, column in columns.items()}
    with atomic_write(path) as beside:
        polars.DataFrame(texts).write_parquet(beside)
