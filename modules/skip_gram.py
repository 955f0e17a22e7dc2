"""Skip-gram word vectors with subwords: what language models replaced.

**What it does.** Learns a vector for each word by predicting the words around it (:mod:`.layers.negative_sampling`); vectors are
made of subwords (:mod:`.layers.subword_embedding`), so that unseen words have one, too. Frequent words are subsampled.

**When to use it.** As a baseline, quick to train and to apply; for words rather than sentences: a word has one vector, whatever
its context. It trains on windows of text, as a language model does (``task=skip_gram``).

**Defaults.** fastText's: size 100, window 5, 5 negatives, n-grams of 3 to 6 characters, words that make up more than a
ten-thousandth of the text are subsampled.

**Sources.** Mikolov et al. 2013 (skip-gram, negative sampling, subsampling); Bojanowski et al. 2017 (subwords).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .base.check_options import at_least, check_options
from .base.fine_tunable import FineTunable, LayerGroup
from .base.optimizers import NamedOptimizer
from .layers.negative_sampling import in_blocks, negative_sampling_loss, pair_mask
from .layers.subword_embedding import SubwordEmbedding
from .metrics.mean_loss import MeanLoss

_TABLE = 1_000_000  # entries of the table that negatives are drawn from
_CROWD = 16.0  # average number of times a word takes part in a batch above which the batch's gradient is scaled down


def keep_probability(counts: Tensor, subsample: float) -> Tensor:
    """Probability of keeping each word in subsampling: ``sqrt(t / f) + t / f``, at most 1, for its share ``f`` of the text.

    Args:
        counts: Counts of words ``[V]``.
        subsample: ``t``; 0 keeps all.
    """
    if subsample == 0:
        return torch.ones(len(counts))
    rarity = subsample * counts.sum() / counts.clamp(min=1).double()
    return (rarity.sqrt() + rarity).clamp(max=1).float()


class SkipGram(FineTunable):
    """Word vectors by skip-gram with negative sampling, on windows ``(x, y)`` of text, of which only ``x [B, T]`` is used.

    The gradient is sparse, and the sum over all pairs of a batch, as if they had come one by one, so learning rates are
    word2vec's. In a small vocabulary each word occurs in a batch many times, and a sum of that many simultaneous steps would
    diverge: there it is scaled down. Logged losses are means over pairs.

    Args:
        vocab: The word of each row.
        counts: How often each word occurs in the training text.
        embedding_dim: Size of a vector.
        window: Maximum number of context words on each side.
        negatives: Number of drawn words per pair.
        shared_negatives: Number of words drawn for each 64 words that are kept, shared by their pairs.
        subsample: Words that make up more than this share of the text are subsampled; 0: none.
        min_n: Minimum length of an n-gram, in characters.
        max_n: Maximum length; 0: no subwords.
        max_ngrams: Maximum number of n-gram rows.
        optimizer: See :class:`.FineTunable`; it must support sparse gradients.
        lr: Likewise.

    Raises:
        MisconfigurationException: A number out of range.

    Example:
        >>> import torch
        >>> from practicum.modules import SkipGram
        >>> model = SkipGram(["walk", "walks", "talk"], counts=[5, 3, 2], embedding_dim=8)
        >>> model.word_vectors().shape
        torch.Size([3, 8])
        >>> bool(model.vector("walked").any())  # unseen, but it shares n-grams
        True
    """

    def __init__(
        self,
        vocab: Sequence[str],
        counts: Sequence[int],
        embedding_dim: int = 100,
        window: int = 5,
        negatives: int = 5,
        shared_negatives: int = 64,
        subsample: float = 1e-4,
        min_n: int = 3,
        max_n: int = 6,
        max_ngrams: int = 500_000,
        optimizer: NamedOptimizer = None,
        lr: float | None = None,
    ) -> None:
        super().__init__(optimizer, lr)
        sizes = {"embedding_dim": embedding_dim, "window": window, "negatives": negatives, "shared_negatives": shared_negatives}
        share = ("subsample", subsample, 0 <= subsample < 1, "must be a share of the text, from 0 to below 1")
        check_options("SkipGram", *at_least(1, **sizes, min_n=min_n), share)
        self.save_hyperparameters(ignore=["optimizer", "lr"], logger=False)
        self.vocab = list(vocab)
        self.window, self.negatives, self.shared_negatives = window, negatives, shared_negatives
        self.embedding = SubwordEmbedding(self.vocab, embedding_dim, min_n, max_n, max_ngrams)
        self.context = nn.Embedding(len(self.vocab), embedding_dim, sparse=True)
        nn.init.zeros_(self.context.weight)
        count = torch.tensor(counts, dtype=torch.float64)
        self.keep: Tensor
        self.register_buffer("keep", keep_probability(count, subsample), persistent=False)
        # Words are drawn in proportion to the square root of their counts, from a table as in fastText.
        self._root = count.sqrt()
        self._table: Tensor | None = None
        self.mean_losses: Any = nn.ModuleDict({"val": MeanLoss(), "test": MeanLoss()})

    @property
    def pretrained(self) -> bool:
        """Always false: training starts from random weights."""
        return False

    def _draw(self, blocks: int) -> Tensor:
        """Indices of drawn words ``[blocks, shared_negatives]``."""
        if self._table is None:
            # Deterministic, so that checkpoints need not hold it.
            share = self._root / self._root.sum()
            places = torch.searchsorted(share.cumsum(0), (torch.arange(_TABLE, dtype=torch.float64) + 0.5) / _TABLE)
            self._table = places.clamp(max=len(share) - 1).to(self.device)
        return self._table[torch.randint(len(self._table), (blocks, self.shared_negatives), device=self.device)]

    def forward(self, words: Tensor) -> Tensor:
        """Vectors ``[..., embedding_dim]`` of words ``int64 [...]``."""
        return self.embedding(words.flatten()).view(*words.shape, -1)

    def _loss(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Sum of the loss over the pairs of a batch of windows ``[B, T]``, and the number of pairs."""
        kept = torch.rand(tokens.shape, device=tokens.device) < self.keep[tokens]
        words = tokens[kept]
        if not len(words):  # no word was kept
            return self.context(tokens[:1, 0]).sum() * 0, kept.sum()
        row = torch.arange(len(tokens), device=tokens.device)[:, None].expand_as(tokens)[kept]
        is_pair = pair_mask(row, torch.randint(1, self.window + 1, words.shape, device=tokens.device), self.window)
        around = in_blocks(words, self.window)
        drawn = self._draw(len(around))
        others = self.context(torch.cat([around, drawn], 1))
        loss = negative_sampling_loss(self(in_blocks(words)), others, around, drawn, is_pair, self.negatives)
        return loss, is_pair.sum()

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """Sum over the pairs; logs ``train/loss``, their mean."""
        loss, count = self._loss(batch[0])
        self.log_train_loss(loss / count.clamp(min=1), batch_size=1)
        crowd = count * (1 + self.negatives) / len(self.vocab)
        return loss * (_CROWD / crowd.clamp(min=_CROWD))

    def _evaluate(self, batch: tuple[Tensor, Tensor], batch_idx: int, stage: str) -> None:
        # The same draws each time, so that epochs are comparable; training's random state stays untouched.
        with torch.random.fork_rng([self.device] if self.device.type == "cuda" else []):
            torch.manual_seed(batch_idx)
            loss, count = self._loss(batch[0])
        mean_loss, pairs = self.mean_losses[stage], max(1, int(count))
        mean_loss.update(loss / pairs, pairs)
        self.log(f"{stage}/loss", mean_loss, batch_size=pairs, prog_bar=True)

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Log ``val/loss``."""
        self._evaluate(batch, batch_idx, "val")

    def test_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Log ``test/loss``."""
        self._evaluate(batch, batch_idx, "test")

    @torch.no_grad()
    def word_vectors(self) -> Tensor:
        """Vectors ``[V, embedding_dim]`` of the vocabulary."""
        parts = torch.arange(len(self.vocab), device=self.device).split(10_000)
        return torch.cat([self(part) for part in parts])

    def vector(self, word: str) -> Tensor:
        """Vector ``[embedding_dim]`` of any word, seen or not; zeros where none of its n-grams is known."""
        if not hasattr(self, "_number"):
            self._number = {each: number for number, each in enumerate(self.vocab)}
        return self.embedding.vector(word, self._number.get(word))

    def layer_groups(self) -> list[LayerGroup]:
        """Vectors of words, then their vectors as context."""
        return [[self.embedding], [self.context]]


def load_skip_gram(path: Path) -> Callable[[str], Tensor]:
    """Return what gives a vector ``[embedding_dim]`` to any word, from a checkpoint of :class:`SkipGram`.

    Args:
        path: The ``.ckpt``.
    """
    return SkipGram.load_from_checkpoint(path, map_location="cpu", weights_only=True).vector
