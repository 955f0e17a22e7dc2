"""Read a table of ratings as it is: a frame, one file with or without a header line, or one file per split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from practicum.lightning_shim import MisconfigurationException

from ..files.quoting import listed
from ..files.say_once import say_once
from ..tabular.source_table import SourceTable, read_files, read_frame, read_one
from .ratings_config import RatingsConfig


def read_ratings_source(root: Any, files: Mapping[str, Path], config: RatingsConfig, header: Sequence[str] | None) -> SourceTable:
    """Read all rows as they are.

    Args:
        root: What was given: a path, or a frame.
        files: The files that are read, by split; empty for a frame.
        config: What the columns mean.
        header: Column names of a file without a header line.

    Raises:
        MisconfigurationException: The table can't be read, or ``header`` is given for several files.
    """
    if not files:
        return read_frame(root, config.csv_format)
    if header is not None:
        if len(files) > 1:
            names = listed([each.name for each in files.values()])
            raise MisconfigurationException(
                f"{root}: holds several files ({names}), and header=[{','.join(header)}] names the columns of one; write "
                "these names into the first line of each file, and leave header out."
            )
        return read_one(next(iter(files.values())), config.csv_format, list(header))
    if len(files) > 1 and config.split != "random":
        say_once(
            f"{root}: {listed([each.name for each in files.values()])} are divided anew, by split={config.split}, all rows "
            "together; leave out the option split to keep each file's rows apart."
        )
    label = config.item if config.rating is None else config.rating
    return read_files(files, label, config.csv_format, lambda name: name in config.columns)
