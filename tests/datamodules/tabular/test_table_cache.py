"""The cache: built once, anew for other contents or options, and never left half-built."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from practicum.datamodules.files import say_once
from practicum.datamodules.tabular.array_files import seal
from practicum.datamodules.tabular.source_table import SourceTable
from practicum.datamodules.tabular.table_cache import TableArrays, table_arrays
from practicum.datamodules.tabular.table_config import TableConfig
from practicum.lightning_shim import MisconfigurationException


def test_arrays_are_built_once(tmp_path: Path, sales: pl.DataFrame) -> None:
    reads = []

    def arrays(fingerprint: str = "a", **options: int) -> TableArrays:
        def read() -> SourceTable:
            reads.append(fingerprint)
            return SourceTable(sales.lazy())

        return table_arrays(read, fingerprint, TableConfig("sold", **options), tmp_path, "t")  # type: ignore[arg-type]

    first = arrays()
    again = arrays()
    assert reads == ["a"]
    assert np.array_equal(first.codes, again.codes)
    assert first.sha256 == again.sha256
    assert first.roles == again.roles
    assert first.weights is None
    assert arrays(seed=2).sha256 != first.sha256
    assert arrays("b").sha256 != first.sha256
    assert reads == ["a", "a", "b"]
    assert sorted(np.concatenate(list(first.rows.values())).tolist()) == list(range(400))
    assert len(first.source_rows("valid")) == len(first.rows["valid"])


def test_a_table_that_fails_leaves_nothing_behind(tmp_path: Path, sales: pl.DataFrame) -> None:
    with pytest.raises(MisconfigurationException, match="has no column 'sald'"):
        table_arrays(lambda: SourceTable(sales.lazy()), "a", TableConfig("sald"), tmp_path, "t")
    with pytest.raises(MisconfigurationException, match="t: can't be read as a table"):
        table_arrays(lambda: SourceTable(sales.lazy().select("gone")), "b", TableConfig("sold"), tmp_path, "t")
    assert not [each for each in tmp_path.iterdir() if each.is_dir()]


def test_artifacts(tmp_path: Path, sales: pl.DataFrame, caplog: pytest.LogCaptureFixture) -> None:
    frame = sales.with_columns(sold=pl.when(pl.int_range(400) == 7).then(None).otherwise("sold"))
    arrays = table_arrays(lambda: SourceTable(frame.lazy()), "a", TableConfig("sold"), tmp_path / "cache", "t")
    arrays.write_artifacts("t", tmp_path / "report", tmp_path / "artifacts")
    assert (tmp_path / "report" / "rejected.csv").read_text(encoding="utf-8").splitlines() == [
        "row,reason",
        "row 8,its target is missing (blank or a mark such as NA or None)",
    ]
    assert (tmp_path / "report" / "columns.csv").read_text(encoding="utf-8").splitlines()[0] == "column,role,reason"
    assert (tmp_path / "artifacts" / "steps.json").read_text(encoding="utf-8") == arrays.steps.to_json()
    assert "t: 1 rows left out, e.g. row 8: its target is missing (blank or a mark such as NA or None)." in caplog.text
    facts = arrays.provenance("t")
    assert (facts["source"], facts["rejected"], facts["train"] + facts["valid"]) == ("t", 1, 399)


@pytest.mark.parametrize(
    "name", ["codes.npy", "numbers.npy", "targets.npy", "split.npy", "facts.json", "steps.json", "valid.parquet"]
)
@pytest.mark.parametrize("damage", ["cut", "changed", "gone"])
def test_a_damaged_cache_is_said_and_made_anew(
    name: str, damage: str, tmp_path: Path, sales: pl.DataFrame, caplog: pytest.LogCaptureFixture
) -> None:
    def arrays() -> TableArrays:
        return table_arrays(lambda: SourceTable(sales.lazy()), "a", TableConfig("sold"), tmp_path, "t")

    first = arrays()
    wanted = np.array(first.codes), np.array(first.numbers), np.array(first.targets)
    path = first.folder / name
    raw = path.read_bytes()
    del first
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(raw[: len(raw) // 2] if damage == "cut" else raw[:-2] + bytes([raw[-2] ^ 1]) + raw[-1:])
    again = arrays()
    assert f"{again.folder}: the cached table is damaged ({name} " in caplog.text
    assert "it is made anew" in caplog.text
    for a, b in zip((again.codes, again.numbers, again.targets), wanted, strict=True):
        assert np.array_equal(a, b)
    caplog.clear()
    arrays()
    assert "damaged" not in caplog.text


def test_a_disk_without_room_is_one_sentence(tmp_path: Path, sales: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", no_room)
    with pytest.raises(MisconfigurationException, match="the disk has no room for the cached table"):
        table_arrays(lambda: SourceTable(sales.lazy()), "a", TableConfig("sold"), tmp_path, "t")
    assert not [each for each in tmp_path.iterdir() if each.is_dir()]


def test_a_cache_that_is_a_file_is_one_sentence(tmp_path: Path, sales: pl.DataFrame) -> None:
    (tmp_path / "cache").touch()
    with pytest.raises(MisconfigurationException, match="cache: can't be written"):
        table_arrays(lambda: SourceTable(sales.lazy()), "a", TableConfig("sold"), tmp_path / "cache", "t")


def test_what_was_guessed_is_said_once(sales: pl.DataFrame, open_table: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="practicum"):
        data = open_table(pl.concat([sales, sales]).with_columns(sold=pl.Series([None, *range(799)], dtype=pl.Float64)))
        for stage in ("fit", "test"):
            data.setup(stage)
    assert caplog.text.count("held out for a test") == 1
    assert caplog.text.count("1 rows left out") == 1


def test_what_was_guessed_in_reading_is_said_of_a_cached_table_too(
    tmp_path: Path, open_table: Any, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [f"caf\u00e9;{i % 7},{i % 10}5;{i % 3},25" for i in range(120)]
    rows[50] = "caf\u00e9;3.14;1,25"
    (tmp_path / "t.csv").write_bytes("\n".join(["shop;price;sold", *rows]).encode("cp1252"))
    for made in ("now", "and read again", "by an earlier version"):
        if made == "by an earlier version":
            (place,) = (tmp_path / "cache").glob("table-*")
            (place / "sentences.json").unlink()
            seal(place)
        caplog.clear()
        say_once._say.cache_clear()  # as in another process
        open_table(tmp_path / "t.csv")
        assert "is read as cp1252 (Windows)" in caplog.text
        assert "t.csv, line 52: column 'price' holds '3.14'" in caplog.text
        assert caplog.text.count("cp1252") == 1
