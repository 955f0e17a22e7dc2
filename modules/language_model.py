"""A recurrent language model: from the tokens so far to the next one.

**What it does.** Learns a language from plain text, no labels needed: an :class:`.AWDLSTM` reads, and the matrix of its
embedding, turned round, says which token comes next. What it has learnt goes into a :class:`.TextClassifier`, in place of word
vectors.

**When to use it.** On the whole text one means to analyse, before any task on it; with
:class:`practicum.callbacks.TruncatedBPTT`, which carries its state from window to window.

**Defaults.** ``small``: embedding 200, two layers of 400; ``paper``: 400, three of 1,152. Dropouts as fastai's, times
``drop_mult``. AR 2, TAR 1.

**Sources.** Merity, Keskar, Socher 2018 (AWD-LSTM); Press and Wolf 2017 (one matrix at both ends); Howard and Ruder 2018
(ULMFiT) for its use.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor, nn

from .base.fine_tunable import FineTunable, LayerGroup, OptimizerFactory
from .layers.awd_lstm import AWDLSTM, penalties
from .layers.linear_cross_entropy import linear_cross_entropy
from .metrics.perplexity import Perplexity
from .weights.language_model import read_language_model
from .weights.vocabulary import mapped_rows


class LanguageModel(FineTunable):
    """An AWD-LSTM that predicts the next token.

    Args:
        vocab: A token a row.
        level: Of tokens; ``character`` reports bits per character beside perplexity.
        tokenizer: Fingerprint of what made the tokens, kept for those who build on this.
        reverse: Whether it reads from the end, kept likewise.
        embedding_size: Width of the embedding.
        hidden_size: Width of the recurrent layers but the last.
        layers: How many.
        input_p: See :class:`.AWDLSTM`, also for the next four.
        hidden_p: Likewise.
        output_p: Likewise.
        embed_p: Likewise.
        weight_p: Likewise.
        drop_mult: All five are multiplied by this.
        alpha: Weight of activation regularization (AR).
        beta: Weight of temporal activation regularization (TAR).
        weights: ``random``, or another language model to go on from (a run, a ``.ckpt``, fastai's ``.pth``): its sizes are
            taken, and its vocabulary is mapped to this one.
        optimizer: See :class:`.FineTunable`.

    Raises:
        MisconfigurationException: Sizes or chances out of range; ``weights`` that don't fit.
    """

    def __init__(
        self,
        vocab: Sequence[str],
        level: str = "word",
        tokenizer: str = "",
        reverse: bool = False,
        embedding_size: int = 200,
        hidden_size: int = 400,
        layers: int = 2,
        input_p: float = 0.25,
        hidden_p: float = 0.15,
        output_p: float = 0.1,
        embed_p: float = 0.02,
        weight_p: float = 0.2,
        drop_mult: float = 1.0,
        alpha: float = 2.0,
        beta: float = 1.0,
        weights: str = "random",
        optimizer: OptimizerFactory | None = None,
    ) -> None:
        super().__init__(optimizer)
        check_sizes(embedding_size, hidden_size, layers)
        chances = {"input_p": input_p, "hidden_p": hidden_p, "output_p": output_p, "embed_p": embed_p, "weight_p": weight_p}
        self.save_hyperparameters(ignore=["optimizer"], logger=False)
        self.hparams["weights"] = "random"  # a checkpoint brings its own
        self.vocab, self.level = list(vocab), level
        self.alpha, self.beta = alpha, beta
        self.provenance: dict[str, Any] = {"source": "random"}
        self.pretrained = weights != "random"
        known = None if weights == "random" else read_language_model(weights, "model.weights")
        sizes = {"embedding_size": embedding_size, "hidden_size": hidden_size, "layers": layers}
        if known is not None:
            check_same_tokens(known.facts, level, tokenizer, reverse, f"model.weights={weights}")
            sizes = known.sizes
            self.hparams.update(sizes)
        self.encoder = AWDLSTM(len(self.vocab), **sizes, **scaled_chances(chances, drop_mult))
        self.bias = nn.Parameter(torch.zeros(len(self.vocab)))
        if known is not None:
            rows, carried = mapped_rows(known.encoder["embedding.weight"], known.vocab, self.vocab)
            self.encoder.load_state_dict({**known.encoder, "embedding.weight": rows})
            if known.bias is not None:
                with torch.no_grad():
                    self.bias.copy_(mapped_rows(known.bias, known.vocab, self.vocab)[0])
            self.provenance = {
                "source": str(known.path),
                "sha256": known.sha256,
                "tokens": f"{carried} of {len(self.vocab)} known",
            }
        metrics = {"perplexity": Perplexity()}
        if level == "character":
            metrics["bits_per_character"] = Perplexity(bits=True)
        self.metrics: Any = nn.ModuleDict(
            {f"{stage}_{name}": metric.clone() for stage in ("val", "test") for name, metric in metrics.items()}
        )

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits of the next token ``[B, T, V]`` at each of ``tokens [B, T]``."""
        _, dropped, _ = self.encoder(tokens)
        return F.linear(dropped.transpose(0, 1), self.encoder.embedding.weight, self.bias)

    def loss(self, dropped: Tensor, y: Tensor) -> Tensor:
        """Mean cross-entropy of what the encoder gave ``[T, B, E]`` with the next tokens ``[B, T]``."""
        return linear_cross_entropy(dropped.flatten(0, 1), self.encoder.embedding.weight, self.bias, y.T.flatten())

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """Cross-entropy with AR and TAR; logs ``train/loss``, which is the cross-entropy alone."""
        x, y = batch
        raw, dropped, _ = self.encoder(x)
        loss = self.loss(dropped, y)
        self.log("train/loss", loss.detach(), on_step=True, on_epoch=True, prog_bar=True, batch_size=y.numel())
        return loss + penalties(raw, dropped, self.alpha, self.beta)

    def _evaluate(self, batch: tuple[Tensor, Tensor], stage: str) -> None:
        x, y = batch
        _, dropped, _ = self.encoder(x)
        loss = self.loss(dropped, y)
        self.log(f"{stage}/loss", loss, batch_size=y.numel(), sync_dist=True, prog_bar=True)
        for name, metric in self.metrics.items():
            if name.startswith(stage):
                metric.update(loss, y.numel())
                self.log(f"{stage}/{name.removeprefix(f'{stage}_')}", metric, batch_size=y.numel(), prog_bar=True)

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Logs ``val/loss`` and ``val/perplexity``, for characters ``val/bits_per_character``."""
        self._evaluate(batch, "val")

    def test_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Logs ``test/loss`` and ``test/perplexity``, for characters ``test/bits_per_character``."""
        self._evaluate(batch, "test")

    @torch.no_grad()
    def sample(
        self, rows: int, length: int, begin: Sequence[str] = ("xxbos",), temperature: float = 0.8, seed: int = 1
    ) -> list[list[str]]:
        """Texts drawn from the model, ``xxunk`` and ``xxpad`` never.

        Args:
            rows: How many.
            length: Tokens of each, beside those it begins with.
            begin: What each begins with.
            temperature: Logits are divided by this; towards 0 the likeliest token is taken.
            seed: Of the draws.

        Raises:
            MisconfigurationException: A token of ``begin`` is not in the vocabulary.
        """
        place = {token: number for number, token in enumerate(self.vocab)}
        if missing := [token for token in begin if token not in place]:
            raise MisconfigurationException(f"begin: {missing[0]!r} is not in the vocabulary.")
        generator = torch.Generator(self.device).manual_seed(seed)
        forbidden = [place[token] for token in ("xxunk", "xxpad") if token in place]
        training = self.training
        self.eval()
        tokens = torch.tensor([[place[token] for token in begin]] * rows, device=self.device)
        drawn: list[Tensor] = []
        states = self.encoder.zero_states(rows)
        for _ in range(length):
            _, dropped, states = self.encoder(tokens, states)
            logits = F.linear(dropped[-1], self.encoder.embedding.weight, self.bias).float() / max(temperature, 1e-4)
            logits[:, forbidden] = -torch.inf
            tokens = torch.multinomial(logits.softmax(-1), 1, generator=generator)
            drawn.append(tokens)
        self.train(training)
        numbers = torch.cat(drawn, 1).tolist()
        return [[*begin, *(self.vocab[number] for number in row)] for row in numbers]

    def layer_groups(self) -> list[LayerGroup]:
        """The recurrent layers one by one, then the matrix of both ends with its bias."""
        return [*([rnn] for rnn in self.encoder.rnns), [self.encoder.embedding, self.bias]]


def check_sizes(embedding_size: int, hidden_size: int, layers: int) -> None:
    """Refuse a network without width or depth.

    Raises:
        MisconfigurationException: One is below 1.
    """
    for name, value in (("embedding_size", embedding_size), ("hidden_size", hidden_size), ("layers", layers)):
        if value < 1:
            raise MisconfigurationException(f"model.{name}={value} must be at least 1.")


def scaled_chances(chances: dict[str, float], drop_mult: float) -> dict[str, Any]:
    """Chances of dropout times ``drop_mult``.

    Raises:
        MisconfigurationException: One is not in 0 to 1 then.
    """
    scaled = {name: chance * drop_mult for name, chance in chances.items()}
    for name, chance in scaled.items():
        if not 0 <= chance < 1:
            raise MisconfigurationException(f"model.{name}={chances[name]} times model.drop_mult={drop_mult} is not in 0 to 1.")
    return scaled


def check_same_tokens(known: dict[str, Any], level: str, tokenizer: str, reverse: bool, option: str) -> None:
    """Refuse to build on a language model that reads otherwise.

    Words carry over from vocabulary to vocabulary, pieces of words do not: there the tokenizer must be the same.

    Args:
        known: Facts of the language model.
        level: Of the tokens at hand.
        tokenizer: Their tokenizer's fingerprint.
        reverse: Whether they come from the end.
        option: What named it, for messages.

    Raises:
        MisconfigurationException: Another level, tokenizer or direction.
    """
    was = {"level": level, "tokenizer": tokenizer, "reverse": reverse} | known
    if was["level"] != level:
        raise MisconfigurationException(
            f"{option}: reads {was['level']} tokens, the data are {level}; set data.level={was['level']}."
        )
    if level == "bpe" and was["tokenizer"] != tokenizer:
        raise MisconfigurationException(f"{option}: has another tokenizer; take its own, data.tokenizer=RUN/tokenizer.json.")
    if was["reverse"] != reverse:
        way = "backwards" if was["reverse"] else "forwards"
        raise MisconfigurationException(f"{option}: reads {way}, the data don't; set data.reverse={str(was['reverse']).lower()}.")
