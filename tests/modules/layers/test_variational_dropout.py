"""Variational dropout: one mask for all steps, right on average."""

from __future__ import annotations

import pytest
import torch
from practicum.modules.layers import VariationalDropout, variational_dropout


def test_the_mask_is_the_same_at_all_steps_and_right_on_average() -> None:
    x = torch.ones(5, 400, 50)
    y = variational_dropout(x, 0.3)
    assert torch.equal(y, y[:1].expand_as(y))
    assert (y == 0).float().mean() == pytest.approx(0.3, abs=0.02)
    assert y.mean() == pytest.approx(1, abs=0.02)
    assert variational_dropout(x, 0.3, training=False) is x
    assert variational_dropout(x, 1.0).abs().sum() == 0


def test_the_module_drops_in_training_only() -> None:
    layer, x = VariationalDropout(0.5), torch.ones(5, 4, 50)
    assert (layer(x) == 0).any()
    assert layer.eval()(x) is x
