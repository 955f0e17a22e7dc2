"""Differences are found, and what is more than rounding is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from practicum.cli.exports.check import check_export, no_grad_runner, sentence
from practicum.cli.exports.deployable import Call
from practicum.lightning_shim import MisconfigurationException


def call(wanted: list[float], exact: bool = True) -> Call:
    return Call({"x": np.zeros(len(wanted))}, torch.tensor(wanted), exact)


def test_the_largest_difference_is_said() -> None:
    found = check_export(
        lambda raw: torch.tensor([0.0, 1.0][-len(raw["x"]) :]), [call([0.0, 1.00001]), call([0.75], exact=False)]
    )
    assert found["inputs"] == 2
    assert found["largest_difference"] == pytest.approx(1e-5, rel=0.05)
    assert sentence(found) == (
        "Checked on 2 real inputs: the largest difference from the checkpoint is 1.0e-05; 2.5e-01 where the graph resizes the "
        "photo itself."
    )


@pytest.mark.parametrize("predicted", [1.1, float("nan")])
def test_another_model_is_refused(predicted: float) -> None:
    with pytest.raises(MisconfigurationException, match="differs from the checkpoint by up to .* on 2 real inputs"):
        check_export(lambda raw: torch.full((2,), predicted), [call([1.0, 1.0])])
    large = check_export(lambda raw: torch.tensor([0.0, 50_000.5]), [call([0.0, 50_000.0])])  # a hundred thousandth
    assert sentence(large).endswith("the checkpoint is 5.0e-01 (of predictions up to 5e+04).")


def test_the_span_of_values_decides_and_not_their_size() -> None:
    narrow = [call([1000.0, 1000.1])]  # always 1000.05 would be wrong by a twenty thousandth of the size, and of no use
    with pytest.raises(MisconfigurationException, match=r"by up to 0\.05"):
        check_export(lambda raw: torch.full((2,), 1000.05), narrow)
    assert check_export(lambda raw: torch.tensor([1000.0, 1000.1001]), narrow)["largest_difference"] < 2e-4  # float32's digits
    with pytest.raises(MisconfigurationException):
        check_export(lambda raw: torch.tensor([0.001, 0.0015]), [call([0.001, 0.0011])])


def test_probabilities_are_compared_with_one() -> None:
    sure = [Call({"x": np.zeros(1)}, torch.tensor([[0.5, 0.5]]), True)]  # of no span at all
    assert check_export(lambda raw: torch.tensor([[0.50005, 0.49995]]), sure)["largest_difference"] == pytest.approx(
        5e-5, rel=1e-2
    )


def test_no_gradients_are_kept() -> None:
    weight = torch.ones(1, requires_grad=True)
    assert not no_grad_runner(lambda raw: weight * 2)({}).requires_grad
