"""Ids of users and items give what the run gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from practicum.cli.exports.ratings import rating_deployable
from practicum.datamodules import Ratings
from practicum.modules import DotProductBias, NeuralCollaborativeFilter

ROWS = pl.DataFrame(
    [(f"u{n % 7}", 100 + n % 11, 1.0 + n % 5, 86_400 * n, "ab"[n % 2]) for n in range(77)],
    schema=["user", "item", "rating", "time", "genre"],
    orient="row",
)


@pytest.mark.parametrize(
    ("kind", "options", "model"),
    [
        (DotProductBias, {}, {"bounded": True}),
        (DotProductBias, {"time": "time", "date_format": "epoch_s", "time_bin_days": 20}, {"implicit": True}),
        (DotProductBias, {"rating": None}, {"loss": "logistic"}),
        (NeuralCollaborativeFilter, {"item_side": ["genre"]}, {}),
        (NeuralCollaborativeFilter, {"item_side": ["genre"], "time_bin_days": 20}, {}),
    ],
)
def test_the_graph_predicts_what_the_run_predicts(
    kind: Any, options: dict[str, Any], model: dict[str, Any], tmp_path: Path
) -> None:
    data = Ratings(ROWS, duplicates="last", cache=tmp_path, **{"time": "time", "date_format": "epoch_s", **options})
    data.setup("fit")
    module = kind(**data.describe(), factors=4, **model).eval()
    if model.get("implicit"):
        module.set_history(*data.pairs("train"))
        torch.nn.init.normal_(module.rated.weight)
        torch.nn.init.normal_(module.drift.weight)
    strangers = pl.DataFrame({"user": ["nobody", "u1"], "item": [100, 7], "time": [0, 0], "genre": ["a", "b"]})
    pairs = pl.concat([ROWS.head(30), strangers], how="diagonal_relaxed")
    if "time_bin_days" in options:
        pairs = pairs.with_columns(time_bin=pl.col("time") // 86_400 // 20)
    found = rating_deployable(module, data.steps(), pairs)
    (call,) = found.calls
    assert found.output == ("score" if "rating" in options else "prediction")
    with torch.no_grad():
        predicted = found.graph(*found.encoded(call.inputs))
    assert torch.allclose(predicted, call.wanted, rtol=1e-5, atol=1e-6)
    assert call.inputs["item"].dtype == "int64"
    assert predicted.shape == (32,)
    assert ("genre" in found.inputs) == ("item_side" in options)
