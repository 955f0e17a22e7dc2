"""Unigram and bigram: probabilities that sum to one, counted by hand, and the entropy of a text that is known."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from practicum.cli.baselines.language_models import bigram_losses, language_model_baselines, unigram

RNG = np.random.default_rng(1)


def test_probabilities_sum_to_one_after_every_token() -> None:
    train = RNG.integers(0, 5, 200)
    for before in range(7):  # 5 and 6 never occur
        pairs = [np.exp(-bigram_losses(train, np.array([before, after]), 7))[0] for after in range(7)]
        assert sum(pairs) == pytest.approx(1)
    assert unigram(train, 7).sum() == pytest.approx(1)


def test_witten_and_bell_by_hand() -> None:
    train = np.array([0, 1, 0, 2, 0, 1])  # after 0: 1 twice, 2 once; three tokens of two kinds
    frequency = (2 + 1) / (6 + 3)  # of 1, with one added
    assert math.exp(-bigram_losses(train, np.array([0, 1]), 3)[0]) == pytest.approx((2 + 2 * frequency) / (3 + 2))


def data_of(train: Any, test: Any, reverse: bool = False) -> Any:
    splits = {name: np.asarray(each, np.uint16) for name, each in (("train", train), ("valid", test))}
    corpus = SimpleNamespace(
        splits={name: SimpleNamespace(tokens=each) for name, each in splits.items()},
        tokenizer=SimpleNamespace(get_vocab_size=lambda: 4),
    )
    return SimpleNamespace(corpus=corpus, tests_on="valid", reverse=reverse)


def test_a_markov_chain_is_predicted_to_its_entropy() -> None:
    def chain(length: int) -> list[int]:  # the next token, or with probability .1 the one after it
        steps = np.where(RNG.random(length) < 0.1, 2, 1)
        return (np.cumsum(steps) % 4).tolist()

    found = language_model_baselines(data_of(chain(40_000), chain(40_000)), "character").metrics
    entropy = -(0.9 * math.log(0.9) + 0.1 * math.log(0.1))
    assert found["bigram"]["loss"] == pytest.approx(entropy, abs=0.01)
    assert found["bigram"]["perplexity"] == pytest.approx(math.exp(entropy), abs=0.02)
    assert found["unigram"]["perplexity"] == pytest.approx(4, abs=0.01)
    assert found["unigram"]["bits_per_character"] == pytest.approx(2, abs=0.01)
    assert "bits_per_character" not in language_model_baselines(data_of(chain(50), chain(50)), "word").metrics["bigram"]


def test_a_reversed_text_is_read_backwards() -> None:
    text = RNG.integers(0, 4, 500)
    backwards = language_model_baselines(data_of(text, text, reverse=True), "word").metrics
    assert backwards == language_model_baselines(data_of(text[::-1], text[::-1]), "word").metrics
    assert backwards != language_model_baselines(data_of(text, text), "word").metrics
