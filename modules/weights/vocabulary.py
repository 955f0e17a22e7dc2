"""Vocabularies: the padding token, and carrying the rows of one embedding over to another vocabulary."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

PAD = 1  # pads a batch's shorter documents


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
