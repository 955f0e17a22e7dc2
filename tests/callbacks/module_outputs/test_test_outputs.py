"""What test steps return, and what figures take of it."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from practicum.callbacks.module_outputs.test_outputs import (
    class_outputs,
    classification_outputs,
    losses_by_row,
    regression_outputs,
)
from practicum.lightning_shim import MisconfigurationException


def test_logits_and_targets_or_a_sentence() -> None:
    logits, target = torch.zeros(2, 3), torch.zeros(2)
    assert classification_outputs({"logits": logits, "target": target, "loss": 0}, "Me") == (logits, target)
    for outputs in (None, logits, {"logits": logits}):
        with pytest.raises(MisconfigurationException, match="Me needs test_step to return a dictionary"):
            classification_outputs(outputs, "Me")


def test_numbers_or_the_middle_quantile() -> None:
    numbers, quantiles, target = torch.arange(2.0), torch.arange(6.0).view(2, 3), torch.zeros(2)
    for prediction, wanted in ((numbers, [0, 1]), (quantiles, [1, 4])):
        found = regression_outputs({"prediction": prediction, "target": target})
        assert found is not None
        assert found[0].tolist() == wanted
        assert found[1] is target
    told = regression_outputs({"prediction": quantiles, "point_prediction": numbers, "target": target})
    assert told is not None
    assert told[0] is numbers
    assert regression_outputs({"logits": quantiles, "target": target}) is None


def test_a_target_may_be_a_column_but_not_several() -> None:
    column = {"prediction": torch.tensor([[1.0], [2.0]]), "target": torch.tensor([[1.5], [2.5]])}
    found = regression_outputs(column)
    assert found is not None
    assert [each.tolist() for each in found] == [[1.0, 2.0], [1.5, 2.5]]
    with pytest.raises(
        MisconfigurationException, match=r'"target" \[2, 3\]; one number for each row, \[B\] or \[B, 1\], is wanted'
    ):
        regression_outputs({"prediction": torch.zeros(2), "target": torch.zeros(2, 3)})


def test_a_prediction_beside_logits_is_a_class() -> None:
    outputs = {"logits": torch.zeros(2, 3), "target": torch.zeros(2, 3), "prediction": torch.zeros(2, 3)}
    assert regression_outputs(outputs) is None
    assert class_outputs(outputs, "Me") == (outputs["logits"], outputs["target"])


def test_regression_has_no_classes() -> None:
    numbers, logits = torch.zeros(2), torch.zeros(2, 3)
    assert class_outputs({"prediction": numbers, "target": numbers}, "Me") is None
    assert class_outputs({"logits": logits, "target": numbers}, "Me") == (logits, numbers)
    with pytest.raises(MisconfigurationException, match="Me needs"):
        class_outputs(None, "Me")


def test_losses_are_those_of_each_row() -> None:
    logits = torch.randn(4, 3)
    single, several = torch.tensor([0, 1, 2, 0]), torch.randint(2, (4, 3))
    for row in range(4):
        one = F.cross_entropy(logits[row : row + 1], single[row : row + 1])
        assert losses_by_row(logits, single)[row] == pytest.approx(float(one), abs=1e-6)
        many = F.binary_cross_entropy_with_logits(logits[row], several[row].float())
        assert losses_by_row(logits, several)[row] == pytest.approx(float(many), abs=1e-6)
