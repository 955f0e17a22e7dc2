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
    found = check_export(lambda raw: torch.full((len(raw["x"]),), 1.0), [call([1.0, 1.00001]), call([0.75], exact=False)])
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
    large = check_export(lambda raw: torch.full((1,), 50_000.5), [call([50_000.0])])  # float32 has no more digits
    assert sentence(large).endswith("the checkpoint is 5.0e-01 (of predictions up to 5e+04).")


def test_no_gradients_are_kept() -> None:
    weight = torch.ones(1, requires_grad=True)
    assert not no_grad_runner(lambda raw: weight * 2)({}).requires_grad
