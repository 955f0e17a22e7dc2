"""A classifier of texts on top of a language model's encoder (ULMFiT).

**What it does.** Reads a document with the :class:`.AWDLSTM` that a language model was trained as, pools what it knew at each
token (the last, the highest and the mean of each feature), and classifies that. The encoder is fine-tuned along: with
:class:`practicum.callbacks.GradualUnfreezing` layer by layer, rates divided by 2.6 a group.

**When to use it.** Where words get their meaning from those around them, above all with few labels and much text without.

**Defaults.** fastai's: a hidden layer of 50, dropouts .4 / .3 / .4 / .05 / .5 times ``drop_mult`` .5, head .4 and .1; gradients
through the last 1,440 tokens of a document, which is read from its beginning.

**Source.** Howard and Ruder 2018, "Universal language model fine-tuning for text classification", section 3.3.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor, nn

from .base.classifier import Classifier
from .base.fine_tunable import LayerGroup, OptimizerFactory
from .language_model import check_same_tokens, check_sizes, scaled_chances
from .layers.awd_lstm import AWDLSTM, put_states, states_of
from .weights.language_model import read_language_model
from .weights.vocabulary import PAD, mapped_rows


def last_max_mean(outputs: Tensor, lengths: Tensor, before: Pooled | None = None) -> Tensor:
    """Last, highest and mean output of each row, as if there were no padding.

    Args:
        outputs: ``[T, B, E]``; row ``b`` ends at ``lengths[b]``.
        lengths: ``int64 [B]``, each at least 1.
        before: Of what was read before, if anything.

    Returns:
        ``[B, 3E]`` in 32 bit at least.
    """
    outputs = outputs if outputs.dtype == torch.float64 else outputs.float()
    steps = torch.arange(len(outputs), device=outputs.device)[:, None]
    inside = (steps < lengths)[..., None]
    last = outputs.gather(0, (lengths - 1)[None, :, None].expand(1, -1, outputs.shape[2]))[0]
    highest = outputs.masked_fill(~inside, -torch.inf).amax(0)
    total = outputs.masked_fill(~inside, 0).sum(0)
    count = lengths[:, None].to(outputs)
    if before is not None:
        highest, total, count = torch.maximum(highest, before.highest), total + before.total, count + before.count
    return torch.cat([last, highest, total / count], 1)


class Pooled:
    """Running maximum and sum of outputs, row by row, without their history.

    Args:
        rows: How many.
        width: Of the outputs.
        like: Whose device, and precision of 32 bit or more.
    """

    def __init__(self, rows: int, width: int, like: Tensor) -> None:
        dtype = torch.float64 if like.dtype == torch.float64 else torch.float32
        self.highest = like.new_full((rows, width), -torch.inf, dtype=dtype)
        self.total = like.new_zeros((rows, width), dtype=dtype)
        self.count = like.new_zeros((rows, 1), dtype=dtype)

    def add(self, rows: Tensor, outputs: Tensor) -> None:
        """Take outputs ``[T, rows, E]`` of some rows."""
        outputs = outputs.to(self.total)
        self.highest[rows] = torch.maximum(self.highest[rows], outputs.amax(0))
        self.total[rows] += outputs.sum(0)
        self.count[rows] += len(outputs)


class TextClassifier(Classifier):
    """An AWD-LSTM encoder with a pooling head.

    A document's logits depend on it alone, whatever else is in its batch: rows are read to their own ends. Memory is bounded,
    whatever their length: of a document longer than ``max_len`` tokens all but about the last ``max_len`` are read in windows,
    without gradients.

    Args:
        classes: Names.
        vocab: A token a row.
        class_counts: Training documents of each class; not used but by ``class_weights``.
        level: Of tokens.
        tokenizer: Fingerprint of what made them.
        reverse: Whether documents come from their end.
        encoder: ``random``, or a language model's: a run, a ``.ckpt``, fastai's ``.pth``. Its vocabulary is mapped to this one.
        embedding_size: Width of the embedding; ``None``: the encoder's, or 200.
        hidden_size: Width of the recurrent layers but the last; ``None``: the encoder's, or 400.
        layers: How many; ``None``: the encoder's, or 2.
        input_p: See :class:`.AWDLSTM`, also for the next four.
        hidden_p: Likewise.
        output_p: Likewise.
        embed_p: Likewise.
        weight_p: Likewise.
        drop_mult: All five are multiplied by this.
        head_size: Width of the head's hidden layer.
        head_p: Dropout before the head's layers.
        max_len: Tokens at a document's end through which gradients go.
        window: Tokens read at a time before those.
        label_smoothing: Share of each target spread over all classes.
        optimizer: See :class:`.FineTunable`.

    Raises:
        MisconfigurationException: Sizes or chances out of range; an encoder of another size, level, tokenizer or direction.
    """

    def __init__(
        self,
        classes: Sequence[str],
        vocab: Sequence[str],
        class_counts: Sequence[int] | None = None,
        level: str = "word",
        tokenizer: str = "",
        reverse: bool = False,
        encoder: str = "random",
        embedding_size: int | None = None,
        hidden_size: int | None = None,
        layers: int | None = None,
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
        label_smoothing: float = 0.0,
        optimizer: OptimizerFactory | None = None,
    ) -> None:
        super().__init__(classes, label_smoothing, optimizer)
        self.vocab = list(vocab)
        for name, value in (("head_size", head_size), ("max_len", max_len), ("window", window)):
            if value < 1:
                raise MisconfigurationException(f"model.{name}={value} must be at least 1.")
        if len(head_p) != 2 or not all(0 <= chance < 1 for chance in head_p):
            raise MisconfigurationException(f"model.head_p={list(head_p)}: two chances from 0 to below 1 are wanted.")
        self.save_hyperparameters(ignore=["optimizer"], logger=False)
        known = None if encoder == "random" else read_language_model(encoder)
        asked = {"embedding_size": embedding_size, "hidden_size": hidden_size, "layers": layers}
        sizes = known.sizes if known is not None else {"embedding_size": 200, "hidden_size": 400, "layers": 2}
        for name, size in asked.items():
            if known is not None and size not in (None, sizes[name]):
                raise MisconfigurationException(
                    f"model.encoder={encoder}: its {name} is {sizes[name]}, not {size}; leave model.{name} out."
                )
        sizes |= {name: size for name, size in asked.items() if size is not None}
        check_sizes(**sizes)
        self.hparams.update(sizes, encoder="random")  # a checkpoint brings its own weights
        self.max_len, self.window = max_len, window
        chances = {"input_p": input_p, "hidden_p": hidden_p, "output_p": output_p, "embed_p": embed_p, "weight_p": weight_p}
        self.encoder = AWDLSTM(len(self.vocab), **sizes, **scaled_chances(chances, drop_mult))
        if known is not None:
            check_same_tokens(known.facts, level, tokenizer, reverse, f"model.encoder={encoder}")
            rows, carried = mapped_rows(known.encoder["embedding.weight"], known.vocab, self.vocab)
            self.encoder.load_state_dict({**known.encoder, "embedding.weight": rows})
            tokens = f"{carried} of {len(self.vocab)} known"
            self.provenance = {"source": str(known.path), "pretrained": True, "sha256": known.sha256, "tokens": tokens}
        pooled = 3 * sizes["embedding_size"]
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
        """Documents ``int64 [B, T]``, padded at their ends with token 1, to ``[B, 3E]``: last, highest, mean."""
        lengths = (tokens != PAD).sum(1).clamp(min=1)
        # What is read without gradients is a whole number of windows, so that rows end where windows do.
        windows = ((lengths - self.max_len).clamp(min=0) + self.window - 1) // self.window
        windows = torch.minimum(windows, (lengths - 1) // self.window)
        if not bool(windows.any()):
            _, dropped, _ = self.encoder(tokens[:, : int(lengths.max())], self.encoder.zero_states(len(tokens)))
            return last_max_mean(dropped, lengths)
        states = self.encoder.zero_states(len(tokens))
        pooled = Pooled(len(tokens), self.encoder.embedding.embedding_dim, self.encoder.embedding.weight)
        with torch.no_grad():
            for number in range(int(windows.max())):
                rows = (windows > number).nonzero()[:, 0]
                part = tokens[rows, number * self.window : (number + 1) * self.window]
                _, dropped, ended = self.encoder(part, states_of(states, rows))
                pooled.add(rows, dropped)
                states = put_states(states, rows, ended)
        begins = windows * self.window
        left = lengths - begins
        places = begins[:, None] + torch.arange(int(left.max()), device=tokens.device)
        tail = tokens.gather(1, places.clamp(max=tokens.shape[1] - 1))
        _, dropped, _ = self.encoder(tail, states)
        return last_max_mean(dropped, left, pooled)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits ``[B, classes]`` of documents ``int64 [B, T]``, padded at their ends with token 1."""
        if self.training and len(tokens) == 1:
            raise MisconfigurationException(
                "A batch of one document has no spread for BatchNorm: data.batch_size must be above 1."
            )
        return self.head(self.features(tokens))

    def layer_groups(self) -> list[LayerGroup]:
        """The embedding, the recurrent layers one by one, the head."""
        return [[self.encoder.embedding], *([rnn] for rnn in self.encoder.rnns), [self.head]]
