"""Periodic embeddings: cosines by definition, one column at a time, with the number beside them."""

from __future__ import annotations

import math

import torch
from practicum.modules.layers.periodic_embeddings import PeriodicEmbeddings


def test_vectors_are_mixed_cosines_and_the_number_is_beside_them() -> None:
    torch.manual_seed(0)
    embeddings = PeriodicEmbeddings(members=2, columns=3, waves=4, dim=5, scale=0.5)
    x = torch.randn(6, 3)
    found = embeddings(x)
    assert found.shape == (2, 6, 15)
    for member in range(2):
        torch.testing.assert_close(found[member, :, 12:], x)
        for column in range(3):
            frequency, phase = (0.1 * each[member, column, 0] for each in (embeddings.frequency, embeddings.phase))
            waves = torch.cos(2 * math.pi * x[:, column, None] * frequency + phase)
            wanted = waves @ (0.1 * embeddings.weight[member, column]) + 0.1 * embeddings.bias[member, column]
            torch.testing.assert_close(found[member, :, 4 * column : 4 * column + 4], wanted)


def test_scale_is_the_deviation_of_frequencies() -> None:
    embeddings = PeriodicEmbeddings(members=50, columns=50, waves=16, scale=0.5)
    assert 0.49 < float(0.1 * embeddings.frequency.detach().std()) < 0.51
