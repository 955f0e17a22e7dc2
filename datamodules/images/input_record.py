"""What training found out about its input and prediction must know: ``input.json`` in a run's folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from practicum.lightning_shim import MisconfigurationException

from ..files.atomic_file import atomic_write
from ..files.csv_format import CSVFormat

INPUT_FILE = "input.json"


def read_record(folder: Path | None) -> dict[str, Any]:
    """What was kept; empty where nothing was.

    Args:
        folder: The run's folder, or ``None``.

    Raises:
        MisconfigurationException: The file is damaged.
    """
    if folder is None or not (folder / INPUT_FILE).is_file():
        return {}
    try:
        found = json.loads((folder / INPUT_FILE).read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise ValueError("no JSON object")
    except (OSError, ValueError) as error:
        raise MisconfigurationException(
            f"{folder / INPUT_FILE}: can't be read ({error}); restore it from a copy of the run."
        ) from error
    return found


def kept_format(folder: Path | None) -> CSVFormat | None:
    """The format of the table of labels (fact ``csv``); ``None`` where there was none.

    Raises:
        MisconfigurationException: The file is damaged.
    """
    found = read_record(folder).get("csv")
    if found is None or folder is None:
        return None
    try:
        return CSVFormat.from_dict(found)
    except (TypeError, AttributeError, ValueError) as error:
        raise MisconfigurationException(
            f"{folder / INPUT_FILE}: can't be read ({error}); restore it from a copy of the run."
        ) from error


def write_record(folder: Path | None, **facts: Any) -> None:
    """Add facts to what is kept, atomically; a fact of ``None`` is removed. Nothing is written where there is nothing to keep."""
    if folder is None:
        return
    try:
        before = read_record(folder)
    except MisconfigurationException:  # training finds everything anew
        before = {"damaged": True}
    after = {key: value for key, value in {**before, "damaged": None, **facts}.items() if value is not None}
    if after != before:
        with atomic_write(folder / INPUT_FILE) as beside:
            beside.write_text(json.dumps(after, indent=1), encoding="utf-8")
