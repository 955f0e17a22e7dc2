"""Passes over texts: many steps for a classifier of few texts, many tokens for a language model of little text."""

from __future__ import annotations

import pytest
from practicum.datamodules.text.text_options import Task
from practicum.datamodules.text.training_length import choose_epochs


@pytest.mark.parametrize(
    ("task", "documents", "tokens", "epochs"),
    [
        ("classification", 1, 10, 60),
        ("classification", 40, 400, 60),
        ("classification", 3_200, 0, 24),  # 100 steps each
        ("classification", 100_000, 0, 6),
        ("language_model", 1, 3, 10),
        ("language_model", 1, 1_250_000, 4),
        ("language_model", 1, 10**9, 1),
        ("skip_gram", 1, 200_000, 5),
        ("skip_gram", 1, 25_000_000, 1),
    ],
)
def test_little_text_is_read_often(task: Task, documents: int, tokens: int, epochs: int) -> None:
    assert choose_epochs(task, documents, tokens, 32) == epochs


def test_larger_batches_need_more_epochs_for_as_many_steps() -> None:
    few, many = (choose_epochs("classification", 6_400, 0, size) for size in (32, 128))
    assert many == 4 * few
