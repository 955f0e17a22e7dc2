"""What new rows hold and training did not."""

from __future__ import annotations

import polars as pl
import pytest
from practicum.datamodules.tabular.continuous import ContinuousColumn
from practicum.datamodules.tabular.unlike_training import changed_constants, unlike_training

COMPLETE = ContinuousColumn(2.0, 2.0, 1.0, has_missing=False, low=0.0, high=4.0)
WITH_GAPS = ContinuousColumn(2.0, 2.0, 1.0, has_missing=True, low=0.0, high=4.0)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([1.0, 2.0, 4.0], None),
        ([1.0] * 20 + [4.5, -1.0], None),  # a little beyond, as any new data have
        ([1.0] * 20 + [8.5], "1 of 21 rows have a x outside of training's 0 to 4 (8.5)"),
        ([4.5, 4.6, 4.7] + [1.0] * 9, "3 of 12 rows have a x outside of training's 0 to 4 (4.5)"),
        ([1000.0, -3000.0, 2.0], "2 of 3 rows have a x outside of training's 0 to 4 (1000)"),
    ],
)
def test_numbers_far_beyond_the_range_or_many_beyond_it_are_named(numbers: list[float], said: str | None) -> None:
    found = unlike_training(pl.Series("x", numbers), COMPLETE, "new.csv")
    assert found == ([] if said is None else [f"new.csv: {said}; it counts as the nearest of these."])


def test_gaps_are_named_where_training_had_none() -> None:
    for values in (pl.Series("x", [None, 2.0, 3.0]), pl.Series("x", [float("nan"), 2.0, 3.0])):
        (found,) = unlike_training(values, COMPLETE, "new.csv")
        assert found == "new.csv: 1 of 3 rows have no x, which no training row lacked; it counts as training's median, 2."
        assert unlike_training(values, WITH_GAPS, "new.csv") == []


def test_a_column_that_never_varied_is_named_when_it_does() -> None:
    constants = {"land": "DE", "year": "2026", "flag": "true", "gone": "1"}
    same = pl.DataFrame({"land": ["DE", None], "year": [2026.0, 2026.0], "flag": [True, True]})
    assert changed_constants(same, constants, "new.csv") == []
    other = pl.DataFrame({"land": ["FR", "DE"], "year": ["2026", "later"], "flag": [True, False]})
    said = changed_constants(other, constants, "new.csv")
    assert [each.split(" rows have ")[1].split(" than ")[0] for each in said] == ["another land", "another year", "another flag"]
    assert "'FR'" in said[0]
    assert "'later'" in said[1]
