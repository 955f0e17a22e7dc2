"""Tables are written as CSV or Parquet, by the name of the file."""

from __future__ import annotations

from pathlib import Path

import polars
from practicum.cli.write_table import write_table


def test_the_name_decides_the_format(tmp_path: Path) -> None:
    columns = {"file": ["a, b.jpg", "c.jpg"], "predicted": [0.5, 1.0]}
    write_table(tmp_path / "table.csv", columns)
    write_table(tmp_path / "table.PARQUET", columns)
    assert (tmp_path / "table.csv").read_text().splitlines() == ["file,predicted", '"a, b.jpg",0.5', "c.jpg,1.0"]
    assert polars.read_parquet(tmp_path / "table.PARQUET").to_dict(as_series=False) == columns
    assert {path.name for path in tmp_path.iterdir()} == {"table.csv", "table.PARQUET"}
