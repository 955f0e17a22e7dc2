"""What callbacks say through a module's forward: links, dictionaries, and giving back in any order."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from practicum.callbacks.prediction.forward_override import ForwardOverride, extract_logits, to_logits, to_probabilities
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from torch import nn


@pytest.mark.parametrize("multi_label", [False, True])
def test_logits_of_probabilities_give_them_again(multi_label: bool) -> None:
    wanted = to_probabilities(torch.randn(10, 3, dtype=torch.float64), multi_label)
    assert torch.allclose(to_probabilities(to_logits(wanted, multi_label), multi_label), wanted, atol=1e-12)


def test_certainty_has_finite_logits() -> None:
    certain = torch.tensor([[1.0, 0.0]])
    assert to_logits(certain, False).isfinite().all()
    assert to_logits(certain, True).isfinite().all()


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_forward_is_given_back_in_any_order(order: tuple[int, ...]) -> None:
    module = nn.Identity()

    def adding(number: int) -> Any:
        return lambda beneath, x: [*beneath(x), number]

    layers = [ForwardOverride(module, adding(number)) for number in range(3)]
    left = {0, 1, 2}
    assert module([]) == [0, 1, 2]
    for number in order:
        layers[number].give_back()
        layers[number].give_back()  # twice does no harm
        left.remove(number)
        assert module([]) == sorted(left)
    assert "forward" not in vars(module)


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
