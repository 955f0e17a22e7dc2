"""Random scores and pairs of 50 users and 30 items."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

USERS, ITEMS = 50, 30
Pairs = set[tuple[int, int]]


@pytest.fixture
def interactions() -> tuple[Tensor, Pairs, Pairs]:
    """Scores ``[50, 30]``, pairs seen, pairs held out; some of these were seen, too, and user 7 has none."""
    generator = torch.Generator().manual_seed(3)
    scores = torch.randn(USERS, ITEMS, generator=generator)
    seen = torch.rand(USERS, ITEMS, generator=generator) < 0.2
    held = torch.rand(USERS, ITEMS, generator=generator) < 0.1
    held[7] = False
    pairs = [{(int(u), int(i)) for u, i in each.nonzero()} for each in (seen, held)]
    return scores, pairs[0], pairs[1]
