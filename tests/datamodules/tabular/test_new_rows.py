"""New rows are encoded by the run's preprocessing; values that training didn't have are counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import torch
from practicum.datamodules import Table
from practicum.lightning_shim import MisconfigurationException

NEW = pl.DataFrame({"open": ["true", "false"], "kind": ["film", "radio"], "price": [None, "0.5"], "more": [1, 2]})
OPTIONS = {"columns": "named", "categorical": ["kind", "open"], "continuous": ["price"], "split": "random"}


def test_new_rows_are_encoded_as_in_training(
    tmp_path: Path, sales: pl.DataFrame, open_table: Callable[..., Table], caplog: pytest.LogCaptureFixture
) -> None:
    data = open_table(sales, **OPTIONS)
    NEW.write_csv(tmp_path / "new.csv")
    new = data.for_prediction(tmp_path / "new.csv")
    (codes, numbers), y = next(iter(new.predict_dataloader()))
    assert codes.tolist() == [[2, 2], [0, 1]]
    assert numbers[0, 1] == 1
    assert y.isnan().all()
    assert f"{tmp_path / 'new.csv'}: 1 of 2 rows have a kind that did not occur in training ('radio')" in caplog.text
    assert new.row_columns() == {"open": [True, False], "kind": ["film", "radio"], "price": [None, 0.5], "more": [1, 2]}
    assert new.source_rows().columns == NEW.columns
    assert new.rejected == []


def test_the_training_data_are_not_needed(tmp_path: Path, sales: pl.DataFrame, open_table: Callable[..., Table]) -> None:
    wanted = next(iter(open_table(sales, **OPTIONS).for_prediction(NEW).predict_dataloader()))[0]
    away = Table(tmp_path / "gone.csv", "sold", artifacts_dir=tmp_path / "run")
    for a, b in zip(next(iter(away.for_prediction(NEW).predict_dataloader()))[0], wanted, strict=True):
        assert torch.equal(a, b)


def test_without_a_folder_of_artifacts_the_open_table_encodes(sales: pl.DataFrame, open_table: Callable[..., Table]) -> None:
    data = open_table(sales, artifacts_dir=None, **OPTIONS)
    (codes, _), _ = next(iter(data.for_prediction(NEW).predict_dataloader()))
    assert codes.tolist() == [[2, 2], [0, 1]]


def test_unusable_rows_are_refused(tmp_path: Path, sales: pl.DataFrame, open_table: Callable[..., Table]) -> None:
    data = open_table(sales, **OPTIONS)
    with pytest.raises(MisconfigurationException, match="the new rows: has no column 'kind'"):
        data.for_prediction(NEW.drop("kind"))
    with pytest.raises(MisconfigurationException, match="the new rows: has no rows"):
        data.for_prediction(NEW.head(0))
    with pytest.raises(MisconfigurationException, match=r"missing\.csv: no such file"):
        data.for_prediction(tmp_path / "missing.csv")
    with pytest.raises(MisconfigurationException, match="A int is not a table"):
        data.for_prediction(1)
