"""Preprocessing: codes, imputation, clipping, targets, and its file."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from practicum.datamodules.tabular.preprocessor import TablePreprocessor
from practicum.lightning_shim import MisconfigurationException


def fitted() -> TablePreprocessor:
    steps = TablePreprocessor()
    steps.fit_category(pl.Series("kind", ["b", "a", "a", None]))
    steps.fit_category(pl.Series("size", [10, 2, 2, 10]), min_count=2)
    steps.fit_number(pl.Series("price", [1.0, 3.0, None, 5.0]), "t")
    steps.fit_target(pl.Series("sold", [1.0, 2.0, 4.0]), is_class=False)
    return steps


def test_codes_are_positions_in_sort_order_and_0_is_unknown() -> None:
    steps = fitted()
    assert steps.categorical["kind"].categories == ["a", "b"]
    assert steps.categorical["size"].categories == ["2", "10"]  # by number, not by text
    rows = pl.DataFrame({"kind": ["b", None, "c"], "size": ["10", "2", "7"], "price": [3.0, None, 99.0]})
    codes, numbers, unknown = steps.transform(rows, "t")
    assert codes.tolist() == [[2, 2], [0, 1], [0, 0]]
    assert unknown == {"kind": ["c"], "size": ["7"]}
    filled = np.array([1.0, 3.0, 3.0, 5.0])
    wanted = (np.array([3.0, 3.0, 5.0]) - filled.mean()) / filled.std(ddof=1)  # a gap: the median; 99: clipped to 5
    assert numbers[:, 0].tolist() == pytest.approx(wanted.tolist())
    assert numbers[:, 1].tolist() == [0, 1, 0]
    assert steps.number_names == ["price", "price_missing"]
    assert steps.source_columns == ["kind", "size", "price"]


def test_rare_categories_are_unknown() -> None:
    steps = TablePreprocessor()
    steps.fit_category(pl.Series("kind", ["a", "a", "b"]), min_count=2)
    assert steps.categorical["kind"].categories == ["a"]


def test_dates_become_their_parts_without_constant_ones() -> None:
    steps = TablePreprocessor()
    dates = [datetime.date(2020, 1, day) for day in range(1, 29)]
    steps.fit_date(pl.Series("day", dates), "t", holidays=None)
    assert "day_day_of_week" in steps.categorical
    assert "day_month" not in steps.categorical  # January in all rows
    assert steps.source_columns == ["day"]
    codes, numbers, _ = steps.transform(pl.DataFrame({"day": dates}), "t")
    assert codes.shape == (28, len(steps.categorical))
    assert numbers[:, steps.number_names.index("day_elapsed")].mean() == pytest.approx(0, abs=1e-6)


def test_targets() -> None:
    steps = fitted()
    stats = steps.target_stats
    assert stats is not None
    assert (stats["min"], stats["max"]) == (1, 4)
    assert stats["log_mean"] == pytest.approx(np.log([1, 2, 4]).mean())
    assert np.isnan(steps.transform_target(pl.Series([1.0, None]), "t")).tolist() == [False, True]
    steps.fit_target(pl.Series("sold", [0.0, 2.0]), is_class=False)
    assert steps.target_stats is not None
    assert "log_mean" not in steps.target_stats
    for held_out, positive in (([3.0, 5.0], True), ([3.0, 0.0], False), ([], True)):
        steps.fit_target(pl.Series("sold", [1.0, 2.0]), False, pl.Series("sold", held_out, pl.Float64))
        assert ("log_mean" in steps.target_stats) == positive
    classes = TablePreprocessor()
    classes.fit_target(pl.Series("kind", [True, False]), is_class=True)
    assert classes.classes == ["false", "true"]
    assert classes.transform_target(pl.Series([True, False, None]), "t").tolist() == [1, 0, -1]


def test_the_file_gives_the_same_codes_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    steps, path = fitted(), tmp_path / "steps.json"
    with pytest.raises(MisconfigurationException, match="no such file"):
        TablePreprocessor.from_json(path)
    path.write_text(steps.to_json(), encoding="utf-8")
    assert TablePreprocessor.from_json(path) == steps
    damaged = {**json.loads(steps.to_json()), "csv": {"delimiter": 5, "told": 5}}
    for text in ("{", json.dumps({"facts": {}}), json.dumps(damaged)):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(MisconfigurationException, match="is damaged, or was written by an earlier version"):
            TablePreprocessor.from_json(path)


def test_an_indicator_keeps_apart_from_a_column_of_its_name() -> None:
    steps = TablePreprocessor()
    steps.fit_number(pl.Series("b", [1.0, None, 3.0]), "t")
    steps.fit_number(pl.Series("b_missing", [0.0, 1.0, 2.0]), "t")
    steps.fit_category(pl.Series("b_missing_", ["x", "y"]))
    assert steps.number_names == ["b", "b_missing", "b_missing__"]
    rows = pl.DataFrame({"b": [None, 1.0], "b_missing": [1.0, 1.0], "b_missing_": ["x", "x"]})
    assert steps.transform(rows, "t")[1][:, 2].tolist() == [1, 0]


def test_dates_without_times_where_training_had_times() -> None:
    steps = TablePreprocessor(date_format="%Y-%m-%d %H:%M")
    steps.fit_date(pl.Series("day", ["2020-01-01 10:00", "2020-02-02 12:00"]), "t", holidays=None)
    assert "day_hour" in steps.categorical
    codes, _, unknown = steps.transform(pl.DataFrame({"day": [datetime.date(2020, 1, 1)]}), "t")
    assert codes[0].tolist()[list(steps.categorical).index("day_month")] == 1
    assert unknown["day_hour"] == ["0"]


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("categorical", []),
        ("categorical", {"c": {"dtype": "String", "categories": [[]]}}),
        ("categorical", {"c": {"dtype": "String", "categories": ["a", "a"]}}),
        ("categorical", {"c": {"dtype": "Int64", "categories": ["one"]}}),
        ("categorical", {"c": {"dtype": "Int64", "categories": ["1", "01"]}}),
        ("categorical", {"c": {"dtype": "Date", "categories": []}}),
        ("categorical", {"c": {"dtype": [], "categories": []}}),
        ("categorical", {"c": 5}),
        ("continuous", {"n": {"median": "x", "mean": 0, "std": 1, "has_missing": False, "low": 0, "high": 1}}),
        ("continuous", {"n": {"median": 0, "mean": 0, "std": 0, "has_missing": False, "low": 0, "high": 1}}),
        ("continuous", {"n": {"median": 0, "mean": float("nan"), "std": 1, "has_missing": False, "low": 0, "high": 1}}),
        ("date", 5),
        ("date_format", "%q"),
        ("date_format", {}),
        ("holidays", []),
        ("target", None),
        ("classes", "ab"),
        ("classes", ["a", None]),
        ("target_stats", [1]),
        ("target_stats", {"mean": "x"}),
        ("csv", {"told": 5}),
        ("more", 1),
    ],
)
def test_a_file_with_values_that_no_training_left_is_refused_in_one_line(tmp_path: Path, part: str, value: object) -> None:
    path = tmp_path / "steps.json"
    path.write_text(json.dumps({**json.loads(fitted().to_json()), part: value}), encoding="utf-8")
    with pytest.raises(
        MisconfigurationException, match=r"steps\.json: is damaged, or was written by an earlier version"
    ) as refused:
        TablePreprocessor.from_json(path)
    assert "\n" not in str(refused.value)


def test_robust_scaling_is_by_median_and_quartiles() -> None:
    steps = TablePreprocessor()
    values = [0.0, 1.0, 2.0, 3.0, 1000.0]
    steps.fit_number(pl.Series("price", values), "t", "robust")
    steps.fit_number(pl.Series("mostly_zero", [0.0, 0.0, 0.0, 0.0, 4.0]), "t", "robust")
    steps.fit_number(pl.Series("constant", [7.0] * 5), "t", "robust")
    frame = pl.DataFrame({"price": values, "mostly_zero": [0.0, 4.0, 0.0, 0.0, 0.0], "constant": [7.0] * 5})
    _, numbers, _ = steps.transform(frame, "t")
    assert numbers[:, 0].tolist() == pytest.approx([-1, -0.5, 0, 0.5, 499])
    assert numbers[:, 1].tolist() == pytest.approx([0, 2, 0, 0, 0])  # quartiles are equal: half the range
    assert not numbers[:, 2].any()
