"""A small table of sales, and how tests open it."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from practicum.datamodules import Table
from practicum.datamodules.synthetic.stores import generate_stores

FIRST = datetime.date(2020, 1, 1)


@pytest.fixture
def sales() -> pl.DataFrame:
    """400 rows, two a day, with a column of every role."""
    rng = np.random.default_rng(0)
    price = rng.normal(size=400)
    return pl.DataFrame(
        {
            "shop_id": rng.integers(100, 140, 400),
            "kind": rng.choice(["book", "film", "game"], 400),
            "open": rng.random(400) < 0.5,
            "price": pl.Series(price).set(pl.Series(price > 1.5), None),
            "same": np.ones(400, int),
            "note": [f"note {i}" for i in range(400)],
            "day": [FIRST + datetime.timedelta(days=i // 2) for i in range(400)],
            "sold": rng.random(400) + 1,
        }
    )


@pytest.fixture
def open_table(tmp_path: Path) -> Callable[..., Table]:
    """Opens a table whose target is ``sold``; folders are below the test's own unless told otherwise."""

    def make(source: Any, folder: Path = tmp_path, **options: Any) -> Table:
        given = {
            "target": "sold",
            "cache": folder / "cache",
            "artifacts_dir": folder / "run",
            "report_dir": folder / "run",
            "batch_size": 64,
        }
        data = Table(source, **{**given, **options})
        data.prepare_data()
        data.setup("fit")
        return data

    return make


@pytest.fixture(scope="session")
def rossmann_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Synthetic sales in the files of Kaggle's Rossmann challenge."""
    folder = tmp_path_factory.mktemp("synthetic") / "stores"
    generate_stores(folder)
    return folder
