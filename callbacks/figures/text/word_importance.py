"""Which words a classifier of texts went by: what it says of a text without each of them.

**What it does.** Takes a piece of the text away, asks again, and notes by how much the predicted class became less likely. A text
of up to ``pieces`` tokens is taken apart token by token, a longer one by runs of tokens.

**When to use it.** To see whether a model goes by what a reader would, or by the name of an actor. One forward pass of ``pieces``
rows for each text.

**Source.** Zeiler and Fergus 2014 (occlusion); Li et al. 2016, "Understanding neural networks through representation erasure".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, Trainer
from torch import Tensor

from ...trainer_internals.batches import inputs_of


def occlusion(score: Callable[[Tensor], Tensor], tokens: Tensor, pieces: int = 64) -> tuple[Tensor, list[slice]]:
    """How much each piece of a text adds to a score.

    Args:
        score: Of texts ``int64 [B, T]``, one number each ``[B]``.
        tokens: A text ``int64 [T]``.
        pieces: It is taken apart into, at most.

    Returns:
        The text's score less that of the text without the piece ``[P]``, and where each piece stands.
    """
    length = len(tokens)
    size = max(1, -(-length // pieces))
    begins = range(0, length, size)
    spans = [slice(begin, min(begin + size, length)) for begin in begins]
    if len(spans) < 2:  # nothing would be left
        return torch.zeros(len(spans), device=tokens.device), spans
    whole = score(tokens[None])[0]
    # The last piece may be shorter: it is asked by itself, as texts of a batch are equally long.
    full = [span for span in spans if span.stop - span.start == size]
    keep = torch.ones(len(full), length, dtype=torch.bool, device=tokens.device)
    for row, span in enumerate(full):
        keep[row, span] = False
    without = [score(tokens.expand(len(full), -1)[keep].view(len(full), -1))]
    if len(full) < len(spans):
        without.append(score(tokens[None, : spans[-1].start]))
    return whole - torch.cat(without), spans


class WordImportance(Callback):
    """Notes, in a prediction, the words that spoke most for each predicted class.

    Needs a module whose ``forward`` takes tokens ``int64 [B, T]`` to logits, with ``probabilities(logits)`` and ``vocab`` (a
    token a row). Words are written out by the data module's ``written(tokens)`` where it has that. Read
    :attr:`because` afterwards.

    Args:
        words: Of each text, at most.
        pieces: A text is taken apart into, at most.
        padding: Token that fills a batch up.

    Raises:
        MisconfigurationException: The module lacks one of these.
    """

    def __init__(self, words: int = 5, pieces: int = 64, padding: int = 1) -> None:
        super().__init__()
        if words < 1 or pieces < 2:
            raise MisconfigurationException(f"WordImportance: words={words} must be at least 1, pieces={pieces} at least 2.")
        self.words, self.pieces, self.padding = words, pieces, padding
        #: Of each text in order: ``brilliant +0.31, not +0.12``.
        self.because: list[str] = []

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin anew."""
        self.because = []
        for name in ("probabilities", "vocab"):
            if not hasattr(pl_module, name):
                raise MisconfigurationException(f"WordImportance needs {type(pl_module).__name__}.{name}.")

    @torch.no_grad()
    def on_predict_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Ask again, text by text."""
        module: Any = pl_module
        written = getattr(getattr(trainer, "datamodule", None), "written", " ".join)
        for row, said in zip(inputs_of(batch), outputs, strict=True):
            tokens = row[: int((row != self.padding).sum())]
            chosen = int(said.argmax())

            def score(texts: Tensor, chosen: int = chosen) -> Tensor:
                with trainer.precision_plugin.forward_context():
                    return module.probabilities(module(texts))[:, chosen]

            adds, spans = occlusion(score, tokens, self.pieces)
            words = [written([module.vocab[token] for token in tokens[span].tolist()]).strip() for span in spans]
            best = sorted(zip(adds.tolist(), words, strict=True), reverse=True)
            told = [f"{word} {value:+.2f}" for value, word in best if value >= 0.005 and word]  # a mark alone says nothing
            self.because.append(", ".join(told[: self.words]))
