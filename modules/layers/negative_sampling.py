"""Skip-gram loss with negative sampling: neighbouring words against randomly drawn ones.

**What it does.** Each word predicts those around it, within a window drawn anew for each word: the scores of such pairs are
pushed up, those of pairs with ``negatives`` drawn words are pushed down. The pairs of a whole batch are bands along the
diagonal of a matrix product, and the drawn words are shared by the whole batch, so both are matrix products; each pair is
weighted as if it had drawn its own.

**Defaults.** Window 5, 5 negatives per pair, 512 words drawn per batch.

**Source.** Mikolov et al. 2013, "Distributed representations of words and phrases", section 2.2; Ji et al. 2016,
"Parallelizing word2vec", section 3, for shared negatives.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

_BLOCK = 64  # rows whose bands are one product


def banded_scores(left: Tensor, right: Tensor, window: int) -> Tensor:
    """Scores of each row with the rows around it.

    Args:
        left: ``[N, D]``.
        right: ``[N, D]``.
        window: Number of rows on each side.

    Returns:
        ``[N, 2 * window + 1]``: at ``[i, j]`` the product of ``left[i]`` and ``right[i + j - window]``, 0 beyond the ends.
    """
    count, dim = left.shape
    blocks = -(-count // _BLOCK)
    spare = blocks * _BLOCK - count
    rows = F.pad(left, (0, 0, 0, spare)).view(blocks, _BLOCK, dim)
    around = F.pad(right, (0, 0, window, window + spare)).unfold(0, _BLOCK + 2 * window, _BLOCK)
    products = torch.bmm(rows, around)  # [blocks, 64, 64 + 2 window]; the band runs along the diagonal of each
    wide = _BLOCK + 2 * window
    diagonal = products.as_strided((blocks, _BLOCK, 2 * window + 1), (_BLOCK * wide, wide + 1, 1))
    return diagonal.reshape(blocks * _BLOCK, -1)[:count]


def pair_mask(row: Tensor, windows: Tensor, max_window: int) -> Tensor:
    """Which words are pairs: ``bool [N, 2 * max_window + 1]``, laid out as in :func:`banded_scores`.

    Args:
        row: Text of each word ``int64 [N]``; words of different texts are no pairs.
        windows: Window of each word as the predicting one ``int64 [N]``.
        max_window: Upper bound on ``windows``.
    """
    offsets = torch.arange(-max_window, max_window + 1, device=row.device)
    inside = (offsets.abs() <= windows[:, None]) & (offsets != 0)
    others = F.pad(row, (max_window, max_window), value=-1).unfold(0, 2 * max_window + 1, 1)
    return inside & (others == row[:, None])


def negative_sampling_loss(
    words: Tensor, centre: Tensor, context: Tensor, drawn: Tensor, drawn_words: Tensor, is_pair: Tensor, negatives: int
) -> Tensor:
    """Sum over pairs of ``-log sigmoid(score)`` and of ``-log sigmoid(-score)`` with ``negatives`` drawn words.

    A drawn word equal to the pair's own is skipped, as in word2vec.

    Args:
        words: ``int64 [N]``.
        centre: Their vectors as predicting words ``[N, D]``.
        context: Their vectors as predicted words ``[N, D]``.
        drawn: Vectors of the drawn words ``[K, D]``.
        drawn_words: Indices of the drawn words ``int64 [K]``.
        is_pair: See :func:`pair_mask`.
        negatives: Drawn words per pair.

    Returns:
        A scalar.
    """
    window = is_pair.shape[1] // 2
    scores = banded_scores(centre, context, window)
    times = torch.zeros(int(max(words.max(), drawn_words.max())) + 1, device=words.device)
    times = times.index_add_(0, drawn_words, times.new_ones(len(drawn_words)))[words]  # how often each word was drawn
    times = F.pad(times, (window, window)).unfold(0, 2 * window + 1, 1)
    share = negatives / len(drawn)
    own = (is_pair * (F.softplus(-scores) - share * times * F.softplus(scores))).sum()
    against = F.softplus((centre @ drawn.T).to(centre.dtype)).sum(1)
    return own + share * (is_pair.sum(1) * against).sum()
