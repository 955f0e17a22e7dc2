"""Functions in place of a module's forward: stacked, checked, and removed in any order."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from practicum.callbacks.prediction.forward_override import ForwardOverride
from practicum.lightning_shim import MisconfigurationException
from torch import nn


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_they_are_removed_in_any_order(order: tuple[int, ...]) -> None:
    module = nn.Identity()

    def adding(number: int) -> Any:
        return lambda beneath, x: [*beneath(x), number]

    layers = [ForwardOverride(module, adding(number)) for number in range(3)]
    left = {0, 1, 2}
    assert module([]) == [0, 1, 2]
    for number in order:
        layers[number].remove()
        layers[number].remove()  # twice does no harm
        left.remove(number)
        assert module([]) == sorted(left)
    assert "forward" not in vars(module)


def test_the_one_on_top_must_be_called() -> None:
    module = nn.Identity()
    below = ForwardOverride(module, lambda beneath, x: beneath(x))
    above = ForwardOverride(module, lambda beneath, x: x)  # does not call what is beneath
    module(1)
    above.check_called("Me", "test_step")
    below.check_called("Me", "test_step")  # left to the one above
    with pytest.raises(MisconfigurationException, match=r"Me needs Identity.test_step to call self\(x\)"):
        above.check_called("Me", "test_step")


def test_any_method_may_be_replaced() -> None:
    class Net(nn.Module):
        def features(self, x: int) -> int:
            return x + 1

    module = Net()
    override = ForwardOverride(module, lambda beneath, x: 10 * beneath(x), "features")
    assert module.features(1) == 20
    override.remove()
    assert module.features(1) == 2
    assert "features" not in vars(module)
