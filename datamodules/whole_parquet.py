"""Parquet written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl


def write_parquet(path: Path, columns: Mapping[str, Any]) -> None:
    """Write columns beside the file, then put it in its place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        pl.DataFrame(columns).write_parquet(beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
