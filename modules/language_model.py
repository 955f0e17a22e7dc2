"""A recurrent language model: predicts the next token from the tokens so far.

**What it does.** Learns a language from plain text, without labels: an :class:`.AWDLSTM` reads, and the transpose of its
embedding matrix predicts the next token. Its encoder then replaces word vectors in a :class:`.TextClassifier`.

**When to use it.** On all text one means to analyse, before any task on it; with :class:`practicum.callbacks.TruncatedBPTT`,
which carries the hidden state from window to window.

**Defaults.** ``small``: embedding 200, two layers of 400; ``paper``: 400, three layers of 1,152. Dropouts as in fastai, times
``drop_mult``. AR 2, TAR 1.

**Sources.** Merity, Keskar, Socher 2018 (AWD-LSTM); Press and Wolf 2017 (weight tying); Howard and Ruder 2018 (ULMFiT) for its
use.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor, nn

from .base.fine_tunable import FineTunable, LayerGroup
from .base.optimizers import NamedOptimizer
from .layers.awd_lstm import AWDLSTM, activation_regularization, check_sizes, scale_dropout_rates
from .layers.linear_cross_entropy import linear_cross_entropy
from .layers.sampled_softmax import sampled_softmax_loss
from .metrics.mean_loss import MeanLoss
from .metrics.perplexity import Perplexity
from .skip_gram import load_skip_gram
from .weights.language_model import check_same_tokens, read_language_model
from .weights.vocabulary import remap_embedding, say_known
from .weights.word_vectors import fill_embedding


class LanguageModel(FineTunable):
    """An AWD-LSTM that predicts the next token.

    Args:
        vocab: The token of each row of the embedding.
        level: Level of the tokens; with ``character``, bits per character are measured beside perplexity.
        tokenizer: Fingerprint of the tokenizer, kept for classifiers that build on this model.
        reverse: Whether text is in reverse order, kept likewise.
        embedding_dim: Size of the embedding.
        hidden_size: Size of the recurrent layers but the last.
        num_layers: Number of recurrent layers.
        input_p: See :class:`.AWDLSTM`, as for the next four.
        hidden_p: Likewise.
        output_p: Likewise.
        embed_p: Likewise.
        weight_p: Likewise.
        drop_mult: All five are multiplied by this.
        alpha: Weight of activation regularization (AR).
        beta: Weight of temporal activation regularization (TAR).
        num_sampled: In training the softmax is over the window's own words and this many of the others, see
            :mod:`.sampled_softmax`; ``None``: over all. Validation and test are always over all.
        weights: ``random``, or another language model to continue from (a run, a ``.ckpt``, fastai's ``.pth``, or one that is
            downloaded, ``wt103-fwd`` or ``wt103-bwd``): its sizes are used, and its vocabulary is mapped to this one.
        vectors: Word vectors that the embedding begins as: ``random``, a run of :class:`.SkipGram`, or a ``.vec``, of the
            embedding's size.
        optimizer: See :class:`.FineTunable`.
        lr: Likewise.

    Raises:
        MisconfigurationException: Sizes or rates out of range; ``weights`` or ``vectors`` that don't fit.

    Example:
        >>> import torch
        >>> from practicum.modules import LanguageModel
        >>> model = LanguageModel(["xxunk", "xxpad", "xxbos", "a", "b"], embedding_dim=8, hidden_size=16, num_layers=1).eval()
        >>> model(torch.tensor([[2, 3, 4]])).shape  # logits of each next token
        torch.Size([1, 3, 5])
        >>> len(model.sample(rows=1, length=4)[0])  # with the token it begins with
        5
    """

    def __init__(
        self,
        vocab: Sequence[str],
        level: str = "word",
        tokenizer: str = "",
        reverse: bool = False,
        embedding_dim: int = 200,
        hidden_size: int = 400,
        num_layers: int = 2,
        input_p: float = 0.25,
        hidden_p: float = 0.15,
        output_p: float = 0.1,
        embed_p: float = 0.02,
        weight_p: float = 0.2,
        drop_mult: float = 1.0,
        alpha: float = 2.0,
        beta: float = 1.0,
        num_sampled: int | None = None,
        weights: str = "random",
        vectors: str = "random",
        optimizer: NamedOptimizer = None,
        lr: float | None = None,
    ) -> None:
        super().__init__(optimizer, lr)
        check_sizes("LanguageModel", embedding_dim, hidden_size, num_layers)
        if num_sampled is not None and num_sampled < 1:
            raise MisconfigurationException(f"LanguageModel: num_sampled={num_sampled} must be at least 1, or null: all words.")
        rates = {"input_p": input_p, "hidden_p": hidden_p, "output_p": output_p, "embed_p": embed_p, "weight_p": weight_p}
        self.save_hyperparameters(ignore=["optimizer", "lr"], logger=False)
        self.hparams.update(weights="random", vectors="random")  # checkpoints contain the weights
        self.vocab, self.level = list(vocab), level
        self.alpha, self.beta, self.num_sampled = alpha, beta, num_sampled
        known = None if weights == "random" else read_language_model(weights, "LanguageModel: weights")
        sizes = {"embedding_dim": embedding_dim, "hidden_size": hidden_size, "num_layers": num_layers}
        if known is not None:
            check_same_tokens(known.facts, level, tokenizer, reverse, f"LanguageModel: weights={weights}")
            sizes = known.sizes
            self.hparams.update(sizes)
        self.encoder = AWDLSTM(len(self.vocab), **sizes, **scale_dropout_rates("LanguageModel", rates, drop_mult))
        self.bias = nn.Parameter(torch.zeros(len(self.vocab)))
        if known is not None:
            rows, carried = remap_embedding(known.encoder["embedding.weight"], known.vocab, self.vocab)
            say_known(f"LanguageModel: weights={weights}", known.vocab, self.vocab)
            self.encoder.load_state_dict({**known.encoder, "embedding.weight": rows})
            if known.bias is not None:
                with torch.no_grad():
                    self.bias.copy_(remap_embedding(known.bias, known.vocab, self.vocab)[0])
            self.provenance = {
                "source": str(known.path),
                "sha256": known.sha256,
                "tokens": f"{carried} of {len(self.vocab)} known",
            }
        if vectors != "random":
            if known is not None:
                raise MisconfigurationException(
                    f"LanguageModel: vectors={vectors}: weights={weights} have embeddings of their own; leave vectors out."
                )
            self.provenance |= fill_embedding(
                vectors, self.vocab, self.encoder.embedding, "LanguageModel: vectors", load_skip_gram
            )
        metrics = {"loss": MeanLoss(), "perplexity": Perplexity()}
        if level == "character":
            metrics["bits_per_character"] = Perplexity(bits=True)
        self.metrics: Any = nn.ModuleDict(
            {f"{stage}_{name}": metric.clone() for stage in ("val", "test") for name, metric in metrics.items()}
        )

    @property
    def pretrained(self) -> bool:
        """Whether it continued from another language model."""
        return self.provenance["source"] != "random"

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits of the next token ``[B, T, V]`` at each of ``tokens [B, T]``."""
        _, dropped, _ = self.encoder(tokens)
        return F.linear(dropped.transpose(0, 1), self.encoder.embedding.weight, self.bias)

    def loss(self, dropped: Tensor, y: Tensor) -> Tensor:
        """Mean cross-entropy of the encoder's outputs ``[T, B, E]`` with the next tokens ``[B, T]``; see ``num_sampled``."""
        layer = dropped.flatten(0, 1), self.encoder.embedding.weight, self.bias, y.T.flatten()
        if self.training and self.num_sampled is not None:
            return sampled_softmax_loss(*layer, self.num_sampled)
        return linear_cross_entropy(*layer)

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """Cross-entropy with AR and TAR; logs ``train/loss``, the cross-entropy alone."""
        x, y = batch
        raw, dropped, _ = self.encoder(x)
        loss = self.loss(dropped, y)
        self.log_train_loss(loss, batch_size=y.numel())
        return loss + activation_regularization(raw, dropped, self.alpha, self.beta)

    def _evaluate(self, batch: tuple[Tensor, Tensor], stage: str) -> None:
        x, y = batch
        _, dropped, _ = self.encoder(x)
        loss = self.loss(dropped, y)
        for name, metric in self.metrics.items():
            if name.startswith(stage):
                metric.update(loss, y.numel())
                self.log(f"{stage}/{name.removeprefix(f'{stage}_')}", metric, batch_size=y.numel(), prog_bar=True)

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Log ``val/loss`` and ``val/perplexity``; for characters also ``val/bits_per_character``."""
        self._evaluate(batch, "val")

    def test_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Log ``test/loss`` and ``test/perplexity``; for characters also ``test/bits_per_character``."""
        self._evaluate(batch, "test")

    @torch.no_grad()
    def sample(
        self, rows: int, length: int, begin: Sequence[str] = ("xxbos",), temperature: float = 0.8, seed: int = 1
    ) -> list[list[str]]:
        """Sample texts from the model, without ``xxunk`` and ``xxpad``.

        Args:
            rows: Number of texts.
            length: Tokens of each text, beside those it begins with.
            begin: Tokens that each text begins with.
            temperature: Logits are divided by this; towards 0 the most probable token is taken.
            seed: Seed of the draws.

        Raises:
            MisconfigurationException: A token of ``begin`` is not in the vocabulary.
        """
        place = {token: number for number, token in enumerate(self.vocab)}
        if missing := [token for token in begin if token not in place]:
            raise MisconfigurationException(f"LanguageModel.sample: begin: {missing[0]!r} is not in the vocabulary.")
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
        """The recurrent layers one by one, then the tied embedding with the output bias."""
        return [*([rnn] for rnn in self.encoder.rnns), [self.encoder.embedding, self.bias]]
