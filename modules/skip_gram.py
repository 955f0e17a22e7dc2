"""Skip-gram word vectors with parts of words: what language models replaced.

**What it does.** Learns a vector for each word by which words stand around it (:mod:`.layers.negative_sampling`); vectors are
made of parts of words (:mod:`.layers.subword_embedding`), so that unseen words have one, too. Frequent words are passed over at
random.

**When to use it.** As a baseline, quick to train and to apply; for words, not for what sentences say: a word has one vector,
whatever stands beside it. On windows of text, as a language model is trained (``data.task=skip_gram``).

**Defaults.** fastText's: 100 wide, reach 5, 5 negatives, n-grams of 3 to 6 characters, words of more than a ten-thousandth of the
text passed over in part.

**Sources.** Mikolov et al. 2013 (skip-gram, negative sampling, subsampling); Bojanowski et al. 2017 (parts of words).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor, nn

from .base.fine_tunable import FineTunable, LayerGroup, OptimizerFactory
from .layers.negative_sampling import negative_sampling_loss, pairs
from .layers.subword_embedding import SubwordEmbedding

_TABLE = 1_000_000  # draws of negatives that are made beforehand
_CROWD = 16.0  # times that a word takes part in a batch, on average, from which the batch's gradient is scaled down


def chance_to_keep(counts: Tensor, subsample: float) -> Tensor:
    """Chance of each word not to be passed over: ``sqrt(t / f) + t / f``, at most 1, for its share ``f`` of the text.

    Args:
        counts: Of words ``[V]``.
        subsample: ``t``; 0 keeps all.
    """
    if subsample == 0:
        return torch.ones(len(counts))
    rarity = subsample * counts.sum() / counts.clamp(min=1).double()
    return (rarity.sqrt() + rarity).clamp(max=1).float()


class SkipGram(FineTunable):
    """Word vectors by skip-gram with negative sampling, on windows ``(x, y)`` of text, of which ``x [B, T]`` is taken.

    The gradient is the sum over all pairs of a batch, as if they had come one by one, and sparse: rates are word2vec's. Of a
    small vocabulary each word stands in a batch many times, and a sum of so many steps, none of which knows of the others, would
    overshoot and grow without end: there it is scaled down. Logged losses are means over pairs.

    Args:
        vocab: A word a row.
        counts: How often each stands in the training text.
        level: Of tokens; anything but words has no parts.
        tokenizer: Fingerprint of what made them; not used.
        reverse: Direction of the text; not used, neighbours are taken on both sides.
        width: Of a vector.
        reach: Words on each side, at most.
        negatives: Drawn words for each pair.
        shared: Words drawn for a batch, which its pairs share.
        subsample: Words of more than this share of the text are passed over in part; 0: none.
        shortest: Characters of an n-gram, at least.
        longest: At most; 0: words have no parts.
        max_ngrams: Rows of n-grams, at most.
        optimizer: See :class:`.FineTunable`; it must take sparse gradients.

    Raises:
        MisconfigurationException: A number out of range.
    """

    def __init__(
        self,
        vocab: Sequence[str],
        counts: Sequence[int],
        level: str = "word",
        tokenizer: str = "",
        reverse: bool = False,
        width: int = 100,
        reach: int = 5,
        negatives: int = 5,
        shared: int = 512,
        subsample: float = 1e-4,
        shortest: int = 3,
        longest: int = 6,
        max_ngrams: int = 500_000,
        optimizer: OptimizerFactory | None = None,
    ) -> None:
        super().__init__(optimizer)
        for name, value in {
            "width": width,
            "reach": reach,
            "negatives": negatives,
            "shared": shared,
            "shortest": shortest,
        }.items():
            if value < 1:
                raise MisconfigurationException(f"model.{name}={value} must be at least 1.")
        if not 0 <= subsample < 1:
            raise MisconfigurationException(f"model.subsample={subsample} is a share of the text, from 0 to below 1.")
        self.save_hyperparameters(ignore=["optimizer"], logger=False)
        self.vocab, self.level = list(vocab), level
        self.reach, self.negatives, self.shared = reach, negatives, shared
        self.embedding = SubwordEmbedding(self.vocab, width, shortest, longest, max_ngrams)
        self.context = nn.Embedding(len(self.vocab), width, sparse=True)
        nn.init.zeros_(self.context.weight)
        number = torch.tensor(counts, dtype=torch.float64)
        self.keep: Tensor
        self.register_buffer("keep", chance_to_keep(number, subsample), persistent=False)
        # A word is drawn as often as the root of its count, in proportion: fastText's table of them.
        self._root = number.sqrt()
        self._table: Tensor | None = None
        self.provenance: dict[str, Any] = {"source": "random"}
        self.pretrained = False

    def _draw(self) -> Tensor:
        """Numbers of drawn words ``[shared]``."""
        if self._table is None:
            # Without chance, so that nothing of it has to be kept for a resume.
            share = self._root / self._root.sum()
            places = torch.searchsorted(share.cumsum(0), (torch.arange(_TABLE, dtype=torch.float64) + 0.5) / _TABLE)
            self._table = places.clamp(max=len(share) - 1).to(self.device)
        return self._table[torch.randint(len(self._table), (self.shared,), device=self.device)]

    def forward(self, words: Tensor) -> Tensor:
        """Vectors ``[..., width]`` of words ``int64 [...]``."""
        return self.embedding(words.flatten()).view(*words.shape, -1)

    def _loss(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Sum over the pairs of a batch of windows ``[B, T]``, and how many there are."""
        kept = torch.rand(tokens.shape, device=tokens.device) < self.keep[tokens]
        words = tokens[kept]
        drawn = self._draw()
        if not len(words):  # all were passed over
            return self.context(drawn).sum() * 0, kept.sum()
        row = torch.arange(len(tokens), device=tokens.device)[:, None].expand_as(tokens)[kept]
        is_pair = pairs(row, torch.randint(1, self.reach + 1, words.shape, device=tokens.device), self.reach)
        both = self.context(torch.cat([words, drawn]))
        context, against = both[: len(words)], both[len(words) :]
        loss = negative_sampling_loss(words, self(words), context, against, drawn, is_pair, self.negatives)
        return loss, is_pair.sum()

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """Sum over the pairs; logs ``train/loss``, a pair's mean."""
        loss, count = self._loss(batch[0])
        self.log("train/loss", (loss / count.clamp(min=1)).detach(), on_step=True, on_epoch=True, prog_bar=True, batch_size=1)
        crowd = count * (1 + self.negatives) / len(self.vocab)
        return loss * (_CROWD / crowd.clamp(min=_CROWD))

    def _evaluate(self, batch: tuple[Tensor, Tensor], batch_idx: int, stage: str) -> None:
        # The same draws each time, so that epochs compare; training's own are left as they were.
        with torch.random.fork_rng([self.device] if self.device.type == "cuda" else []):
            torch.manual_seed(batch_idx)
            loss, count = self._loss(batch[0])
        self.log(f"{stage}/loss", loss / count.clamp(min=1), batch_size=max(1, int(count)), sync_dist=True, prog_bar=True)

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Logs ``val/loss``."""
        self._evaluate(batch, batch_idx, "val")

    def test_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Logs ``test/loss``."""
        self._evaluate(batch, batch_idx, "test")

    @torch.no_grad()
    def word_vectors(self) -> Tensor:
        """Vectors ``[V, width]`` of the vocabulary."""
        parts = torch.arange(len(self.vocab), device=self.device).split(10_000)
        return torch.cat([self(part) for part in parts])

    def vector(self, word: str) -> Tensor:
        """Vector ``[width]`` of any word, seen or not; zeros where none of its parts is known."""
        if not hasattr(self, "_number"):
            self._number = {each: number for number, each in enumerate(self.vocab)}
        return self.embedding.vector(word, self._number.get(word))

    def layer_groups(self) -> list[LayerGroup]:
        """Vectors of words, then those of what stands around them."""
        return [[self.embedding], [self.context]]
