"""Batches of interactions: what they hold, and that draws depend on seed, epoch and batch only."""

from __future__ import annotations

import math

import torch
from practicum.datamodules.loading.batch_loader import batch_loader
from practicum.datamodules.ratings.interaction_batches import InteractionBatches
from practicum.datamodules.ratings.negative_sampling import NegativeSampler
from practicum.datamodules.ratings.ratings_batch import RatingsBatch
from practicum.datamodules.tabular.row_batches import RowBatches

ITEMS = 60


def batches(seed: int = 1, shuffle: bool = True, weighted: bool = False, sampled: bool = True) -> InteractionBatches:
    users, items = (torch.rand(80, ITEMS, generator=torch.Generator().manual_seed(5)) < 0.3).nonzero(as_tuple=True)
    codes = torch.stack([users + 1, items + 1], 1).int()
    weights = torch.arange(len(codes), dtype=torch.float32)
    inputs = [codes, weights] if weighted else [codes]
    rows = RowBatches(inputs, weights, batch_size=64, shuffle=shuffle)
    sampler = NegativeSampler(users + 1, items + 1, ITEMS) if sampled else None
    return InteractionBatches(rows, sampler, 3, seed)


def negatives(data: InteractionBatches, key: tuple[int, int]) -> torch.Tensor:
    found = data[key][0].negatives
    assert found is not None
    return found


def test_draws_depend_on_seed_epoch_and_batch_only() -> None:
    drawn = negatives(batches(), (2, 1))
    assert drawn.shape == (64, 3)
    assert torch.equal(negatives(batches(), (2, 1)), drawn)
    for other in (negatives(batches(), (3, 1)), negatives(batches(seed=2), (2, 1)), negatives(batches(), (2, 2))):
        assert float((other == drawn).float().mean()) < 0.1  # by chance one of 60, though what is redrawn would differ anyway
    still = batches(shuffle=False)
    assert torch.equal(negatives(still, (0, 1)), negatives(still, (7, 1)))  # validation has the same in every epoch


def test_expected_counts_of_uniform_draws() -> None:
    expected = batches()[0, 0][0].log_expected
    assert expected is not None
    torch.testing.assert_close(expected, torch.full((64, 3), math.log(3 / ITEMS)))


def test_weights_go_along_and_ratings_have_no_negatives() -> None:
    batch, y = batches(weighted=True, sampled=False)[0, 0]
    assert batch.weights is not None
    assert torch.equal(batch.weights, y)
    assert batch.negatives is batch.log_expected is None


def test_a_loader_keeps_the_type() -> None:
    batch, _ = next(iter(batch_loader(batches(sampled=False, shuffle=False))))
    assert isinstance(batch, RatingsBatch)
    assert batch.codes.dtype == torch.int32
    assert batch.weights is None
