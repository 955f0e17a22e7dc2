"""Class weights: given, or inverse to counts."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from practicum.lightning_shim import MisconfigurationException
from practicum.modules.objectives.class_weights import class_weight_tensor


def test_balanced_weights_are_inverse_to_counts() -> None:
    assert class_weight_tensor("Net", None, [30, 10], ["a", "b"]) is None
    torch.testing.assert_close(class_weight_tensor("Net", "balanced", [30, 10], ["a", "b"]), torch.tensor([40 / 60, 40 / 20]))
    torch.testing.assert_close(class_weight_tensor("Net", [1, 3], None, ["a", "b"]), torch.tensor([1.0, 3.0]))


@pytest.mark.parametrize(
    ("weights", "message"),
    [("balanced", "Net: class_weights=balanced: .* needs class_counts"), ([1.0], "1 numbers for 2 classes"), ("even", "even")],
)
def test_others_are_refused(weights: Any, message: str) -> None:
    with pytest.raises(MisconfigurationException, match=message):
        class_weight_tensor("Net", weights, None, ["a", "b"])
