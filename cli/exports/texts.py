"""A text classifier that takes the ids of a ``tokenizer.json``: documents of any length, read as training reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from practicum.datamodules.text.tokenization import encode
from practicum.datamodules.text.tokenizer import BEGIN, SPECIALS, normalize
from practicum.modules import TextClassifier
from practicum.modules.layers.sequence_pooling import last_max_mean
from tokenizers import Tokenizer
from torch import Tensor, nn

from .deployable import Call, Deployable, GraphInput

INPUT = "tokens"
_PAD = SPECIALS.index("xxpad")
_BATCH = 10  # texts of different lengths in one call of the check


class TextPredictor(nn.Module):
    """Probabilities ``[B, classes]`` of documents ``int64 [B, T]``, padded at their ends.

    Args:
        model: A text classifier.
        begin: Id of the token that begins every document.
        reverse: Whether the model reads backwards.
        temperature: What its logits are divided by.
    """

    def __init__(self, model: Any, begin: int, reverse: bool, temperature: float = 1.0) -> None:
        super().__init__()
        self.model, self.begin, self.reverse, self.temperature = model, begin, reverse, temperature
        if isinstance(model, TextClassifier):
            self.rnns: Any = model.encoder.rnns

    def forward(self, tokens: Tensor) -> Tensor:
        """The probabilities."""
        tokens = torch.cat([torch.full_like(tokens[:, :1], self.begin), tokens], 1)
        lengths = (tokens != _PAD).sum(1).clamp(min=1)
        if self.reverse:
            steps = torch.arange(tokens.shape[1], device=tokens.device)
            mirrored = lengths[:, None] - 1 - steps
            tokens = tokens.gather(1, torch.where(mirrored >= 0, mirrored, steps))
        logits = self._logits(tokens, lengths) if isinstance(self.model, TextClassifier) else self.model(tokens)
        return self.model.objective.predict(logits / self.temperature)

    def _logits(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """As of the module, which reads long documents in windows for the sake of memory in training."""
        x = self.model.encoder.embedding(tokens.T)
        for rnn in self.rnns:
            x, _ = rnn(x)
        return self.model.with_naive_bayes(self.model.head(last_max_mean(x, lengths)), tokens)


class OnnxLSTM(nn.Module):
    """ONNX's own LSTM with a torch layer's weights: torch's exporter would unroll the layer over a fixed length.

    Args:
        layer: An LSTM of one layer and direction, time first.
    """

    weight: Tensor
    recurrent: Tensor
    bias: Tensor

    def __init__(self, layer: nn.LSTM) -> None:
        super().__init__()
        weights: Any = layer
        self.hidden_size = layer.hidden_size
        biases = torch.cat([_onnx_gates(weights.bias_ih_l0), _onnx_gates(weights.bias_hh_l0)])
        self.register_buffer("weight", _onnx_gates(weights.weight_ih_l0)[None])
        self.register_buffer("recurrent", _onnx_gates(weights.weight_hh_l0)[None])
        self.register_buffer("bias", biases[None])

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        """Outputs ``[T, B, H]``; without the final states."""
        steps, rows = x.shape[:2]
        state = (1, rows, self.hidden_size)
        outputs, _, _ = torch.onnx.ops.symbolic_multi_out(
            "LSTM",
            (x, self.weight, self.recurrent, self.bias),
            {"hidden_size": self.hidden_size},
            dtypes=(torch.float32,) * 3,
            shapes=((steps, 1, rows, self.hidden_size), state, state),
            version=14,
        )
        return outputs.squeeze(1), None


def _onnx_gates(weight: Tensor) -> Tensor:
    """Input, output, forget, cell, where torch has input, forget, cell, output."""
    i, f, g, o = weight.detach().chunk(4)
    return torch.cat([i, o, f, g])


def text_deployable(model: Any, data: Any, tokenizer: Tokenizer, texts: Sequence[str], temperature: float = 1.0) -> Deployable:
    """A text classifier, ready to be exported.

    Args:
        model: The module.
        data: Its data module, for the level of its tokens and the direction of reading.
        tokenizer: Its tokenizer.
        texts: Texts to check it on.
        temperature: What its logits are divided by.
    """
    begin = tokenizer.token_to_id(BEGIN) or 0
    graph = TextPredictor(model, begin, data.reverse, temperature)
    rows = list(encode(tokenizer, (normalize(text, data.level) for text in texts)))
    calls = [
        _call(model, rows[start : start + _BATCH], begin, data.reverse, temperature) for start in range(0, len(rows), _BATCH)
    ]
    meaning = (
        f"Ids of tokenizer.json, without the {BEGIN} that begins a document, in reading order; shorter documents end with "
        f"{_PAD}. The texts must be normalised first as training did: practicum.datamodules.text.tokenizer.normalize, "
        f"level={data.level}."
    )
    example = torch.full((2, 5), len(SPECIALS), dtype=torch.int64)
    facts = {"classes": model.classes, "level": data.level, "reverse": data.reverse, "padding": _PAD}
    inputs = {INPUT: GraphInput(("batch", "length"), example, meaning)}
    return Deployable("texts", graph, inputs, "probabilities", calls, facts, recurrent=isinstance(model, TextClassifier))


def _call(model: Any, rows: Sequence[Sequence[int]], begin: int, reverse: bool, temperature: float) -> Call:
    """Documents of one call; what the module itself says of them one by one."""
    tokens = torch.full((len(rows), max([1, *map(len, rows)])), _PAD)
    wanted = []
    for number, row in enumerate(rows):
        tokens[number, : len(row)] = torch.tensor(row, dtype=torch.int64)
        document = torch.tensor([[begin, *row]])
        logits = model(document.flip(1) if reverse else document)
        wanted.append(model.objective.predict(logits / temperature))
    return Call({INPUT: tokens.numpy()}, torch.cat(wanted))
