"""Word vectors made of parts of words, so that a word never seen has one, too.

**What it does.** A word's vector is the mean of a row of its own and of the rows of its character n-grams (``<th``, ``the``,
``he>`` ...): words that look alike begin alike, and a word that the training never held is the mean of those of its n-grams that
it did.

**When to use it.** For word vectors; in languages with many forms of a word above all.

**Defaults.** n-grams of 3 to 6 characters, ``<`` and ``>`` at the word's ends. Every n-gram of the vocabulary has its own row,
the most frequent first where there are more than ``max_ngrams``; fastText hashes them into two million rows, where some collide.

**Source.** Bojanowski et al. 2017, "Enriching word vectors with subword information", section 3.2.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def character_ngrams(word: str, shortest: int, longest: int) -> list[str]:
    """All n-grams of ``<word>``, shorter ones first."""
    marked = f"<{word}>"
    return [marked[i : i + n] for n in range(shortest, longest + 1) for i in range(len(marked) - n + 1)]


def ngrams_of_vocabulary(vocab: Sequence[str], shortest: int, longest: int, most: int) -> list[str]:
    """N-grams of all words, those of most words first, at most so many; always in the same order."""
    counts = Counter(gram for word in vocab for gram in dict.fromkeys(character_ngrams(word, shortest, longest)))
    return [gram for gram, _ in counts.most_common(most)]


class SubwordEmbedding(nn.Module):
    """Words to the mean of their rows.

    The gradient of a vector goes to each of its rows undivided, as in fastText: a mean of fourteen rows would else learn
    fourteen times as slowly as one row.

    Args:
        vocab: Words; the first rows are theirs.
        width: Of a vector.
        shortest: Characters of an n-gram, at least.
        longest: At most; below ``shortest``: no n-grams.
        max_ngrams: Rows of n-grams, at most.
    """

    rows: Tensor
    starts: Tensor

    def __init__(self, vocab: Sequence[str], width: int, shortest: int = 3, longest: int = 6, max_ngrams: int = 500_000) -> None:
        super().__init__()
        self.shortest, self.longest = shortest, longest
        grams = ngrams_of_vocabulary(vocab, shortest, longest, max_ngrams)
        self._row = {gram: len(vocab) + number for number, gram in enumerate(grams)}
        # A bag, so that DDP knows that its gradient is sparse.
        self.bag = nn.EmbeddingBag(len(vocab) + len(grams), width, mode="sum", sparse=True)
        nn.init.uniform_(self.bag.weight, -1 / width, 1 / width)
        rows = [[number, *self._known(word)] for number, word in enumerate(vocab)]
        self.register_buffer("rows", torch.tensor([row for each in rows for row in each]), persistent=False)
        starts = torch.tensor([0, *(len(each) for each in rows)]).cumsum(0)
        self.register_buffer("starts", starts, persistent=False)

    def _known(self, word: str) -> list[int]:
        return [self._row[gram] for gram in character_ngrams(word, self.shortest, self.longest) if gram in self._row]

    def forward(self, words: Tensor) -> Tensor:
        """Vectors ``[N, width]`` of words ``int64 [N]``; the gradient of the rows is sparse."""
        unique, place = words.unique(return_inverse=True)
        first = self.starts[unique]
        lengths = self.starts[unique + 1] - first
        ends = lengths.cumsum(0)
        rows = self.rows[torch.arange(int(ends[-1]), device=words.device) + (first - ends + lengths).repeat_interleave(lengths)]
        total = self.bag(rows, ends - lengths)
        mean = total / lengths[:, None]
        return F.embedding(place, total + (mean - total).detach())

    def vector(self, word: str, known: int | None = None) -> Tensor:
        """Vector ``[width]`` of any word; zeros where none of its parts is known.

        Args:
            word: The word.
            known: Its number in the vocabulary, if it is in it.
        """
        rows = [*([] if known is None else [known]), *self._known(word)]
        weight = self.bag.weight.detach()
        return weight[rows].mean(0) if rows else weight.new_zeros(weight.shape[1])
