"""Metrics as people write them."""

from __future__ import annotations

import pytest
from practicum.callbacks.figures.metric_words import metric_words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("loss", "loss"),
        ("rmspe", "RMSPE"),
        ("pairwise_accuracy", "pairwise accuracy"),
        ("map@10", "MAP@10"),
        ("ndcg@10_of_100", "nDCG@10 of 100"),
        ("my_metric", "my metric"),
    ],
)
def test_a_metric_is_written_as_people_do(name: str, words: str) -> None:
    assert metric_words(name) == words
