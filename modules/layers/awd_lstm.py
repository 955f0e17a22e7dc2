"""AWD-LSTM: recurrent layers with every kind of dropout that a recurrent language model wants.

**What it does.** Embedding, then LSTM layers, the last as wide as the embedding so that both ends of a language model may share
one matrix. Dropped are words (:mod:`.embedding_dropout`), recurrent weights (:mod:`.weight_drop`), and between layers the same
features at all steps (:mod:`.variational_dropout`).

**Defaults.** fastai's for language models: output .1, hidden .15, input .25, embedding .02, weights .2.

**Source.** Merity, Keskar, Socher 2018, "Regularizing and optimizing LSTM language models", sections 2 and 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from .embedding_dropout import embedding_dropout
from .variational_dropout import VariationalDropout
from .weight_drop import WeightDropLSTM

State = tuple[Tensor, Tensor]


class AWDLSTM(nn.Module):
    """The encoder of a language model: tokens to what is known after each.

    Args:
        vocab_size: Rows of the embedding.
        embedding_size: Width of the embedding and of the last layer's output.
        hidden_size: Width of the layers between.
        layers: How many.
        input_p: Dropout between embedding and first layer.
        hidden_p: Dropout between layers.
        output_p: Dropout after the last layer.
        embed_p: Chance of a word to be dropped.
        weight_p: Chance of a recurrent weight to be dropped.
        padding: Token that stands for none.
    """

    def __init__(
        self,
        vocab_size: int,
        embedding_size: int = 400,
        hidden_size: int = 1152,
        layers: int = 3,
        input_p: float = 0.25,
        hidden_p: float = 0.15,
        output_p: float = 0.1,
        embed_p: float = 0.02,
        weight_p: float = 0.2,
        padding: int = 1,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_size, padding_idx=padding)
        nn.init.uniform_(self.embedding.weight, -0.1, 0.1)
        self.embed_p = embed_p
        widths = [embedding_size, *[hidden_size] * (layers - 1), embedding_size]
        self.rnns = nn.ModuleList(WeightDropLSTM(narrow, wide, weight_p=weight_p) for narrow, wide in pairwise(widths))
        self._widths = widths[1:]
        self.input_dropout = VariationalDropout(input_p)
        self.hidden_dropout = VariationalDropout(hidden_p)
        self.output_dropout = VariationalDropout(output_p)

    def forward(self, tokens: Tensor, states: Sequence[State] | None = None) -> tuple[Tensor, Tensor, list[State]]:
        """Read tokens.

        Args:
            tokens: ``int64 [B, T]``.
            states: Of each layer, ``[1, B, H]`` twice; ``None``: zeros, or what a
                :class:`practicum.callbacks.TruncatedBPTT` carries.

        Returns:
            The last layer's output before and after dropout, time first ``[T, B, E]``, and the states it ended in.
        """
        x = embedding_dropout(tokens.T, self.embedding.weight, self.embed_p, self.training, self.embedding.padding_idx)
        x = self.input_dropout(x)
        ended: list[State] = []
        last = len(self.rnns) - 1
        for depth, rnn in enumerate(self.rnns):
            x, state = rnn(x) if states is None else rnn(x, states[depth])
            ended.append(state)
            if depth < last:
                x = self.hidden_dropout(x)
        return x, self.output_dropout(x), ended

    def zero_states(self, rows: int) -> list[State]:
        """States to begin with, for that many rows."""
        weight = self.embedding.weight
        return [(weight.new_zeros(1, rows, wide), weight.new_zeros(1, rows, wide)) for wide in self._widths]


def states_of(states: Sequence[State], rows: Tensor | slice) -> list[State]:
    """States of some rows."""
    return [(hidden[:, rows].contiguous(), cell[:, rows].contiguous()) for hidden, cell in states]


def put_states(states: Sequence[State], rows: Tensor, changed: Sequence[State]) -> list[State]:
    """States with those of some rows replaced."""
    return [
        (hidden.index_copy(1, rows, new_hidden.to(hidden)), cell.index_copy(1, rows, new_cell.to(cell)))
        for (hidden, cell), (new_hidden, new_cell) in zip(states, changed, strict=True)
    ]


def penalties(raw: Tensor, dropped: Tensor, alpha: float, beta: float) -> Tensor:
    """Activation regularization: ``alpha`` times the mean square of the dropped output (AR), and ``beta`` times that of steps
    (TAR).

    Args:
        raw: Last layer's output ``[T, B, E]``.
        dropped: The same after dropout.
        alpha: Weight of AR.
        beta: Weight of TAR, of the difference between successive outputs.

    Returns:
        A scalar in 32 bit at least. Source: Merity et al. 2018, section 4.6.
    """
    wide = torch.float64 if raw.dtype == torch.float64 else torch.float32
    total = raw.new_zeros((), dtype=wide)
    if alpha:
        total = total + alpha * dropped.to(wide).pow(2).mean()
    if beta and len(raw) > 1:
        total = total + beta * (raw[1:] - raw[:-1]).to(wide).pow(2).mean()
    return total
