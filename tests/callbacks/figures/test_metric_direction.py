"""Whether more of a metric is better."""

from __future__ import annotations

import inspect
import re
from types import ModuleType

import pytest
import torchmetrics
import torchmetrics.classification
import torchmetrics.image
import torchmetrics.regression
import torchmetrics.retrieval
import torchmetrics.text
from practicum.callbacks.figures.metric_direction import better, mode_of

# These have no order, or torchmetrics contradicts their papers: a WIP of 1 is a perfect text, D_lambda is an error.
_NO_ORDER = {"BinaryFairness", "BinaryGroupStatRates", "DeepImageStructureAndTextureSimilarity"}
_OTHERWISE = {"WordInfoPreserved", "SpectralDistortionIndex"}
_LOWER = "val/mse val_mse val/MSE val_MAE val/nll val/ppl val/cross_entropy val_wer val/fid val/rmsle val/msle val/rse"
_MORE_LOWER = (
    "val/medae val/err val/bits_per_byte val/negative_log_likelihood val_neg_log_loss val/miss_rate val/false_negative_rate "
    "valLoss val/top1_err val/mean_absolute_deviation calibration/ece seconds/fit val/mase tta/val_loss/plain"
)
_HIGHER = "val/confidence val/precision val/recall kl_accuracy edit_distance_similarity val/log_likelihood val/top1_acc"
_MORE_HIGHER = "val/map val/r2 val/balanced_acc val/iou val/explained_variation val/bleu test/novelty@10 test/hit_rate@10"


def test_better_is_lower_for_losses_and_higher_for_the_rest() -> None:
    assert better("val/loss", 1, than=2)
    assert better("val/rmspe", 1, than=2)
    assert better("val/loss/kept", 1, than=2)
    assert better("val/accuracy", 2, than=1)
    assert not better("test/ndcg@10", 1, than=2)


@pytest.mark.parametrize("added", ["", "/kept", "/best", "/plain", "/dataloader_idx_0", "/dataloader_idx_1/best"])
def test_what_is_added_to_a_name_changes_no_direction(added: str) -> None:
    for name in ("loss", "rmse", "mae", "rmspe", "perplexity"):
        assert mode_of(f"val/{name}{added}") == "min"
    for name in ("accuracy", "auroc", "pairwise_accuracy", "recall@10"):
        assert mode_of(f"val/{name}{added}") == "max"
    assert mode_of("best") == "max"


@pytest.mark.parametrize("name", f"{_LOWER} {_MORE_LOWER}".split())
def test_names_of_others_that_are_lower_if_better(name: str) -> None:
    assert mode_of(name) == "min"


@pytest.mark.parametrize("name", f"{_HIGHER} {_MORE_HIGHER}".split())
def test_names_that_are_higher_if_better(name: str) -> None:
    assert mode_of(name) == "max"


@pytest.mark.parametrize(
    "module",
    [torchmetrics.classification, torchmetrics.image, torchmetrics.regression, torchmetrics.retrieval, torchmetrics.text],
)
def test_torchmetrics_agrees(module: ModuleType) -> None:
    compared = 0
    for name, each in vars(module).items():
        known = getattr(each, "higher_is_better", None) if inspect.isclass(each) else None
        if not isinstance(known, bool) or name in _NO_ORDER:
            continue
        wanted = "max" if known != (name in _OTHERWISE) else "min"
        in_small_letters = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
        assert (name, mode_of(f"val/{name}")) == (name, wanted)
        assert (in_small_letters, mode_of(f"val_{in_small_letters}/best")) == (in_small_letters, wanted)
        compared += 1
    assert compared >= 5
