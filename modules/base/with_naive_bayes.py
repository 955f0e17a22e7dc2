"""Classifiers of texts that have naive Bayes on n-grams beside a network: the logits are the mean of both.

A network generalises to words that training has seldom seen, counts of pairs of words know what no vector has learnt, and each is
wrong where the other is right. The network is trained by its own loss: by the mean's it would come to rely on counts, which know
the documents that they were made of.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor

from ..layers.naive_bayes import NGramNaiveBayes
from ..objectives.classification import Classification
from ..weights.vocabulary import PAD
from .check_options import at_least, check_options
from .optimizers import NamedOptimizer
from .supervised import Supervised


class WithNaiveBayes(Supervised):
    """Base of classifiers of documents ``int64 [B, T]``, padded at their ends with token 1; it counts as training begins.

    Args:
        classes: Names of the classes, in the order of the outputs.
        vocab_size: Number of different tokens.
        ngrams: The longest run of tokens that naive Bayes counts; 0: the network alone.
        label_smoothing: Of the network's loss.
        optimizer: See :class:`.FineTunable`.
        lr: Likewise.

    Raises:
        MisconfigurationException: ``ngrams`` is below 0.
    """

    def __init__(
        self,
        classes: list[str],
        vocab_size: int,
        ngrams: int,
        label_smoothing: float,
        optimizer: NamedOptimizer,
        lr: float | None,
    ) -> None:
        super().__init__(Classification(classes, label_smoothing), optimizer, lr)
        check_options(type(self).__name__, *at_least(0, ngrams=ngrams))
        self.naive_bayes = NGramNaiveBayes(vocab_size, len(classes), ngrams, PAD) if ngrams else None

    @abstractmethod
    def network_logits(self, tokens: Tensor) -> Tensor:
        """Logits ``[B, classes]`` by the network alone."""

    def with_naive_bayes(self, logits: Tensor, tokens: Tensor) -> Tensor:
        """The mean ``[B, classes]`` of the network's logits and those of naive Bayes, where there is one that has counted."""
        if self.naive_bayes is None:
            return logits
        share = 0.5 * self.naive_bayes.documents.any()  # nothing is counted yet: no share
        return logits + share * (self.naive_bayes(tokens) - logits)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits ``[B, classes]`` of documents ``int64 [B, T]``, padded at their ends with token 1."""
        return self.with_naive_bayes(self.network_logits(tokens), tokens)

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """The network's loss of one batch ``(tokens, classes)``; logs ``train/loss``."""
        tokens, target = batch
        loss = self.loss(self.network_logits(tokens), target)
        self.log_train_loss(loss, batch_size=len(target))
        return loss

    def on_fit_start(self) -> None:
        """Count n-grams in the data module's training documents, unless a checkpoint has brought the counts."""
        data = getattr(self.trainer, "datamodule", None)
        if data is not None:
            self._count(data.train_dataloader())

    def on_train_start(self) -> None:
        """Likewise, in a loader that was given without a data module."""
        self._count(self.trainer.train_dataloader)

    def _count(self, loader: Any) -> None:
        if self.naive_bayes is None or self.naive_bayes.documents.any():
            return
        with torch.random.fork_rng(devices=[]):  # a loader draws a number as it begins; training draws the same ones as without
            self.naive_bayes.fit(loader, lambda number: self.trainer.strategy.reduce(number, reduce_op="sum"))
