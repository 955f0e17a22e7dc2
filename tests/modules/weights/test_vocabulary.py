"""Carrying an embedding over to another vocabulary."""

from __future__ import annotations

import logging

import pytest
import torch
from practicum.modules.weights.vocabulary import remap_embedding, say_known


def test_unknown_tokens_get_the_mean_row() -> None:
    rows, carried = remap_embedding(torch.tensor([[1.0, 2.0], [3.0, 6.0]]), ["a", "b"], ["b", "c", "a"])
    assert rows.tolist() == [[3, 6], [2, 4], [1, 2]]
    assert carried == 2


@pytest.mark.parametrize(("known", "level"), [(0, "WARNING"), (4, "WARNING"), (5, "INFO"), (10, "INFO")])
def test_how_many_words_are_known_is_said_and_less_than_half_is_a_warning(
    known: int, level: str, caplog: pytest.LogCaptureFixture
) -> None:
    marks = ["xxunk", "xxpad", "xxbos", "xxmaj", "xxup", "xxrep", "xxwrep", "<eos>"]  # every vocabulary has them
    words = [f"word{number}" for number in range(10)]
    with caplog.at_level(logging.INFO):
        say_known("Net: encoder=RUN", [*marks, *words[:known], "another"], [*marks, *words])
    (record,) = caplog.records
    assert record.levelname == level
    assert f"Net: encoder=RUN: knows {known} of the 10 words" in record.message
