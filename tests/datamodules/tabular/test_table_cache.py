"""The cache: built once, anew for other contents or options, and never left half-built."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from practicum.datamodules.tabular.table_cache import TableArrays, table_arrays
from practicum.datamodules.tabular.table_config import TableConfig
from practicum.lightning_shim import MisconfigurationException


def test_arrays_are_built_once(tmp_path: Path, sales: pl.DataFrame) -> None:
    reads = []

    def arrays(fingerprint: str = "a", **options: int) -> TableArrays:
        def read() -> pl.LazyFrame:
            reads.append(fingerprint)
            return sales.lazy()

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
        table_arrays(sales.lazy, "a", TableConfig("sald"), tmp_path, "t")
    with pytest.raises(MisconfigurationException, match="t: can't be read as a table"):
        table_arrays(lambda: sales.lazy().select("gone"), "b", TableConfig("sold"), tmp_path, "t")
    assert not [each for each in tmp_path.iterdir() if each.is_dir()]


def test_artifacts(tmp_path: Path, sales: pl.DataFrame, caplog: pytest.LogCaptureFixture) -> None:
    frame = sales.with_columns(sold=pl.when(pl.int_range(400) == 7).then(None).otherwise("sold"))
    arrays = table_arrays(frame.lazy, "a", TableConfig("sold"), tmp_path / "cache", "t")
    arrays.write_artifacts("t", tmp_path / "report", tmp_path / "artifacts")
    assert (tmp_path / "report" / "rejected.csv").read_text().splitlines() == ["row,reason", "row 8,its target is missing (None)"]
    assert (tmp_path / "report" / "columns.csv").read_text().splitlines()[0] == "column,role,reason"
    assert (tmp_path / "artifacts" / "steps.json").read_text() == arrays.steps.to_json()
    assert "t: 1 rows left out, e.g. row 8: its target is missing (None)." in caplog.text
    facts = arrays.provenance("t")
    assert (facts["source"], facts["rejected"], facts["train"] + facts["valid"]) == ("t", 1, 399)
