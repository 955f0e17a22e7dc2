"""Carrying an embedding over to another vocabulary."""

from __future__ import annotations

import torch
from practicum.modules.weights.vocabulary import remap_embedding


def test_unknown_tokens_get_the_mean_row() -> None:
    rows, carried = remap_embedding(torch.tensor([[1.0, 2.0], [3.0, 6.0]]), ["a", "b"], ["b", "c", "a"])
    assert rows.tolist() == [[3, 6], [2, 4], [1, 2]]
    assert carried == 2
