"""The calendar in tensor arithmetic is that of the tables."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import polars as pl
import pytest
import torch
from practicum.cli.exports.date_graph import MISSING, civil, days_of, graph_date_parts
from practicum.datamodules.tabular.date_parts import date_parts


@pytest.mark.parametrize("has_time", [False, True])
def test_all_parts_are_those_of_the_table(has_time: bool) -> None:
    days = [date(1899, 12, 25) + timedelta(days=each) for each in [*range(0, 60_000, 7), *range(36_500, 39_500)]]
    dates = pl.Series("d", days)
    moments = torch.from_numpy(dates.cast(pl.Int64).to_numpy().copy())
    if has_time:
        dates = pl.Series(
            "d", [datetime.combine(day, datetime.min.time()) + timedelta(hours=i % 24) for i, day in enumerate(days)]
        )
        moments = torch.from_numpy((dates.dt.timestamp("ms") // 1000).to_numpy().copy())
    parts, missing = graph_date_parts(moments, has_time)
    categorical, continuous = date_parts("d", has_time)
    wanted = dates.to_frame().select(**categorical, **continuous)
    assert {f"d_{name}" for name in parts} == {*wanted.columns}
    assert not missing.any()
    for name, values in parts.items():
        column = torch.from_numpy(wanted[f"d_{name}"].cast(pl.Float64).to_numpy().copy())
        assert torch.allclose(values.double(), column, rtol=0, atol=1e-12), name


def test_missing_dates_are_told() -> None:
    _, missing = graph_date_parts(torch.tensor([0, MISSING]), has_time=False)
    assert missing.tolist() == [False, True]
    every = torch.arange(-800_000, 800_000, 97)
    assert torch.equal(days_of(*civil(every)), every)
