"""Raw columns give what the run's own preprocessing gives."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from practicum.cli.exports.tables import first_rows, raw_category, raw_date, table_deployable
from practicum.datamodules import Table
from practicum.datamodules.tabular.categories import CategoricalColumn
from practicum.lightning_shim import MisconfigurationException
from practicum.modules import EntityEmbeddingModel, TabularEnsemble


def make_frame(rows: int = 300) -> pl.DataFrame:
    """Every type of category, gaps in all columns, and times of day."""
    number = np.arange(rows)
    frame = pl.DataFrame(
        {
            "text": [f"s{each % 5}" for each in number],
            "code": number % 4 + 10,
            "half": (number % 3) / 2,
            "flag": number % 2 == 0,
            "size": np.sin(number) * 1e3,
            "at": [datetime(2023, 1, 1) + timedelta(hours=31 * int(each)) for each in number],
            "sold": number * 0.1 + 1,
        }
    )
    gaps = [
        pl.when(pl.arange(rows) % 11 == place).then(None).otherwise(pl.col(name)) for place, name in enumerate(frame.columns[:5])
    ]
    return frame.with_columns(each.alias(name) for each, name in zip(gaps, frame.columns[:5], strict=True))


@pytest.mark.parametrize("kind", [TabularEnsemble, EntityEmbeddingModel])
@pytest.mark.parametrize("more", [{"loss": "quantiles"}, {}, {"classes": ["no", "yes"]}])
def test_the_graph_predicts_what_the_run_predicts(kind: Any, more: dict[str, Any], tmp_path: Path) -> None:
    frame = make_frame()
    data = Table(frame, target="sold", date="at", categorical=["code", "half"], cache=tmp_path, split="random")
    data.prepare_data()
    steps, facts = data.steps(), data.describe()
    if "classes" in more:
        steps.classes = facts["classes"] = more["classes"]
        del facts["target"]
    options = {name: value for name, value in more.items() if name != "classes"}
    model = kind(**facts, hidden_sizes=[8], **options).eval()
    torch.nn.init.normal_(model.head.weight)
    strange = pl.DataFrame({"text": ["new", None], "code": [99, None], "half": [0.5, 7.0], "flag": [None, True]})
    strange = strange.with_columns(size=pl.Series([None, 1e9]), at=pl.Series([None, datetime(2030, 2, 28, 23)]))
    rows = pl.concat([frame.drop("sold").head(98), strange], how="diagonal_relaxed")
    found = table_deployable(model, steps, rows)
    assert found.output == ("probabilities" if "classes" in more else more.get("loss", "prediction"))
    assert {*found.inputs} == {*rows.columns}
    (call,) = found.calls
    assert len(call.wanted) == 100
    with torch.no_grad():
        predicted = found.graph(*found.encoded(call.inputs))
    assert torch.allclose(predicted, call.wanted, rtol=1e-5, atol=1e-6)
    assert call.wanted.std(0).max() > 1e-3  # they depend on the rows


def test_dates_with_a_zone_are_handed_over_as_the_clock_there_shows_them(tmp_path: Path) -> None:
    frame = make_frame().with_columns(pl.col("at").dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Tokyo"))
    data = Table(frame, target="sold", date="at", cache=tmp_path, split="random")
    data.prepare_data()
    model = TabularEnsemble(**data.describe(), hidden_sizes=[8]).eval()
    torch.nn.init.normal_(model.head.weight)
    for rows in (frame, frame.with_columns(pl.col("at").dt.convert_time_zone("America/New_York"))):  # the same moments
        found = table_deployable(model, data.steps(), data.for_prediction(rows).plain.head(100))
        (call,) = found.calls
        with torch.no_grad():
            predicted = found.graph(*found.encoded(call.inputs))
        assert torch.allclose(predicted, call.wanted, rtol=1e-5, atol=1e-6)
        assert "by the clock in Asia/Tokyo, not in UTC" in found.inputs["at"].meaning
        assert call.inputs["at"][0] == 1672531200 + 9 * 3600  # midnight in UTC, and nine o'clock in Tokyo


def test_raw_values_are_those_that_a_program_without_a_reader_has() -> None:
    text = CategoricalColumn("String", ["a", "b"])
    assert raw_category(pl.Series(["b", None, "q"]), text).tolist() == ["b", "", ""]
    whole = CategoricalColumn("Int64", ["3", "7"])
    assert raw_category(pl.Series(["7", "7.0"]), whole).tolist() == [7, 7]
    assert raw_category(pl.Series([None, 3.0]), whole)[1] == 3
    flags = CategoricalColumn("Boolean", ["false", "true"])
    assert raw_category(pl.Series([True, False]), flags).tolist() == [1, 0]
    assert np.isnan(raw_category(pl.Series([None, 0.5]), CategoricalColumn("Float64", ["0.5"]))[0])
    dates = pl.Series([datetime(1970, 1, 2, 1), None])
    assert raw_date(dates, has_time=True)[0] == 90_000
    assert raw_date(dates, has_time=False)[0] == 1
    assert np.isnat(raw_date(dates, has_time=False).view("datetime64[D]")[1])


def test_a_column_without_a_name_is_an_input_with_one(tmp_path: Path) -> None:
    frame = pl.DataFrame({"": ["a", "b"] * 50, "unnamed": [each + 0.5 for each in range(100)], "sold": [1.5, 3.0] * 50})
    data = Table(frame, target="sold", cache=tmp_path)
    data.prepare_data()
    model = EntityEmbeddingModel(**data.describe(), hidden_sizes=[4]).eval()
    found = table_deployable(model, data.steps(), frame.drop("sold"))
    assert [*found.inputs] == [*found.calls[0].inputs] == ["unnamed_", "unnamed"]  # ONNX wants a name of each


def test_rows_are_spread_over_all() -> None:
    rows = pl.DataFrame({"x": range(1000)})
    assert first_rows(rows, 4)["x"].to_list() == [0, 250, 500, 750]
    assert len(first_rows(rows.head(3), 100)) == 3


def test_holidays_are_refused(tmp_path: Path) -> None:
    data = Table(make_frame(), target="sold", date="at", holidays="DE", cache=tmp_path)
    data.prepare_data()
    with pytest.raises(MisconfigurationException, match="holidays=DE: a calendar of holidays"):
        table_deployable(None, data.steps(), make_frame())
