"""Vocabularies: the padding token, and carrying the rows of one embedding over to another vocabulary."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import torch
from torch import Tensor

log = logging.getLogger(__name__)

PAD = 1  # pads a batch's shorter documents


def is_word(token: str) -> bool:
    """Whether a token stands for something in a text: not padding, a beginning or a mark, which every vocabulary has."""
    return token not in (
        "xxunk",
        "xxpad",
        "xxbos",
        "xxeos",
        "xxfld",
        "xxrep",
        "xxwrep",
        "xxup",
        "xxmaj",
        "<eos>",
        "<unk>",
        "<pad>",
    )


def say_known(option: str, known: Sequence[str], wanted: Sequence[str]) -> None:
    """Say how many words of a vocabulary some weights know; a warning where it is less than half.

    Args:
        option: The option with its value, for the message: ``"TextClassifier: encoder=RUN"``.
        known: Words that the weights have a row for.
        wanted: The vocabulary at hand; tokens that are no words are left out.
    """
    words = [token for token in wanted if is_word(token)]
    there = set(known)
    count = sum(word in there for word in words)
    if 2 * count < len(words):
        log.warning(
            f"{option}: knows {count} of the {len(words)} words of the data's vocabulary; the others begin without what it has "
            "learnt. "
            "Is it of the same language, level and case?"
        )
    else:
        log.info(f"{option}: knows {count} of the {len(words)} words of the data's vocabulary.")


def remap_embedding(rows: Tensor, known: Sequence[str], wanted: Sequence[str]) -> tuple[Tensor, int]:
    """Rows for ``wanted`` tokens, taken from those of ``known`` ones; an unknown token gets the mean row.

    Args:
        rows: ``[known, ...]``.
        known: Tokens of the rows.
        wanted: Tokens that need rows.

    Returns:
        ``[wanted, ...]``, and how many tokens were known. Source: Howard and Ruder 2018 (ULMFiT), section 3.2.
    """
    place = {token: index for index, token in enumerate(known)}
    sources = torch.tensor([place.get(token, -1) for token in wanted])
    mapped = rows[sources.clamp(min=0)]
    mapped[sources < 0] = rows.mean(0)
    return mapped, int((sources >= 0).sum())
