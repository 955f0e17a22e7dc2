"""A classifier of texts by the mean of their word vectors: quick, and blind to the order of words.

**What it does.** The vectors of a document's words are averaged, and a linear layer classifies the mean; the vectors are trained
along.

**When to use it.** As what a language model's encoder has to beat, on the same data: ``-m model=text_classifier,word_vectors``.
And where words alone tell, as with topics.

**Defaults.** Random vectors, 100 wide; or those of a :class:`.SkipGram` run or a ``.vec``, those not in it zero.

**Source.** Joulin et al. 2017, "Bag of tricks for efficient text classification" (fastText's classifier).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor, nn

from .base.classifier import Classifier
from .base.fine_tunable import LayerGroup, OptimizerFactory
from .weights.state_dict import hash_of_file
from .weights.vocabulary import PAD
from .weights.word_vectors import vectors_for


class WordVectorClassifier(Classifier):
    """Mean of word vectors, then a linear layer.

    Args:
        classes: Names.
        vocab: A token a row.
        class_counts: Training documents of each class; not used.
        level: Of tokens; not used.
        tokenizer: Fingerprint of what made them; not used.
        reverse: Direction of the documents; makes no difference.
        vectors: ``random``, or a run of :class:`.SkipGram`, a ``.ckpt`` of it, a ``.vec``.
        width: Of a vector; ``None``: that of ``vectors``, or 100.
        dropout: Of features of the mean.
        label_smoothing: Share of each target spread over all classes.
        optimizer: See :class:`.FineTunable`.

    Raises:
        MisconfigurationException: A number out of range, or vectors of another width.
    """

    def __init__(
        self,
        classes: Sequence[str],
        vocab: Sequence[str],
        class_counts: Sequence[int] | None = None,
        level: str = "word",
        tokenizer: str = "",
        reverse: bool = False,
        vectors: str = "random",
        width: int | None = None,
        dropout: float = 0.0,
        label_smoothing: float = 0.0,
        optimizer: OptimizerFactory | None = None,
    ) -> None:
        super().__init__(classes, label_smoothing, optimizer)
        self.vocab = list(vocab)
        if width is not None and width < 1:
            raise MisconfigurationException(f"model.width={width} must be at least 1.")
        if not 0 <= dropout < 1:
            raise MisconfigurationException(f"model.dropout={dropout} is not in 0 to 1.")
        self.save_hyperparameters(ignore=["optimizer"], logger=False)
        if vectors == "random":
            width = width or 100
            weight = torch.empty(len(self.vocab), width).uniform_(-1 / width, 1 / width)
        else:
            weight, there, path = vectors_for(vectors, self.vocab)
            if width not in (None, weight.shape[1]):
                raise MisconfigurationException(
                    f"model.vectors={vectors}: they are {weight.shape[1]} wide, not {width}; leave model.width out."
                )
            tokens = f"{int(there.sum())} of {len(self.vocab)} have a vector"
            self.provenance = {"source": str(path), "pretrained": True, "sha256": hash_of_file(path), "tokens": tokens}
        self.hparams.update(vectors="random", width=weight.shape[1])  # a checkpoint brings its own
        weight[PAD] = 0
        self.embedding = nn.Embedding.from_pretrained(weight, freeze=False, padding_idx=PAD)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(weight.shape[1], len(self.classes))

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits ``[B, classes]`` of documents ``int64 [B, T]``, padded at their ends with token 1."""
        lengths = (tokens != PAD).sum(1, keepdim=True).clamp(min=1)
        return self.head(self.dropout(self.embedding(tokens).sum(1) / lengths))

    def layer_groups(self) -> list[LayerGroup]:
        """The vectors, the head."""
        return [[self.embedding], [self.head]]
