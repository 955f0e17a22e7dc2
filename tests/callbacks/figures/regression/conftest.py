"""A table whose errors are known."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
import torch
from practicum.lightning_shim import LightningDataModule
from torch.utils.data import DataLoader, TensorDataset

PREDICTED = [10.0, 22.0, 30.0, 44.0, 9.0, 60.0]
TRUE = [10.0, 20.0, 40.0, 40.0, 10.0, 40.0]
SHOP = ["b", "a", None, "a", "b", "a"]
DAYS = [datetime.date(2020, 1, 1 + row // 2) for row in range(6)]


class Rows(LightningDataModule):
    """Six rows; predicted is their only number."""

    tests_on = "valid"

    def test_dataloader(self) -> Any:
        numbers = torch.tensor(PREDICTED)[:, None]
        rows = TensorDataset(torch.zeros(6, 1, dtype=torch.long), numbers, torch.tensor(TRUE))

        def collate(parts: Any) -> Any:
            codes, numbers, y = (torch.stack(each) for each in zip(*parts, strict=True))
            return (codes, numbers), y

        return DataLoader(rows, batch_size=4, collate_fn=collate)

    def row_columns(self, split: str) -> dict[str, list[Any]]:
        assert split == "valid"
        return {"shop": SHOP, "day": DAYS, "sold": TRUE}


@pytest.fixture
def rows() -> Rows:
    """Six rows, whose first number ``known_regression`` predicts."""
    return Rows()
