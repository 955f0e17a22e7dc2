"""Options of ratings: what contradicts itself is refused."""

from __future__ import annotations

from typing import Any

import pytest
from practicum.datamodules.ratings.ratings_config import RatingsConfig
from practicum.lightning_shim import MisconfigurationException


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "last_out"}, "R: split=last_out needs the option time"),
        ({"duplicates": "last"}, "R: duplicates=last needs the option time"),
        ({"time_bin_days": 30}, "R: time_bin_days=30 needs the option time"),
        ({"duplicates": "first"}, "R: duplicates=first must be one of refuse, last, mean"),
        ({"split": "later"}, "R: split=later must be one of random, time, last_out"),
        ({"time": "t", "split": "last_out", "test_fraction": 0.1}, "R: test_fraction=0.1 is for split=random"),
        ({"time": "t", "split": "time", "split_column": "s"}, "R: split_column=s is for split=random"),
        ({"rating": None, "positive_threshold": 4}, "R: positive_threshold=4 needs the option rating"),
        ({"time": "t", "time_bin_days": 0}, "R: time_bin_days=0 must be positive"),
        ({"scale": (5, 1)}, r"R: scale=\(5, 1\) must be the least and the greatest rating"),
        ({"user": "item"}, "R: item=item is the column of the option user too"),
        ({"weight": "rating"}, "R: weight=rating is the column of the option rating too"),
        ({"user_side": ("user",)}, "R: user_side=user is the column of the option user too"),
        ({"time": "t", "date_format": "day first"}, "R: date_format=day first must name year and month"),
        ({"valid_fraction": 0}, "R: valid_fraction=0 must lie between 0 and 1"),
    ],
)
def test_contradictions(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MisconfigurationException, match=message):
        RatingsConfig(**options).check("R")


def test_users_and_items_are_the_first_columns() -> None:
    config = RatingsConfig(time="t", user_side=("job",), item_side=("genre",), time_bin_days=30)
    config.check("R")
    assert config.table_config(None).categorical == ("user", "item", "job", "genre", "time_bin")
    assert config.table_config("part").split_column == "part"
    assert config.table_config(None).target == "rating"


def test_clicks_are_ratings_without_a_column_or_above_a_threshold() -> None:
    assert not RatingsConfig().clicks
    for config in (RatingsConfig(rating=None), RatingsConfig(positive_threshold=4)):
        assert config.clicks
        assert config.table_config(None).target == config.target != "rating"
