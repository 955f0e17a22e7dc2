"""Tables in one file or in one per split."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from practicum.datamodules.tabular.split_files import fit_in_memory, hash_files, hash_frame, split_files
from practicum.lightning_shim import MisconfigurationException


def write(folder: Path, name: str, columns: str = "a,y", rows: str = "1,2") -> Path:
    (folder / name).write_text(f"{columns}\n{rows}\n", encoding="utf-8")
    return folder / name


def test_files_are_found_by_split(tmp_path: Path) -> None:
    train, valid, test = (write(tmp_path, name) for name in ("train.csv", "validation.csv", "test.tsv"))
    write(tmp_path, "notes.txt")
    assert split_files(tmp_path) == {"train": train, "valid": valid, "test": test}
    assert split_files(train) == {"all": train}
    with pytest.raises(MisconfigurationException, match="no such file or folder"):
        split_files(tmp_path / "gone")
    train.unlink()
    with pytest.raises(MisconfigurationException, match=r"has no train.csv or train.parquet \(it holds notes.txt, test.tsv"):
        split_files(tmp_path)


def test_hashes_follow_contents(tmp_path: Path) -> None:
    path = write(tmp_path, "t.csv")
    first = hash_files({"all": path}, "Table")
    assert first == hash_files({"all": path}, "Table") != hash_files({"all": path}, "Ratings")
    write(tmp_path, "t.csv", rows="1,3")
    assert hash_files({"all": path}, "Table") != first
    frame = pl.DataFrame({"a": [1, 2]})
    assert hash_frame(frame, "Table") == hash_frame(frame.lazy(), "Table") != hash_frame(frame.reverse(), "Table")
    assert hash_frame(frame, "Table") != hash_frame(frame.cast(pl.Int32), "Table")
    words = [pl.DataFrame({"a": pl.Series(each, dtype=pl.Categorical)}) for each in (["no", "yes"], ["bad", "good"])]
    assert hash_frame(words[0], "Table") != hash_frame(words[1], "Table")  # whose codes are the same


def test_size_in_memory(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"x" * 1000)
    assert fit_in_memory({"all": tmp_path / "t.csv"}, 2e-6)  # two bytes for each on disk
    assert not fit_in_memory({"all": tmp_path / "t.csv"}, 1.9e-6)
    assert fit_in_memory({}, 1e-9)
