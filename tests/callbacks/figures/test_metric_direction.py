"""Whether more of a metric is better."""

from __future__ import annotations

import pytest
from practicum.callbacks.figures.metric_direction import better


def test_better_is_lower_for_losses_and_higher_for_the_rest() -> None:
    assert better("val/loss", 1, than=2)
    assert better("val/rmspe", 1, than=2)
    assert better("val/loss/kept", 1, than=2)
    assert better("val/accuracy", 2, than=1)
    assert not better("test/ndcg@10", 1, than=2)


@pytest.mark.parametrize("added", ["", "/kept", "/best"])
def test_what_a_record_adds_to_a_name_changes_no_direction(added: str) -> None:
    for name in ("loss", "rmse", "mae", "rmspe", "perplexity"):
        assert better(f"val/{name}{added}", 1, than=2)
    for name in ("accuracy", "auroc", "pairwise_accuracy", "recall@10"):
        assert better(f"val/{name}{added}", 2, than=1)
    assert better("best", 2, than=1)


@pytest.mark.parametrize(
    "name",
    ["val/mse", "val_mse", "val/MSE", "val_MAE", "val/nll", "val/ppl", "val/cross_entropy", "val_wer", "val/fid"],
)
def test_names_of_others_that_are_lower_if_better(name: str) -> None:
    assert better(name, 1, than=2)


@pytest.mark.parametrize("name", ["val/confidence", "val/precision", "val/recall", "kl_accuracy", "edit_distance_similarity"])
def test_names_that_only_hold_such_letters(name: str) -> None:
    assert better(name, 2, than=1)
