"""The record of baselines, and the sentence where a run is worse."""

from __future__ import annotations

import pytest
from practicum.cli.baselines.found import Baselines, say_sample

FOUND = Baselines({"prior": {"accuracy": 0.5, "loss": 0.7}, "linear": {"accuracy": 0.8, "loss": 0.4}}, {"linear": "try a thing"})


def test_keys_of_the_record() -> None:
    assert FOUND.record() == {
        "baseline/prior/accuracy": 0.5,
        "baseline/prior/loss": 0.7,
        "baseline/linear/accuracy": 0.8,
        "baseline/linear/loss": 0.4,
    }
    assert Baselines({}, sampled="1 of 2 rows").record() == {"baseline/sampled": "1 of 2 rows"}


@pytest.mark.parametrize(
    ("accuracy", "loss", "warns"),
    [
        (0.7, 0.5, True),
        (0.9, 0.5, False),
        (0.79, 0.39, False),
        (0.8, 0.4, False),
        (0.8, 0.5, True),
        (None, 0.5, True),
        (None, None, False),
    ],
)
def test_a_result_is_worse_where_nothing_that_is_compared_is_better(
    accuracy: float | None, loss: float | None, warns: bool
) -> None:
    sentence = FOUND.warning({"accuracy": accuracy, "loss": loss, "auroc": 0.1})
    assert (sentence is not None) == warns
    if accuracy == 0.7:
        wanted = "This run is worse than its linear model baseline (accuracy 0.7 instead of 0.8, loss 0.5 instead of 0.4)"
        assert sentence == f"{wanted}: try a thing."


def test_a_run_that_no_constant_is_worse_than_is_named_as_that() -> None:
    constant = "This run is worse than its class frequencies baseline (accuracy 0.5 instead of 0.5, loss 0.9 instead of 0.7)"
    assert FOUND.warning({"accuracy": 0.5, "loss": 0.9}) == f"{constant}: try a thing."
    worst = Baselines({"prior": {"loss": 0.7}, "linear": {"loss": 1.5}}, {"linear": "try a thing"})  # on few rows, say
    assert (
        worst.warning({"loss": 1.0})
        == "This run is worse than its class frequencies baseline (loss 1 instead of 0.7): try a thing."
    )


def test_what_chance_may_do_is_not_called_worse() -> None:
    numbers = "accuracy 0.795 instead of 0.8, loss 0.402 instead of 0.4: within 2 %"
    found = FOUND.warning({"accuracy": 0.795, "loss": 0.402})
    assert found == f"This run is no better than its linear model baseline ({numbers}): try a thing."


def test_better_by_a_hair_in_one_metric_makes_up_for_nothing() -> None:
    found = Baselines({"linear": {"map": 0.9, "loss": 0.06}}, {"linear": "x"})
    assert str(found.warning({"map": 0.903, "loss": 0.126})).startswith(
        "This run is worse than its linear model baseline (loss 0.126 instead of 0.06):"
    )
    assert found.warning({"map": 0.95, "loss": 0.126}) is None
    assert found.warning({"map": 0.903, "loss": 0.061}) is None


def test_lists_are_compared_by_full_rankings() -> None:
    found = Baselines({"popularity": {"ndcg@10": 0.1, "ndcg@10_of_100": 0.5, "coverage@10": 0.3}}, {"popularity": "x"})
    assert found.warning({"ndcg@10": 0.2, "ndcg@10_of_100": 0.1, "coverage@10": 0.1}) is None
    assert found.warning({"ndcg@10": 0.05, "ndcg@10_of_100": 0.6}) is not None


def test_errors_and_lists_are_judged_apart() -> None:
    metrics = {"biases": {"rmse": 0.9}, "popularity": {"ndcg@10": 0.3}}
    found = Baselines(metrics, {"biases": "fewer factors", "popularity": "clicks"})
    lists = "The lists of this run are worse than its most popular items baseline (nDCG@10 0.1 instead of 0.3): clicks."
    assert found.warning({"rmse": 0.8, "ndcg@10": 0.4}) is None
    assert found.warning({"rmse": 0.8, "ndcg@10": 0.1}) == lists
    errors = "This run is worse than its user and item biases baseline (RMSE 1 instead of 0.9): fewer factors."
    assert found.warning({"rmse": 1.0, "ndcg@10": 0.1}) == f"{errors} {lists}"


def test_a_sample_is_said() -> None:
    assert say_sample("rows", (5, 5), (7, 7)) == ""
    assert say_sample("rows", (5, 9), (7, 8)) == "5 of 9 training and 7 of 8 measured rows"
