"""Baselines of language models: frequencies of tokens (unigram), and of pairs of them (interpolated bigram), as perplexity.

**What it does.** A unigram's probability is the token's frequency, with one added to each count. A bigram's is the frequency of
the token after its predecessor, interpolated with the unigram by Witten and Bell's weights: a predecessor that many different
tokens follow says less. Nothing is chosen by hand or by validation.

**Source.** Witten & Bell 1991; in the form of Chen & Goodman 1998, "An empirical study of smoothing techniques", section 2.5.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .found import Baselines, say_sample

ADVICE = "train longer (epochs=), or with a higher optimizer.lr"
_TRAINING, _TEST = 20_000_000, 2_000_000  # tokens that are counted and measured within seconds
Tokens = np.ndarray[Any, Any]


def unigram(train: Tokens, size: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Probability of each token ``[size]``: its frequency, with one added to each count."""
    return (np.bincount(train, minlength=size) + 1) / (len(train) + size)


def bigram_losses(train: Tokens, test: Tokens, size: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Loss in nats of each token of a text but the first ``[tokens - 1]``, by the interpolated bigram.

    Args:
        train: Ids of the training text.
        test: Ids of the text to predict.
        size: Of the vocabulary.

    Example:
        >>> import numpy as np
        >>> from practicum.cli.baselines.language_models import bigram_losses
        >>> np.exp(-bigram_losses(np.array([0, 1, 0, 1]), np.array([0, 1]), size=2)).round(3).tolist()  # (2 + 1 / 2) / (2 + 1)
        [0.833]
    """
    train, test = train.astype(np.int64), test.astype(np.int64)
    pairs, counts = np.unique(train[:-1] * size + train[1:], return_counts=True)
    before = pairs // size
    total = np.bincount(before, counts, minlength=size)  # of each predecessor: tokens that follow
    kinds = np.bincount(before, minlength=size)  # and how many different ones
    wanted = test[:-1] * size + test[1:]
    place = np.minimum(np.searchsorted(pairs, wanted), len(pairs) - 1)
    joint = np.where(pairs[place] == wanted, counts[place], 0)
    frequency = unigram(train, size)[test[1:]]
    seen = total[test[:-1]] > 0
    weight = np.where(seen, kinds[test[:-1]], 1)  # after a token that was never followed, the unigram
    result: np.ndarray[Any, np.dtype[np.float64]] = -np.log((joint + weight * frequency) / (total[test[:-1]] + weight))
    return result


def language_model_baselines(data: Any, level: str, training: Sequence[str] = ("train", "unlabelled")) -> Baselines:
    """Measure the baselines of a language model.

    Args:
        data: Has ``corpus`` and ``tests_on``, as :class:`.Text`.
        level: Of the tokens; with ``character``, bits per character stand beside perplexity.
        training: Splits that it learns from.
    """
    corpus = data.corpus
    parts = [corpus.splits[split].tokens for split in training if split in corpus.splits]
    whole, tested = sum(len(part) for part in parts), corpus.splits[data.tests_on].tokens
    train = np.concatenate([np.asarray(part[:_TRAINING]) for part in parts])[:_TRAINING].astype(np.int64)
    test = np.asarray(tested[:_TEST]).astype(np.int64)
    if data.reverse:
        train, test = train[::-1], test[::-1]
    size = corpus.tokenizer.get_vocab_size()
    losses = {
        "unigram": float(-np.log(unigram(train, size)[test[1:]]).mean()),
        "bigram": float(bigram_losses(train, test, size).mean()),
    }
    bits = {name: {"bits_per_character": loss / math.log(2)} if level == "character" else {} for name, loss in losses.items()}
    found = {name: {"loss": loss, "perplexity": math.exp(loss), **bits[name]} for name, loss in losses.items()}
    return Baselines(found, {"bigram": ADVICE}, say_sample("tokens", (len(train), whole), (len(test), len(tested))))
