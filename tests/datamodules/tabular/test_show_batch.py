"""Training rows as a table."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from practicum.datamodules import Ratings, Table
from practicum.lightning_shim import MisconfigurationException


def test_rows_of_a_table_have_names_scaled_numbers_and_the_target(tmp_path: Path) -> None:
    rows = [{"shop": "abc"[i % 3], "price": i + 0.5, "sold": 10.0 * (i % 3)} for i in range(60)]
    data = Table(pl.DataFrame(rows), target="sold", test_fraction=0, cache=tmp_path, batch_size=16)
    data.prepare_data()
    data.setup()
    shown = data.show_batch(10)
    assert (shown.columns, len(shown)) == (["shop", "price", "target"], 10)
    assert {shop: sold for shop, _, sold in shown.rows()} == {"a": 0.0, "b": 10.0, "c": 20.0}
    assert shown["price"].abs().max() < 3
    with pytest.raises(MisconfigurationException, match="count=0 must be at least 1"):
        data.show_batch(0)


def test_ratings_are_rows_of_users_and_items(tmp_path: Path) -> None:
    rows = [{"who": f"u{i % 5}", "what": f"i{i % 7}", "stars": float(1 + (i % 5))} for i in range(35)]
    data = Ratings(pl.DataFrame(rows), user="who", item="what", rating="stars", cache=tmp_path, test_fraction=0)
    data.prepare_data()
    data.setup()
    shown = data.show_batch(20)
    assert shown.columns == ["who", "what", "target"]
    assert all(int(who[1:]) + 1 == stars for who, _, stars in shown.rows())
