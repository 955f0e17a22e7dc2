"""Word vectors made of subwords, so that unseen words have one, too.

**What it does.** A word's vector is the mean of a row of its own and of the rows of its character n-grams (``<th``, ``the``,
``he>`` ...): words that are spelled alike start out alike, and a word that is not in the vocabulary is the mean of its known
n-grams.

**When to use it.** For word vectors, above all in languages with rich morphology.

**Defaults.** n-grams of 3 to 6 characters, with ``<`` and ``>`` at the word's ends. Every n-gram of the vocabulary has its own
row, most frequent first where there are more than ``max_ngrams``; fastText hashes them into two million rows, where some
collide.

**Source.** Bojanowski et al. 2017, "Enriching word vectors with subword information", section 3.2.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def character_ngrams(word: str, min_n: int, max_n: int) -> list[str]:
    """All n-grams of ``<word>``, shorter ones first."""
    marked = f"<{word}>"
    return [marked[i : i + n] for n in range(min_n, max_n + 1) for i in range(len(marked) - n + 1)]


def ngrams_of_vocabulary(vocab: Sequence[str], min_n: int, max_n: int, max_ngrams: int) -> list[str]:
    """Up to ``max_ngrams`` n-grams of all words, those in most words first; always in the same order."""
    counts = Counter(gram for word in vocab for gram in dict.fromkeys(character_ngrams(word, min_n, max_n)))
    return [gram for gram, _ in counts.most_common(max_ngrams)]


class SubwordEmbedding(nn.Module):
    """Embedding of words as the mean of their rows.

    The gradient of a vector goes to each of its rows undivided, as in fastText: otherwise a mean of fourteen rows would learn
    fourteen times as slowly as a single row.

    Args:
        vocab: Words; the first rows are theirs.
        embedding_dim: Size of a vector.
        min_n: Minimum length of an n-gram, in characters.
        max_n: Maximum length; below ``min_n``: no n-grams.
        max_ngrams: Maximum number of n-gram rows.
    """

    rows: Tensor
    starts: Tensor

    def __init__(
        self, vocab: Sequence[str], embedding_dim: int, min_n: int = 3, max_n: int = 6, max_ngrams: int = 500_000
    ) -> None:
        super().__init__()
        self.min_n, self.max_n = min_n, max_n
        grams = ngrams_of_vocabulary(vocab, min_n, max_n, max_ngrams)
        self._row = {gram: len(vocab) + number for number, gram in enumerate(grams)}
        # A bag, so that DDP knows its gradient is sparse.
        self.bag = nn.EmbeddingBag(len(vocab) + len(grams), embedding_dim, mode="sum", sparse=True)
        nn.init.uniform_(self.bag.weight, -1 / embedding_dim, 1 / embedding_dim)
        rows = [[number, *self._known(word)] for number, word in enumerate(vocab)]
        self.register_buffer("rows", torch.tensor([row for each in rows for row in each]), persistent=False)
        starts = torch.tensor([0, *(len(each) for each in rows)]).cumsum(0)
        self.register_buffer("starts", starts, persistent=False)

    def _known(self, word: str) -> list[int]:
        return [self._row[gram] for gram in character_ngrams(word, self.min_n, self.max_n) if gram in self._row]

    def forward(self, words: Tensor) -> Tensor:
        """Vectors ``[N, embedding_dim]`` of words ``int64 [N]``; the gradient of the rows is sparse."""
        unique, place = words.unique(return_inverse=True)
        first = self.starts[unique]
        lengths = self.starts[unique + 1] - first
        ends = lengths.cumsum(0)
        rows = self.rows[torch.arange(int(ends[-1]), device=words.device) + (first - ends + lengths).repeat_interleave(lengths)]
        total = self.bag(rows, ends - lengths)
        mean = total / lengths[:, None]
        return F.embedding(place, total + (mean - total).detach())

    def vector(self, word: str, index: int | None = None) -> Tensor:
        """Vector ``[embedding_dim]`` of any word; zeros where none of its n-grams is known.

        Args:
            word: The word.
            index: Its index in the vocabulary, if it has one.
        """
        rows = [*([] if index is None else [index]), *self._known(word)]
        weight = self.bag.weight.detach()
        return weight[rows].mean(0) if rows else weight.new_zeros(weight.shape[1])
