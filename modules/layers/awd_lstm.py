"""AWD-LSTM: recurrent layers with the dropouts of a regularized language model.

**What it does.** An embedding, then LSTM layers, the last as wide as the embedding, so that both ends of a language model can
share one matrix. Dropout acts on words (:mod:`.embedding_dropout`), recurrent weights (:mod:`.weight_drop`) and, between
layers, on the same features at all time steps (:mod:`.variational_dropout`).

**Defaults.** fastai's for language models: output .1, hidden .15, input .25, embedding .02, weights .2.

**Source.** Merity, Keskar, Socher 2018, "Regularizing and optimizing LSTM language models", sections 2 and 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor, nn

from .embedding_dropout import embedding_dropout
from .variational_dropout import VariationalDropout
from .weight_drop import WeightDropLSTM

State = tuple[Tensor, Tensor]


class AWDLSTM(nn.Module):
    """The encoder of a language model.

    Args:
        vocab_size: Rows of the embedding.
        embedding_dim: Size of the embedding and of the last layer's output.
        hidden_size: Size of the layers in between.
        num_layers: Number of LSTM layers.
        input_p: Dropout between the embedding and the first layer.
        hidden_p: Dropout between layers.
        output_p: Dropout after the last layer.
        embed_p: Probability of dropping a word.
        weight_p: Probability of dropping a recurrent weight.
        padding: Index of the padding token.
    """

    def __init__(
        self,
        vocab_size: int,
        embedding_dim: int = 400,
        hidden_size: int = 1152,
        num_layers: int = 3,
        input_p: float = 0.25,
        hidden_p: float = 0.15,
        output_p: float = 0.1,
        embed_p: float = 0.02,
        weight_p: float = 0.2,
        padding: int = 1,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=padding)
        nn.init.uniform_(self.embedding.weight, -0.1, 0.1)
        self.embed_p = embed_p
        sizes = [embedding_dim, *[hidden_size] * (num_layers - 1), embedding_dim]
        self.rnns = nn.ModuleList(WeightDropLSTM(inputs, outputs, weight_p=weight_p) for inputs, outputs in pairwise(sizes))
        self._state_sizes = sizes[1:]
        self.input_dropout = VariationalDropout(input_p)
        self.hidden_dropout = VariationalDropout(hidden_p)
        self.output_dropout = VariationalDropout(output_p)

    def forward(self, tokens: Tensor, states: Sequence[State] | None = None) -> tuple[Tensor, Tensor, list[State]]:
        """Encode a batch of tokens.

        Args:
            tokens: ``int64 [B, T]``.
            states: Hidden and cell state of each layer, ``[1, B, H]`` each; ``None``: zeros, or what a
                :class:`practicum.callbacks.TruncatedBPTT` carries.

        Returns:
            The last layer's output before and after dropout, time first ``[T, B, E]``, and the final states.
        """
        x = embedding_dropout(tokens.T, self.embedding.weight, self.embed_p, self.training, self.embedding.padding_idx)
        x = self.input_dropout(x)
        final: list[State] = []
        last = len(self.rnns) - 1
        for depth, rnn in enumerate(self.rnns):
            x, state = rnn(x) if states is None else rnn(x, states[depth])
            final.append(state)
            if depth < last:
                x = self.hidden_dropout(x)
        return x, self.output_dropout(x), final

    def zero_states(self, rows: int) -> list[State]:
        """Initial states for a batch of ``rows``."""
        weight = self.embedding.weight
        return [(weight.new_zeros(1, rows, size), weight.new_zeros(1, rows, size)) for size in self._state_sizes]


def select_states(states: Sequence[State], rows: Tensor | slice) -> list[State]:
    """States of some rows."""
    return [(hidden[:, rows].contiguous(), cell[:, rows].contiguous()) for hidden, cell in states]


def replace_states(states: Sequence[State], rows: Tensor, changed: Sequence[State]) -> list[State]:
    """States with those of some rows replaced."""
    return [
        (hidden.index_copy(1, rows, new_hidden.to(hidden)), cell.index_copy(1, rows, new_cell.to(cell)))
        for (hidden, cell), (new_hidden, new_cell) in zip(states, changed, strict=True)
    ]


def activation_regularization(raw: Tensor, dropped: Tensor, alpha: float, beta: float) -> Tensor:
    """AR and TAR: ``alpha`` times the mean square of the dropped output, plus ``beta`` times that of the raw one's differences.

    Args:
        raw: The last layer's output ``[T, B, E]``.
        dropped: The same after dropout.
        alpha: Weight of activation regularization (AR).
        beta: Weight of temporal activation regularization (TAR), on differences between successive outputs.

    Returns:
        A scalar, at least float32. Source: Merity et al. 2018, section 4.6.
    """
    wide = torch.float64 if raw.dtype == torch.float64 else torch.float32
    total = raw.new_zeros((), dtype=wide)
    if alpha:
        total = total + alpha * dropped.to(wide).pow(2).mean()
    if beta and len(raw) > 1:
        total = total + beta * (raw[1:] - raw[:-1]).to(wide).pow(2).mean()
    return total


def check_sizes(owner: str, embedding_dim: int, hidden_size: int, num_layers: int) -> None:
    """Check the sizes of an encoder.

    Args:
        owner: Name of the class that they are options of, for messages.
        embedding_dim: See :class:`AWDLSTM`.
        hidden_size: Likewise.
        num_layers: Likewise.

    Raises:
        MisconfigurationException: One of them is below 1.
    """
    for option, value in (("embedding_dim", embedding_dim), ("hidden_size", hidden_size), ("num_layers", num_layers)):
        if value < 1:
            raise MisconfigurationException(f"{owner}: {option}={value} must be at least 1.")


def scale_dropout_rates(owner: str, rates: Mapping[str, float], drop_mult: float) -> dict[str, Any]:
    """Multiply dropout rates by ``drop_mult``.

    Args:
        owner: Name of the class that they are options of, for messages.
        rates: Rates by option.
        drop_mult: Their common factor.

    Raises:
        MisconfigurationException: A scaled rate is not in [0, 1).
    """
    scaled = {option: rate * drop_mult for option, rate in rates.items()}
    for option, rate in scaled.items():
        if not 0 <= rate < 1:
            raise MisconfigurationException(
                f"{owner}: {option}={rates[option]} times drop_mult={drop_mult} must be from 0 to below 1."
            )
    return scaled
