"""Embedding dropout: whole words are dropped, wherever they occur in the batch.

**Source.** Gal and Ghahramani 2016, section 4.2; Merity et al. 2018, section 4.3.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def embedding_dropout(tokens: Tensor, weight: Tensor, p: float, training: bool = True, padding: int | None = None) -> Tensor:
    """Look up rows of ``weight``; with probability ``p`` a row is zero for the whole batch, the rest are divided by ``1 - p``.

    The mask is drawn for the vocabulary and looked up with the tokens, which avoids a pass over all of ``weight``.

    Args:
        tokens: ``int64 [...]``.
        weight: ``[V, E]``.
        p: Probability of dropping a word.
        training: With ``False``, nothing is dropped.
        padding: Token whose row gets no gradient.

    Returns:
        ``[..., E]``.
    """
    vectors = F.embedding(tokens, weight, padding_idx=padding)
    if not training or p == 0:
        return vectors
    mask = weight.new_empty(len(weight), 1).bernoulli_(1 - p).div_(1 - p)
    return vectors * F.embedding(tokens, mask)
