"""Logits and probabilities, there and back; and where logits are in what a forward returns."""

from __future__ import annotations

import pytest
import torch
from practicum.callbacks.module_outputs.logits import (
    extract_logits,
    is_multi_label,
    replace_logits,
    to_logits,
    to_probabilities,
)
from practicum.lightning_shim import MisconfigurationException
from torch import nn


@pytest.mark.parametrize("multi_label", [False, True])
def test_logits_of_probabilities_give_them_again(multi_label: bool) -> None:
    wanted = to_probabilities(torch.randn(10, 3, dtype=torch.float64), multi_label)
    assert torch.allclose(to_probabilities(to_logits(wanted, multi_label), multi_label), wanted, atol=1e-12)


def test_certainty_has_finite_logits() -> None:
    certain = torch.tensor([[1.0, 0.0]])
    assert to_logits(certain, False).isfinite().all()
    assert to_logits(certain, True).isfinite().all()


def test_logits_in_a_dictionary_need_their_key() -> None:
    module, logits = nn.Identity(), torch.zeros(2, 3)
    assert extract_logits(logits, None, "Me", module) is logits
    assert extract_logits({"logits": logits, "hidden": None}, "logits", "Me", module) is logits
    with pytest.raises(MisconfigurationException, match='Me: Identity.forward returns a dictionary.*output="logits"'):
        extract_logits({"logits": logits}, None, "Me", module)
    with pytest.raises(MisconfigurationException, match="dictionary with 'scores'"):
        extract_logits({"scores": logits}, "logits", "Me", module)
    with pytest.raises(MisconfigurationException, match="returns a tuple"):
        extract_logits((logits,), None, "Me", module)


def test_half_precision_becomes_float() -> None:
    for dtype in (torch.float16, torch.bfloat16):
        assert to_probabilities(torch.zeros(1, 2, dtype=dtype), False).dtype == torch.float32
    assert to_probabilities(torch.zeros(1, 2, dtype=torch.float64), True).dtype == torch.float64


def test_logits_are_replaced_where_they_were() -> None:
    logits = torch.ones(2, 3)
    assert replace_logits(torch.zeros(2, 3), None, logits) is logits
    assert replace_logits({"a": 1, "hidden": 2}, "a", logits) == {"a": logits, "hidden": 2}


def test_an_option_goes_before_the_modules_attribute() -> None:
    module = nn.Identity()
    assert is_multi_label(module, None) is False
    module.multi_label = True  # type: ignore[assignment]
    assert is_multi_label(module, None) is True
    assert is_multi_label(module, False) is False
