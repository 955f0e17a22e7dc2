"""A table in one file or in one file per split: which files there are, their hash and size."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from practicum.lightning_shim import MisconfigurationException

from .readers import as_lazy_frame, is_table

_FILES = {"train": ("train",), "valid": ("valid", "val", "validation"), "test": ("test",)}
_EXPANSION = {".gz": 10, ".csv": 2, ".tsv": 2}  # bytes in memory per byte on disk, roughly; of Parquet 4


def split_files(root: Path) -> dict[str, Path]:
    """Find the files of a table.

    Args:
        root: A file, or a folder with ``train``, ``valid`` and ``test`` files of any supported type.

    Returns:
        Files by split; a single file is called ``all``.

    Raises:
        MisconfigurationException: ``root`` doesn't exist, or has no ``train`` file.
    """
    if root.is_file():
        return {"all": root}
    if not root.is_dir():
        raise MisconfigurationException(f"{root}: no such file or folder.")
    tables = {each.name.partition(".")[0].lower(): each for each in sorted(root.iterdir()) if is_table(each)}
    found = {split: tables[name] for split, names in _FILES.items() for name in names if name in tables}
    if "train" not in found:
        held = ", ".join(sorted(each.name for each in root.iterdir())[:8]) or "nothing"
        raise MisconfigurationException(f"{root}: has no train.csv or train.parquet (it holds {held}).")
    return found


def hash_files(files: Mapping[str, Path], salt: str) -> str:
    """SHA-256 of names and contents of files, and of ``salt``."""
    digest = hashlib.sha256(salt.encode())
    for split, path in files.items():
        digest.update(f"{split} {path.name}".encode())
        with open(path, "rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def hash_frame(frame: Any, salt: str) -> str:
    """SHA-256 of the rows and types of a polars or pandas frame, and of ``salt``."""
    digest = hashlib.sha256(salt.encode())
    rows = as_lazy_frame(frame)
    kinds = rows.collect_schema()
    words = [name for name, kind in kinds.items() if isinstance(kind, pl.Categorical | pl.Enum)]  # hashed by their codes
    if words:
        digest.update(str(kinds).encode())
    for block in rows.with_columns(pl.col(name).cast(pl.String) for name in words).collect().iter_slices(1 << 20):
        digest.update(block.hash_rows(seed=1).to_numpy().tobytes())
        digest.update(str(block.schema).encode())
    return digest.hexdigest()


def fit_in_memory(files: Mapping[str, Path], max_gb: float) -> bool:
    """Whether a table takes at most ``max_gb`` gigabytes of memory when it is read at once, by a rough estimate."""
    size = sum(path.stat().st_size * _EXPANSION.get(path.suffix.lower(), 4) for path in files.values())
    return size <= max_gb * 1e9
