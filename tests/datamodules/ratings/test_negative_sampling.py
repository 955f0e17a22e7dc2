"""Sampled negatives are never known pairs, and have the probabilities they should have."""

from __future__ import annotations

import pytest
import torch
from practicum.datamodules.ratings.negative_sampling import NegativeSampler
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor

USERS, ITEMS = 80, 60


def pairs() -> tuple[Tensor, Tensor]:
    """Known pairs, by code from 1; the first user has all items but one."""
    generator = torch.Generator().manual_seed(5)
    known = torch.rand(USERS, ITEMS, generator=generator) < 0.3
    known[0] = True
    known[0, 41] = False
    users, items = known.nonzero(as_tuple=True)
    return users + 1, items + 1


@pytest.mark.parametrize("power", [0.0, 0.75])
def test_never_a_known_pair_over_a_million_draws(power: float) -> None:
    users, items = pairs()
    sampler = NegativeSampler(users, items, ITEMS, power)
    known = torch.zeros(USERS + 1, ITEMS + 1, dtype=torch.bool)
    known[users, items] = True
    asked = torch.randint(1, USERS + 1, (125_000,), generator=torch.Generator().manual_seed(1))
    drawn = sampler.draw(asked, 8, torch.Generator().manual_seed(2))
    assert drawn.numel() == 1_000_000
    assert int(drawn.min()) >= 1
    assert int(drawn.max()) <= ITEMS
    assert not known[asked[:, None], drawn].any()
    assert (drawn[asked == 1] == 42).all()  # the only one left for the first user


def test_probabilities_follow_the_power_of_the_count() -> None:
    items = torch.arange(1, 5).repeat_interleave(torch.tensor([1, 4, 9, 16]))
    users = torch.arange(1, len(items) + 1)
    sampler = NegativeSampler(users, items, 4, power=0.5)
    drawn = sampler.draw(
        torch.zeros(100_000, dtype=torch.int32), 1, torch.Generator().manual_seed(3)
    )  # a user without known pairs
    share = torch.bincount(drawn.flatten(), minlength=5)[1:] / drawn.numel()
    wanted = torch.tensor([1.0, 2.0, 3.0, 4.0]) / 10
    torch.testing.assert_close(share, wanted, atol=0.006, rtol=0)
    torch.testing.assert_close(sampler.log_chance[1:], wanted.log())


def test_a_user_with_all_items_is_named() -> None:
    with pytest.raises(MisconfigurationException, match="code 2 has all 3 items"):
        NegativeSampler(torch.tensor([1, 2, 2, 2]), torch.tensor([1, 1, 2, 3]), 3)
