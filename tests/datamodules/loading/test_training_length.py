"""Few examples get small batches and many epochs; many are left as they are."""

from __future__ import annotations

import math

import pytest
from practicum.datamodules.loading.training_length import enough_epochs, fewer_per_batch


@pytest.mark.parametrize("examples", [1, 4, 24, 90, 300, 3000, 8191])
def test_few_examples_are_trained_for_enough_steps(examples: int) -> None:
    size = fewer_per_batch(examples, usual=1024, least=32)
    assert size & (size - 1) == 0
    assert size == 32 or math.ceil(examples / size) >= 8
    assert enough_epochs(examples, size, usual=25, steps=500) * math.ceil(examples / size) >= 500


@pytest.mark.parametrize("examples", [20_480, 80_000, 1_000_000])
def test_many_examples_are_left_as_they_are(examples: int) -> None:
    assert fewer_per_batch(examples, usual=1024, least=32) == 1024
    assert enough_epochs(examples, 1024, usual=25, steps=500) == 25
