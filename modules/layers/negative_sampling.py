"""Skip-gram loss with negative sampling: neighbouring words against randomly drawn ones.

**What it does.** Each word predicts those around it, within a window drawn anew for each word: the scores of such pairs are
pushed up, those of pairs with ``negatives`` drawn words are pushed down. A text is cut into blocks of 64 words. The words around
a block and those drawn for it are the columns of one matrix product, in which the pairs are a band along the diagonal; each pair
is weighted as if it had drawn its own.

**Defaults.** Window 5, 5 negatives per pair, 64 words drawn per block.

**Source.** Mikolov et al. 2013, "Distributed representations of words and phrases", section 2.2; Ji et al. 2016,
"Parallelizing word2vec", section 3, for shared negatives.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

BLOCK = 64  # words whose pairs are one matrix product


def in_blocks(words: Tensor, window: int = 0) -> Tensor:
    """Cut a text into blocks of 64 words, each with those around it; zeros stand beyond the ends.

    Args:
        words: ``int64 [N]``.
        window: Number of words on each side.

    Returns:
        ``int64 [blocks, 64 + 2 * window]``.
    """
    spare = -len(words) % BLOCK
    return F.pad(words, (window, window + spare)).unfold(0, BLOCK + 2 * window, BLOCK)


def pair_mask(row: Tensor, windows: Tensor, max_window: int) -> Tensor:
    """Which words are pairs: ``bool [N, 2 * max_window + 1]``; at ``[i, j]`` words ``i`` and ``i + j - max_window``.

    Args:
        row: Text of each word ``int64 [N]``; words of different texts are no pairs.
        windows: Window of each word as the predicting one ``int64 [N]``.
        max_window: Upper bound on ``windows``.
    """
    offsets = torch.arange(-max_window, max_window + 1, device=row.device)
    inside = (offsets.abs() <= windows[:, None]) & (offsets != 0)
    others = F.pad(row, (max_window, max_window), value=-1).unfold(0, 2 * max_window + 1, 1)
    return inside & (others == row[:, None])


def _band(products: Tensor, window: int) -> Tensor:
    """View ``[blocks, 64, 2 * window + 1]`` of products ``[blocks, 64, columns]``: of each word with those around it."""
    blocks, size, columns = products.shape
    return products.as_strided((blocks, size, 2 * window + 1), (size * columns, columns + 1, 1))


class _LogisticLoss(torch.autograd.Function):
    """Weighted sum of ``-log sigmoid`` over a band of scores, and of the negated scores beside it.

    Its slope is a by-product of the loss, exact for every score; the loss itself counts a score of -88 and below as -87. With
    torch's ``softplus`` or ``logsigmoid``, each as slow as ten sigmoids, they would take most of a step.
    """

    @staticmethod
    def forward(ctx: Any, scores: Tensor, pairs: Tensor, against: Tensor) -> Tensor:
        """Scores ``[blocks, 64, columns]``, weights of the band ``[blocks, 64, 2 * window + 1]`` and of the last columns."""
        window, drawn = pairs.shape[2] // 2, against.shape[2]
        right = _band(scores, window).sigmoid()
        spared = (-scores[:, :, -drawn:]).sigmoid()
        slope = torch.zeros_like(scores)
        _band(slope, window).copy_(pairs * (right - 1))
        slope[:, :, -drawn:] = against * (1 - spared)
        ctx.save_for_backward(slope)
        tiny = torch.finfo(scores.dtype).tiny
        return -(pairs * right.clamp(min=tiny).log()).sum() - (against * spared.clamp(min=tiny).log()).sum()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        """The slope."""
        return ctx.saved_tensors[0] * gradient, None, None


def negative_sampling_loss(
    centre: Tensor, others: Tensor, around: Tensor, drawn: Tensor, is_pair: Tensor, negatives: int
) -> Tensor:
    """Sum over pairs of ``-log sigmoid(score)`` and of ``-log sigmoid(-score)`` with ``negatives`` drawn words.

    A drawn word equal to the pair's own is skipped, as in word2vec.

    Args:
        centre: Vectors of the words as predicting ones ``[blocks, 64, D]``.
        others: Vectors of ``around`` and then of ``drawn`` as predicted ones ``[blocks, 64 + 2 * window + K, D]``.
        around: The words of each block and those around it, see :func:`in_blocks` ``int64 [blocks, 64 + 2 * window]``.
        drawn: The words drawn for each block ``int64 [blocks, K]``.
        is_pair: See :func:`pair_mask`; ``[N, 2 * window + 1]``, for the first ``N`` of the words.
        negatives: Drawn words per pair.

    Returns:
        A scalar.
    """
    scores = torch.bmm(centre, others.mT)
    scores = scores if scores.dtype == torch.float64 else scores.float()
    window = is_pair.shape[1] // 2
    pairs = F.pad(is_pair.to(scores.dtype), (0, 0, 0, -len(is_pair) % BLOCK)).view(len(around), BLOCK, -1)
    paired = scores.new_zeros(len(around), BLOCK, around.shape[1])
    _band(paired, window).copy_(pairs)
    # Of each word's pairs, how many may have each negative: small counts, exact in bfloat16 too.
    against = torch.bmm(paired, (around[:, :, None] != drawn[:, None]).to(scores.dtype)).to(scores.dtype)
    return _LogisticLoss.apply(scores, pairs, negatives / drawn.shape[1] * against)
