"""Results by their honest names, and baselines beside them."""

from __future__ import annotations

import pytest
from practicum.callbacks.run.results import (
    LAST_MEANS,
    MEANS,
    TEST_MEANS,
    baseline_table,
    baselines,
    fine_tuning_gain,
    is_result,
    leak_measured,
    meaning,
    measured_on,
    result_name,
    results,
    trained_anew,
)

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


@pytest.mark.parametrize(
    ("found", "says"),
    [
        ({"leaked/test": 129}, "129 of the 1,490 test examples that measure this result occur in another split, too"),
        ({"near_duplicates/test": 2}, "2 of the 1,490 test examples that measure this result are near duplicates of photos in"),
        ({"leaked/valid": 7}, TEST_MEANS),  # of another split than the result's
        ({"leaked/test": 0}, TEST_MEANS),
    ],
)
def test_what_another_split_has_is_no_measure_of_new_data(found: dict[str, int], says: str) -> None:
    said = meaning({**RECORD, "data/test": 1490, **{f"data/{name}": count for name, count in found.items()}})
    assert said.startswith(says)
    assert said == says or "took no part in training" not in said


def test_a_leak_of_validation_says_that_it_chose_the_epoch() -> None:
    said = meaning({"tests_on": "valid", "data/leaked/valid": 7})
    assert said.startswith("7 validation examples that measure this result (they chose the epoch, too) occur in another split")


def test_photos_that_the_weights_have_seen_are_told_and_their_splits_advised() -> None:
    said = meaning({"tests_on": "valid", "data/valid": 8, "data/seen_before/valid": 6})
    assert said.startswith(
        "6 of the 8 validation examples that measure this result (they chose the epoch, too) were trained on by"
    )
    assert said.endswith("than it would be on new data; keep that run's splits.")
    assert meaning({"tests_on": "test", "data/leaked/test": 1}).endswith("if they repeat by mistake, remove them.")


def test_what_chose_nothing_is_not_said_to_have_chosen() -> None:
    record = {"tests_on": "valid", "data/valid": 100, "weights/chosen_by": None}
    assert meaning(record) == LAST_MEANS
    assert meaning({**record, "weights/chosen_by": "val/loss"}) == MEANS
    leak = leak_measured({**record, "data/leaked/valid": 7})
    assert leak is not None
    assert "chose" not in leak


def test_weights_that_were_trained_anew_are_said_to_be() -> None:
    assert trained_anew({}) is None
    assert str(trained_anew({"weights/refit_epochs": 1})).startswith("The kept weights were trained anew, for 1 epoch, on")


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


def test_fine_tuning_is_judged_by_its_own_metric() -> None:
    record = {"fine_tuning/monitor": "val/accuracy", "fine_tuning/before": 0.9, "fine_tuning/after": 0.95}
    assert fine_tuning_gain(record) == "Fine-tuning brought the accuracy on validation from 0.9, with the head alone, to 0.95"
    assert str(fine_tuning_gain({**record, "fine_tuning/after": 0.8})).startswith("Fine-tuning gained nothing: the accuracy")
    nothing = {**record, "fine_tuning/after": 0.8, "weights/chosen_by": "val/loss"}
    assert "which is kept" not in str(fine_tuning_gain(nothing))  # the lowest loss may be of another epoch
    assert "with the head alone, which is kept, and 0.8" in str(
        fine_tuning_gain({**nothing, "weights/chosen_by": "val/accuracy"})
    )
