"""Batches of ratings or clicks as a recommender takes them; clicks come with sampled negatives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from ..tabular.row_batches import RowBatches
from .negative_sampling import NegativeSampler
from .ratings_batch import RatingsBatch


class InteractionBatches(Dataset[Any]):
    """Batches ``(RatingsBatch, targets)``.

    Negatives depend on the seed, the epoch and the batch only, so a resumed run sees the same ones. Validation, which is not
    shuffled, has the same negatives in every epoch.

    Args:
        batches: Their inputs are codes ``int32 [N, 2 + side]``, users and items first, and optionally weights ``float32 [N]``.
        sampler: Draws negatives; ``None``: there are none.
        count: Negatives beside each click.
        seed: Seed of the draws.
    """

    def __init__(self, batches: RowBatches, sampler: NegativeSampler | None = None, count: int = 0, seed: int = 1) -> None:
        self.batches, self.sampler, self.count, self.seed = batches, sampler, count, seed

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, key: tuple[int, int]) -> tuple[RatingsBatch, Tensor]:
        inputs, targets = self.batches[key]
        batch = RatingsBatch(*inputs)
        if self.sampler is None:
            return batch, targets
        epoch = key[0] if self.batches.shuffle else 0
        entropy = (self.seed, epoch, key[1], self.batches.rank, int(self.batches.shuffle))
        generator = torch.Generator().manual_seed(int(np.random.SeedSequence(entropy).generate_state(1)[0]))
        negatives = self.sampler.draw(batch.codes[:, 0], self.count, generator)
        log_expected = self.sampler.log_chance[negatives] + math.log(self.count)
        return batch._replace(negatives=negatives, log_expected=log_expected), targets
