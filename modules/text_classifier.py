"""A text classifier on top of a language model's encoder (ULMFiT).

**What it does.** Reads a document with the :class:`.AWDLSTM` of a pretrained language model, pools its outputs over the
document (the last, maximum and mean of each feature), and classifies the result. The encoder is fine-tuned along: with
:class:`practicum.callbacks.GradualUnfreezing` layer by layer, at learning rates divided by 2.6 per group. Naive Bayes on words
and pairs of words (:class:`.NGramNaiveBayes`) stands beside it; the logits are the mean of both.

**When to use it.** Where words get their meaning from their context, above all with few labels and much unlabelled text.

**Defaults.** fastai's: a hidden layer of 50, dropouts .4 / .3 / .4 / .05 / .5 times ``drop_mult`` .5, gradients through the
last 1,440 tokens of a document. Dropout of the head: .2 and .1. Pairs of words.

**Source.** Howard and Ruder 2018, "Universal language model fine-tuning for text classification", section 3.3.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor, nn

from .base.check_options import at_least, check_options
from .base.fine_tunable import LayerGroup
from .base.optimizers import NamedOptimizer
from .base.with_naive_bayes import WithNaiveBayes
from .layers.awd_lstm import AWDLSTM, check_sizes, replace_states, scale_dropout_rates, select_states
from .layers.sequence_pooling import RunningPool, last_max_mean
from .weights.language_model import check_same_tokens, read_language_model
from .weights.vocabulary import PAD, remap_embedding, say_known


class TextClassifier(WithNaiveBayes):
    """An AWD-LSTM encoder with a pooling head.

    A document's logits depend on it alone, whatever else is in its batch: rows are read to their own ends. Memory is bounded for
    documents of any length: if one is longer than ``max_len`` tokens, all but about its last ``max_len`` are read in windows,
    without gradients.

    Args:
        classes: Names of the classes, in the order of the outputs.
        vocab: The token of each row of the embedding.
        level: Level of the tokens (``word``, ``bpe`` ...); must be the encoder's.
        tokenizer: Fingerprint of the tokenizer; for subwords, must be the encoder's.
        reverse: Whether documents are in reverse order; must be as for the encoder.
        encoder: ``random``, or a language model: a run, a ``.ckpt``, fastai's ``.pth``, or one that is downloaded,
            ``wt103-fwd`` or ``wt103-bwd`` (see ``weights/published.py``). Its vocabulary is mapped to this one.
        embedding_dim: Size of the embedding; ``None``: the encoder's, or 200.
        hidden_size: Size of the recurrent layers but the last; ``None``: the encoder's, or 400.
        num_layers: Number of recurrent layers; ``None``: the encoder's, or 2.
        input_p: See :class:`.AWDLSTM`, as for the next four.
        hidden_p: Likewise.
        output_p: Likewise.
        embed_p: Likewise.
        weight_p: Likewise.
        drop_mult: All five are multiplied by this.
        head_size: Size of the head's hidden layer.
        head_p: Dropout before each of the head's two layers.
        max_len: Number of tokens at a document's end through which gradients flow.
        window: Number of tokens read at a time before those.
        ngrams: The longest run of words that naive Bayes counts, which is fitted as training begins; 0: the network alone.
        label_smoothing: Share of each target that is spread evenly over all classes.
        optimizer: See :class:`.FineTunable`.
        lr: Likewise.

    Raises:
        MisconfigurationException: Sizes or rates out of range; an encoder of another size, level, tokenizer or direction.

    Example:
        >>> import torch
        >>> from practicum.modules import TextClassifier
        >>> vocab = ["xxunk", "xxpad", "good", "bad", "film"]
        >>> model = TextClassifier(["neg", "pos"], vocab, embedding_dim=8, hidden_size=16, num_layers=1).eval()
        >>> model(torch.tensor([[2, 4, 2, 4], [3, 4, 1, 1]])).shape  # 1 is padding
        torch.Size([2, 2])
    """

    def __init__(
        self,
        classes: Sequence[str],
        vocab: Sequence[str],
        level: str = "word",
        tokenizer: str = "",
        reverse: bool = False,
        encoder: str = "random",
        embedding_dim: int | None = None,
        hidden_size: int | None = None,
        num_layers: int | None = None,
        input_p: float = 0.4,
        hidden_p: float = 0.3,
        output_p: float = 0.4,
        embed_p: float = 0.05,
        weight_p: float = 0.5,
        drop_mult: float = 0.5,
        head_size: int = 50,
        head_p: Sequence[float] = (0.2, 0.1),
        max_len: int = 1440,
        window: int = 72,
        ngrams: int = 2,
        label_smoothing: float = 0.0,
        optimizer: NamedOptimizer = None,
        lr: float | None = None,
    ) -> None:
        super().__init__(list(classes), len(vocab), ngrams, label_smoothing, optimizer, lr)
        self.classes, self.vocab = list(classes), list(vocab)
        check_options("TextClassifier", *at_least(1, head_size=head_size, max_len=max_len, window=window))
        if len(head_p) != 2 or not all(0 <= rate < 1 for rate in head_p):
            raise MisconfigurationException(f"TextClassifier: head_p={list(head_p)} must be two rates from 0 to below 1.")
        self.save_hyperparameters(ignore=["optimizer", "lr"], logger=False)
        known = None if encoder == "random" else read_language_model(encoder, "TextClassifier: encoder")
        given = {"embedding_dim": embedding_dim, "hidden_size": hidden_size, "num_layers": num_layers}
        sizes = known.sizes if known is not None else {"embedding_dim": 200, "hidden_size": 400, "num_layers": 2}
        for name, size in given.items():
            if known is not None and size not in (None, sizes[name]):
                raise MisconfigurationException(
                    f"TextClassifier: encoder={encoder}: its {name} is {sizes[name]}, not {size}; leave {name} out."
                )
        sizes |= {name: size for name, size in given.items() if size is not None}
        check_sizes("TextClassifier", **sizes)
        self.hparams.update(sizes, encoder="random")  # checkpoints contain the weights
        self.max_len, self.window = max_len, window
        rates = {"input_p": input_p, "hidden_p": hidden_p, "output_p": output_p, "embed_p": embed_p, "weight_p": weight_p}
        self.encoder = AWDLSTM(len(self.vocab), **sizes, **scale_dropout_rates("TextClassifier", rates, drop_mult))
        self.provenance["pretrained"] = False
        if known is not None:
            check_same_tokens(known.facts, level, tokenizer, reverse, f"TextClassifier: encoder={encoder}")
            rows, carried = remap_embedding(known.encoder["embedding.weight"], known.vocab, self.vocab)
            say_known(f"TextClassifier: encoder={encoder}", known.vocab, self.vocab)
            self.encoder.load_state_dict({**known.encoder, "embedding.weight": rows})
            tokens = f"{carried} of {len(self.vocab)} known"
            self.provenance = {"source": str(known.path), "pretrained": True, "sha256": known.sha256, "tokens": tokens}
        pooled = 3 * sizes["embedding_dim"]
        self.head = nn.Sequential(
            nn.BatchNorm1d(pooled),
            nn.Dropout(head_p[0]),
            nn.Linear(pooled, head_size, bias=False),
            nn.ReLU(inplace=True),
            nn.BatchNorm1d(head_size),
            nn.Dropout(head_p[1]),
            nn.Linear(head_size, len(self.classes)),
        )

    def features(self, tokens: Tensor) -> Tensor:
        """Last, maximum and mean output ``[B, 3E]`` of documents ``int64 [B, T]``, padded at their ends with token 1."""
        lengths = (tokens != PAD).sum(1).clamp(min=1)
        # What is read without gradients is a whole number of windows, so that rows end where windows do.
        windows = ((lengths - self.max_len).clamp(min=0) + self.window - 1) // self.window
        windows = torch.minimum(windows, (lengths - 1) // self.window)
        if not bool(windows.any()):
            _, dropped, _ = self.encoder(tokens[:, : int(lengths.max())], self.encoder.zero_states(len(tokens)))
            return last_max_mean(dropped, lengths)
        states = self.encoder.zero_states(len(tokens))
        pooled = RunningPool(len(tokens), self.encoder.embedding.embedding_dim, self.encoder.embedding.weight)
        with torch.no_grad():
            for number in range(int(windows.max())):
                rows = (windows > number).nonzero()[:, 0]
                part = tokens[rows, number * self.window : (number + 1) * self.window]
                _, dropped, final = self.encoder(part, select_states(states, rows))
                pooled.update(rows, dropped)
                states = replace_states(states, rows, final)
        starts = windows * self.window
        left = lengths - starts
        places = starts[:, None] + torch.arange(int(left.max()), device=tokens.device)
        tail = tokens.gather(1, places.clamp(max=tokens.shape[1] - 1))
        _, dropped, _ = self.encoder(tail, states)
        return last_max_mean(dropped, left, pooled)

    def network_logits(self, tokens: Tensor) -> Tensor:
        """Logits ``[B, classes]`` by the encoder and the head alone."""
        if self.training and len(tokens) == 1:
            raise MisconfigurationException(
                "TextClassifier: BatchNorm can't train on a batch of one document: batch_size must be above 1."
            )
        return self.head(self.features(tokens))

    def layer_groups(self) -> list[LayerGroup]:
        """The embedding, the recurrent layers one by one, the head."""
        return [[self.encoder.embedding], *([rnn] for rnn in self.encoder.rnns), [self.head]]
