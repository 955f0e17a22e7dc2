"""The skip-gram's loss: words beside one another against words drawn by chance.

**What it does.** Each word predicts those around it, up to a reach drawn anew for each: the scores of such pairs are pushed up,
those of pairs with ``negatives`` drawn words are pushed down. The pairs of a whole batch are the bands along the diagonal of a
product of matrices, and the drawn words are the same for all of the batch, so that both are matrix products; each pair weighs as
if it had drawn its own.

**Defaults.** Reach 5, 5 negatives a pair, 512 words drawn a batch.

**Source.** Mikolov et al. 2013, "Distributed representations of words and phrases", section 2.2; Ji et al. 2016,
"Parallelizing word2vec", section 3, for shared negatives.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

_BLOCK = 64  # rows whose bands are one product


def band(left: Tensor, right: Tensor, reach: int) -> Tensor:
    """Scores of each row with the rows around it.

    Args:
        left: ``[N, D]``.
        right: ``[N, D]``.
        reach: How far.

    Returns:
        ``[N, 2 * reach + 1]``: at ``[i, j]`` the product of ``left[i]`` and ``right[i + j - reach]``, 0 beyond the ends.
    """
    count, width = left.shape
    blocks = -(-count // _BLOCK)
    spare = blocks * _BLOCK - count
    rows = F.pad(left, (0, 0, 0, spare)).view(blocks, _BLOCK, width)
    around = F.pad(right, (0, 0, reach, reach + spare)).unfold(0, _BLOCK + 2 * reach, _BLOCK)
    products = torch.bmm(rows, around)  # [blocks, 64, 64 + 2 reach]; the band runs along the diagonal of each
    wide = _BLOCK + 2 * reach
    diagonal = products.as_strided((blocks, _BLOCK, 2 * reach + 1), (_BLOCK * wide, wide + 1, 1))
    return diagonal.reshape(blocks * _BLOCK, -1)[:count]


def pairs(row: Tensor, reach: Tensor, longest: int) -> Tensor:
    """Which words are pairs: ``bool [N, 2 * longest + 1]``, laid out as :func:`band`.

    Args:
        row: Text of each word ``int64 [N]``; words of different ones are no pairs.
        reach: Of each word as the one that predicts ``int64 [N]``.
        longest: The highest reach there may be.
    """
    offsets = torch.arange(-longest, longest + 1, device=row.device)
    inside = (offsets.abs() <= reach[:, None]) & (offsets != 0)
    others = F.pad(row, (longest, longest), value=-1).unfold(0, 2 * longest + 1, 1)
    return inside & (others == row[:, None])


def negative_sampling_loss(
    words: Tensor, centre: Tensor, context: Tensor, drawn: Tensor, drawn_words: Tensor, is_pair: Tensor, negatives: int
) -> Tensor:
    """Sum over pairs of ``-log sigmoid(score)`` and of ``-log sigmoid(-score)`` with ``negatives`` drawn words.

    A drawn word that is the pair's own is passed over, as in word2vec.

    Args:
        words: ``int64 [N]``.
        centre: Their vectors as those that predict ``[N, D]``.
        context: Their vectors as those that are predicted ``[N, D]``.
        drawn: Vectors of the drawn words ``[K, D]``.
        drawn_words: Which they are ``int64 [K]``.
        is_pair: See :func:`pairs`.
        negatives: Of each pair.

    Returns:
        A scalar.
    """
    reach = is_pair.shape[1] // 2
    scores = band(centre, context, reach)
    times = torch.zeros(int(max(words.max(), drawn_words.max())) + 1, device=words.device)
    times = times.index_add_(0, drawn_words, times.new_ones(len(drawn_words)))[words]  # each word among those drawn
    times = F.pad(times, (reach, reach)).unfold(0, 2 * reach + 1, 1)
    share = negatives / len(drawn)
    own = (is_pair * (F.softplus(-scores) - share * times * F.softplus(scores))).sum()
    against = F.softplus((centre @ drawn.T).to(centre.dtype)).sum(1)
    return own + share * (is_pair.sum(1) * against).sum()
