"""Embedding dropout: whole words, wherever they occur."""

from __future__ import annotations

import pytest
import torch
from practicum.modules.layers.embedding_dropout import embedding_dropout


def test_words_are_dropped_wherever_they_occur() -> None:
    tokens = torch.arange(2000).repeat(3, 1)
    y = embedding_dropout(tokens, torch.ones(2000, 4), 0.2)
    assert torch.equal(y[0], y[1])
    assert torch.equal(y[..., 0], y[..., 3])
    assert (y == 0).float().mean() == pytest.approx(0.2, abs=0.03)
    assert y.mean() == pytest.approx(1, abs=0.04)


def test_nothing_is_dropped_outside_of_training() -> None:
    tokens, weight = torch.tensor([1, 0]), torch.randn(2, 4)
    assert torch.equal(embedding_dropout(tokens, weight, 0.9, training=False), weight[tokens])
