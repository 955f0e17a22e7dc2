"""Complement naive Bayes on words and runs of words, with scales that leave-one-out chooses.

**What it does.** Counts in how many documents of each class a word, or two words in a row, occur. What a document's features say
for a class is how seldom they occur in all the others: the sum of the negative logarithms of their smoothed frequencies there (of
two classes this is multinomial naive Bayes). A feature that a document has several times counts once. Features depend on each
other, so the sum by itself is far too sure. Its logit is that sum times a scale, plus the logarithm of the class's share times
another: the scales by which the training documents' own labels are most likely, where each document is judged by the counts of
all others. That is computed exactly, by taking its own features out of the counts.

**When to use it.** Beside a network, on few or short texts: pairs of words ("not good") are too rare to learn vectors of, and
counting them takes one pass.

**Defaults.** Laplace's smoothing of 1. Runs of two words and more share 1,048,573 buckets by a hash, fewer if there are more than
8 classes.

**Source.** Rennie et al. 2003, "Tackling the poor assumptions of naive Bayes text classifiers", section 3.1; Wang and Manning
2012, "Baselines and bigrams", section 2.1 (binary features, pairs of words); the hash of pairs: Joulin et al. 2017, section 2.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

_BUCKETS = 1_048_573  # the largest prime below 2 ** 20
_NUMBERS = 2**23  # of counts, at most: 32 MiB
_MULTIPLIER = 2_654_435_761  # Knuth's, for hashing by multiplication
_SMOOTHING = 1.0
_STEPS = 100
_LARGEST_SCALE = 2.0  # features that are independent have 1

Reduce = Callable[[Tensor], Tensor]


class NGramNaiveBayes(nn.Module):
    """Logits of documents by counts of their n-grams in each class. It has no parameters; :meth:`fit` fills its buffers.

    Args:
        vocab_size: Number of different tokens.
        classes: Number of classes.
        ngrams: The longest run of tokens that is a feature; 1: single tokens.
        pad: Id of the token that fills up rows; it is part of no feature.

    Shape:
        Input: ``int64 [B, T]``. Output: ``float32 [B, classes]``; zeros before :meth:`fit`.

    Example:
        >>> import torch
        >>> from practicum.modules.layers.naive_bayes import NGramNaiveBayes
        >>> texts = torch.tensor([[2, 3], [2, 4], [3, 4], [4, 3]])
        >>> net = NGramNaiveBayes(vocab_size=5, classes=2)
        >>> net.fit([(texts, torch.tensor([0, 0, 1, 1]))])
        >>> net(torch.tensor([[2, 1]])).argmax(1)  # 2 occurs in documents of class 0 alone; 1 is padding
        tensor([0])
    """

    counts: Tensor
    documents: Tensor
    totals: Tensor
    distinct: Tensor
    scales: Tensor

    def __init__(self, vocab_size: int, classes: int, ngrams: int = 2, pad: int = 1) -> None:
        super().__init__()
        self.vocab_size, self.classes, self.ngrams, self.pad = vocab_size, classes, ngrams, pad
        self.buckets = min(_BUCKETS, _NUMBERS // classes | 1) if ngrams > 1 else 0
        # Whole numbers, as other precisions of the network leave these alone.
        self.register_buffer("counts", torch.zeros(vocab_size + self.buckets, classes, dtype=torch.int32))
        self.register_buffer("documents", torch.zeros(classes, dtype=torch.int64))
        self.register_buffer("totals", torch.zeros(classes, dtype=torch.int64))  # of counts, by class
        self.register_buffer("distinct", torch.zeros((), dtype=torch.int64))  # features that occur
        self.register_buffer("scales", torch.zeros(2))  # of the evidence, of the classes' shares

    def features(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Places of each document's features in the counts ``int64 [B, F]``, and which of them count ``bool [B, F]``.

        A feature that a document has several times counts once.
        """
        found, inside = [tokens], [tokens != self.pad]
        run, there = found[0], inside[0]
        for length in range(2, self.ngrams + 1):
            last = tokens[:, length - 1 :]
            run, there = (run[:, :-1] * _MULTIPLIER + last) % self.buckets, there[:, :-1] & (last != self.pad)
            found.append(self.vocab_size + run)
            inside.append(there)
        places = torch.where(torch.cat(inside, 1), torch.cat(found, 1), -1).sort(1).values
        first = torch.cat([places[:, :1] >= 0, (places[:, 1:] != places[:, :-1]) & (places[:, 1:] >= 0)], 1)
        return places.clamp(min=0), first

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits ``float32 [B, classes]``."""
        evidence, shares = self.scales
        return evidence * self.evidence(tokens) + shares * self._log_shares()

    def evidence(self, tokens: Tensor, left_out: Tensor | None = None) -> Tensor:
        """What the features say for each class ``float32 [B, classes]``, less the mean over classes.

        Args:
            tokens: ``int64 [B, T]``.
            left_out: Classes of the documents ``int64 [B]``, if they are in the counts and each is to be judged by the others.
        """
        places, first = self.features(tokens)
        counts, totals = self.counts[places], self.totals.expand(tokens.shape[0], -1)  # not len, which torch.export fixes
        if left_out is not None:
            own = nn.functional.one_hot(left_out, self.classes)
            counts = counts - own[:, None]
            totals = totals - own * first.sum(1, keepdim=True)
        others, total = counts.sum(2, keepdim=True) - counts, totals.sum(1, keepdim=True) - totals
        known = first & (counts.sum(2) > 0)  # a feature that nothing is known of says nothing
        logs = (total + _SMOOTHING * self.distinct).clamp(min=1).log()[:, None] - (others.clamp(min=0) + _SMOOTHING).log()
        evidence = torch.where(known[..., None], logs, 0).sum(1)
        return evidence - evidence.mean(1, keepdim=True)

    def fit(self, batches: Iterable[tuple[Tensor, Tensor]], reduce: Reduce = lambda number: number) -> None:
        """Count features, and choose the scales.

        Args:
            batches: Documents ``int64 [B, T]`` and classes ``int64 [B]``; gone through twice, in any order.
            reduce: Sums a tensor over processes that have other documents each.
        """
        for buffer in (self.counts, self.documents):
            buffer.zero_()
        for tokens, target in self._on_device(batches):
            places, first = self.features(tokens)
            classes = target[:, None].expand_as(places)[first]
            self.counts.view(-1).index_add_(
                0, places[first] * self.classes + classes, torch.ones_like(classes, dtype=torch.int32)
            )
            self.documents += torch.bincount(target, minlength=self.classes)
        self.counts.copy_(reduce(self.counts))
        self.documents.copy_(reduce(self.documents))
        self.totals.copy_(self.counts.sum(0))
        self.distinct.copy_((self.counts.sum(1) > 0).sum())
        held_out = [(self.evidence(tokens, target).double(), target) for tokens, target in self._on_device(batches)]
        evidence, targets = (torch.cat(parts) for parts in zip(*held_out, strict=True))
        self.scales.copy_(self._best_scales(evidence, targets, reduce))

    def _on_device(self, batches: Iterable[tuple[Tensor, Tensor]]) -> Iterable[tuple[Tensor, Tensor]]:
        device = self.counts.device
        return ((tokens.to(device), target.to(device)) for tokens, target in batches)

    def _log_shares(self) -> Tensor:
        return (self.documents + _SMOOTHING).log() - (self.documents + _SMOOTHING).sum().log()

    def _best_scales(self, evidence: Tensor, target: Tensor, reduce: Reduce) -> Tensor:
        """The scales by which the classes ``int64 [N]`` are most likely; there is one optimum, at infinity if all are told."""
        shares, count = self._log_shares().double(), reduce(self.documents.new_tensor(len(target)))
        scales = torch.zeros(2, dtype=torch.float64, device=evidence.device, requires_grad=True)
        optimizer = torch.optim.LBFGS([scales], max_iter=_STEPS, tolerance_grad=1e-9, line_search_fn="strong_wolfe")

        def closure() -> Tensor:
            logits = scales[0] * evidence + scales[1] * shares
            loss = nn.functional.cross_entropy(logits, target, reduction="sum") / count
            (gradient,) = torch.autograd.grad(loss, scales)
            scales.grad = reduce(gradient)
            return reduce(loss.detach())

        with torch.enable_grad():
            optimizer.step(closure)
        return scales.detach().clamp(0, _LARGEST_SCALE)
