"""Options of rows: ranges, and one role per column."""

from __future__ import annotations

from typing import Any

import pytest
from practicum.datamodules.tabular.table_config import TableConfig, check_row_options
from practicum.lightning_shim import MisconfigurationException


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_count": 0}, "T: min_count=0 must be at least 1"),
        ({"valid_fraction": 1.0}, "T: valid_fraction=1.0 must lie between 0 and 1"),
        ({"valid_fraction": 0.5, "test_fraction": 0.5}, "T: test_fraction=0.5 must be at least 0 and leave training rows"),
        ({"max_gb": 0.0}, "T: max_gb=0.0 must be positive"),
        ({"train_rows": 0}, "T: train_rows=0 must be at least 1"),
    ],
)
def test_options_out_of_range(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MisconfigurationException, match=message):
        check_row_options("T", **options)


def test_options_in_range() -> None:
    check_row_options("T", min_count=1, valid_fraction=0.5, test_fraction=0.0, train_rows=None, valid_days=3, max_gb=0.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"categorical": ["y"]}, r"categorical=\[y\]: the column is named in the option target too"),
        ({"weight": "w", "continuous": ["w"]}, r"continuous=\[w\]: the column is named in the option weight too"),
        ({"date": "d", "ignore": ["d"]}, r"ignore=\[d\]: the column is named in the option date too"),
        ({"categorical": ["a"], "ignore": ["a"]}, r"ignore=\[a\]: the column is named in the option categorical too"),
    ],
)
def test_a_column_has_one_role(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MisconfigurationException, match=message):
        TableConfig("y", **options).require_single_roles()


def test_columns_are_all_that_are_named() -> None:
    config = TableConfig("y", date="d", weight="w", group="g", categorical=["a"], continuous=["b"], ignore=["c"])
    assert config.columns == ["y", "d", "w", "g", "a", "b", "c"]
    config.require_single_roles()
