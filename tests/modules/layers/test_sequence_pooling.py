"""Pooling over time: whatever the padding, and in parts as in one piece."""

from __future__ import annotations

import pytest
import torch
from practicum.modules.layers.sequence_pooling import RunningPool, last_max_mean


def test_padding_does_not_count() -> None:
    outputs, lengths = torch.randn(7, 3, 4), torch.tensor([7, 2, 5])
    pooled = last_max_mean(outputs, lengths)
    for row, length in enumerate(lengths.tolist()):
        own = outputs[:length, row]
        torch.testing.assert_close(pooled[row], torch.cat([own[-1], own.amax(0), own.mean(0)]))


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_what_was_read_before_counts(dtype: torch.dtype) -> None:
    outputs = torch.randn(9, 2, 4).to(dtype)
    before = RunningPool(2, 4, outputs)
    before.update(torch.tensor([0, 1]), outputs[:4])
    before.update(torch.tensor([1]), outputs[4:6, 1:])  # the second row is longer
    rest = torch.stack([outputs[4:7, 0], outputs[6:9, 1]], 1)
    pooled = last_max_mean(rest, torch.tensor([3, 3]), before)
    assert pooled.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    for row, length in enumerate((7, 9)):
        own = outputs[:length, row].to(pooled.dtype)
        torch.testing.assert_close(pooled[row], torch.cat([own[-1], own.amax(0), own.mean(0)]))
