"""Items that were not clicked on: never a known pair, by a seed, as often as they should be."""

from __future__ import annotations

import math

import pytest
import torch
from practicum.datamodules.ratings.negative_sampling import ClickBatches, NegativeSampler
from practicum.datamodules.tabular.row_batches import RowBatches
from pytorch_lightning.utilities.exceptions import MisconfigurationException
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
    assert (drawn[asked == 1] == 42).all()  # nothing else is left for the first


def test_chances_follow_the_power_of_the_count() -> None:
    items = torch.arange(1, 5).repeat_interleave(torch.tensor([1, 4, 9, 16]))
    users = torch.arange(1, len(items) + 1)
    sampler = NegativeSampler(users, items, 4, power=0.5)
    drawn = sampler.draw(torch.zeros(100_000, dtype=torch.int32), 1, torch.Generator().manual_seed(3))  # nobody's: none is known
    share = torch.bincount(drawn.flatten(), minlength=5)[1:] / drawn.numel()
    wanted = torch.tensor([1.0, 2.0, 3.0, 4.0]) / 10
    torch.testing.assert_close(share, wanted, atol=0.006, rtol=0)
    torch.testing.assert_close(sampler.log_chance[1:], wanted.log())


def test_draws_are_by_seed_epoch_and_batch_alone() -> None:
    users, items = pairs()
    sampler = NegativeSampler(users, items, ITEMS)
    codes = torch.stack([users, items], 1).int()

    def batches(seed: int = 1, shuffle: bool = True) -> ClickBatches:
        rows = RowBatches([codes, torch.zeros(len(codes), 0)], torch.ones(len(codes)), batch_size=64, shuffle=shuffle)
        return ClickBatches(rows, sampler, 3, seed)

    (_, _, drawn, expected), _ = batches()[2, 1]
    assert drawn.shape == (64, 3)
    torch.testing.assert_close(expected, torch.full((64, 3), math.log(3 / ITEMS)))
    assert (batches()[2, 1][0][2] == drawn).all()
    assert (batches()[3, 1][0][2] != drawn).any()
    assert (batches(seed=2)[2, 1][0][2] != drawn).any()
    assert (batches(shuffle=False)[0, 1][0][2] == batches(shuffle=False)[7, 1][0][2]).all()  # validation is asked the same


def test_somebody_with_everything_is_named() -> None:
    with pytest.raises(MisconfigurationException, match="code 2 has all 3 items"):
        NegativeSampler(torch.tensor([1, 2, 2, 2]), torch.tensor([1, 1, 2, 3]), 3)
