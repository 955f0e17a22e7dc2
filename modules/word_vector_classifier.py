"""A text classifier on the mean of word vectors, and on counts of words and pairs of words: seconds of training.

**What it does.** The vectors of a document's words are averaged, and a linear layer classifies the mean; the vectors are trained,
too. Beside it stands naive Bayes on words and runs of words (:class:`.NGramNaiveBayes`), which takes one pass of counting; the
logits are the mean of both.

**When to use it.** Where no language model's encoder is at hand, and as the baseline that one has to beat on the same data.

**Defaults.** Random vectors of size 100; or those of a :class:`.SkipGram` run or a ``.vec``, zeros for words without one. Pairs
of words.

**Source.** Joulin et al. 2017, "Bag of tricks for efficient text classification" (fastText's classifier); Wang and Manning 2012,
"Baselines and bigrams".
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor, nn

from .base.check_options import at_least, check_options, rates
from .base.fine_tunable import LayerGroup
from .base.optimizers import NamedOptimizer
from .base.with_naive_bayes import WithNaiveBayes
from .skip_gram import load_skip_gram
from .weights.state_dict import hash_of_file
from .weights.vocabulary import PAD, say_known
from .weights.word_vectors import vectors_for


class WordVectorClassifier(WithNaiveBayes):
    """Mean of word vectors, then a linear layer.

    Args:
        classes: Names of the classes, in the order of the outputs.
        vocab: The token of each row of the embedding.
        vectors: ``random``, or a run of :class:`.SkipGram`, a ``.ckpt`` of it, a ``.vec``.
        embedding_dim: Size of a vector; ``None``: that of ``vectors``, or 100.
        dropout: Dropout of the mean's features.
        ngrams: The longest run of words that naive Bayes counts, which is fitted as training begins; 0: word vectors alone.
        label_smoothing: Share of each target that is spread evenly over all classes.
        optimizer: See :class:`.FineTunable`.
        lr: Likewise.

    Raises:
        MisconfigurationException: A number out of range, or vectors of another size.

    Example:
        >>> import torch
        >>> from practicum.modules import WordVectorClassifier
        >>> vocab = ["xxunk", "xxpad", "good", "bad", "film"]
        >>> model = WordVectorClassifier(["neg", "pos"], vocab, embedding_dim=8).eval()
        >>> model(torch.tensor([[2, 4, 2, 4], [3, 4, 1, 1]])).shape  # 1 is padding
        torch.Size([2, 2])
    """

    def __init__(
        self,
        classes: Sequence[str],
        vocab: Sequence[str],
        vectors: str = "random",
        embedding_dim: int | None = None,
        dropout: float = 0.0,
        ngrams: int = 2,
        label_smoothing: float = 0.0,
        optimizer: NamedOptimizer = None,
        lr: float | None = None,
    ) -> None:
        super().__init__(list(classes), len(vocab), ngrams, label_smoothing, optimizer, lr)
        self.classes, self.vocab = list(classes), list(vocab)
        size = 1 if embedding_dim is None else embedding_dim
        check_options("WordVectorClassifier", *at_least(1, embedding_dim=size), *rates(dropout=dropout))
        self.save_hyperparameters(ignore=["optimizer", "lr"], logger=False)
        self.provenance["pretrained"] = False
        if vectors == "random":
            dim = embedding_dim or 100
            weight = torch.empty(len(self.vocab), dim).uniform_(-1 / dim, 1 / dim)
        else:
            weight, found, path = vectors_for(vectors, self.vocab, "WordVectorClassifier: vectors", load_skip_gram)
            if embedding_dim not in (None, weight.shape[1]):
                raise MisconfigurationException(
                    f"WordVectorClassifier: vectors={vectors}: their size is {weight.shape[1]}, not {embedding_dim}; leave "
                    "embedding_dim out."
                )
            there = [token for token, has_one in zip(self.vocab, found.tolist(), strict=True) if has_one]
            say_known(f"WordVectorClassifier: vectors={vectors}", there, self.vocab)
            tokens = f"{int(found.sum())} of {len(self.vocab)} have a vector"
            self.provenance = {"source": str(path), "pretrained": True, "sha256": hash_of_file(path), "tokens": tokens}
        self.hparams.update(vectors="random", embedding_dim=weight.shape[1])  # checkpoints contain the vectors
        weight[PAD] = 0
        self.embedding = nn.Embedding.from_pretrained(weight, freeze=False, padding_idx=PAD)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(weight.shape[1], len(self.classes))

    def network_logits(self, tokens: Tensor) -> Tensor:
        """Logits ``[B, classes]`` by the word vectors alone."""
        lengths = (tokens != PAD).sum(1, keepdim=True).clamp(min=1)
        return self.head(self.dropout(self.embedding(tokens).sum(1) / lengths))

    def layer_groups(self) -> list[LayerGroup]:
        """The vectors, the head."""
        return [[self.embedding], [self.head]]
