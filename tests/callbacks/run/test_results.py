"""Results by their honest names, and baselines beside them."""

from __future__ import annotations

import pytest
from practicum.callbacks.run.results import baseline_table, baselines, is_result, measured_on, result_name, results

RECORD = {"val/loss": 0.5, "val/loss/best": 0.3, "tests_on": "test", "test/loss": 0.4, "test/rmse": None, "seconds": 1.0}


@pytest.mark.parametrize("tests_on", ["test", "valid"])
def test_a_result_is_found_under_its_name(tests_on: str) -> None:
    record = {"val/a/b": 1.0, "val/a/b/best": 2.0, "seconds": 3.0, result_name("a/b", tests_on): 0.7, "tests_on": tests_on}
    assert results(record) == {"a/b": 0.7}
    assert measured_on(record) == ("test" if tests_on == "test" else "validation")


@pytest.mark.parametrize(
    ("name", "is_one"), [("test/a", True), ("val/a/kept", True), ("val/a", False), ("val/a/best", False), ("plain/a/kept", False)]
)
def test_other_values_of_validation_are_no_results(name: str, is_one: bool) -> None:
    assert is_result(name) == is_one


def test_baselines_are_in_order_of_their_strength_and_others_come_last() -> None:
    record = {f"baseline/{name}/loss": place for place, name in enumerate(["mine", "mean", "linear"])}
    assert list(baselines({**record, "baseline/sampled": "5 of 6 rows"})) == ["linear", "mean", "mine"]


def test_the_table_has_what_baselines_have() -> None:
    assert baseline_table(RECORD) == []
    found = {"baseline/mean/loss": 1.0, "baseline/linear/loss": 0.6, "baseline/linear/rmse": 2.0, "baseline/linear/mae": 3.0}
    assert baseline_table({**RECORD, **found}) == [
        ["", "this run", "linear model", "mean"],
        ["loss", 0.4, 0.6, 1.0],
        ["rmse", None, 2.0, None],
    ]
