"""Word importance: which words a text classifier's prediction depends on, by leaving out each of them.

**What it does.** Removes a piece of the text, predicts again, and records by how much the probability of the predicted class
falls. A text of up to ``pieces`` tokens is taken apart token by token, a longer one by runs of tokens.

**When to use it.** To see whether a model relies on what a reader would, or on the name of an actor. It costs one forward pass of
``pieces`` rows for each text.

**Source.** Zeiler and Fergus 2014 (occlusion); Li et al. 2016, "Understanding neural networks through representation erasure".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor

from ...module_outputs.logits import extract_logits, is_multi_label, to_probabilities
from ...trainer_internals.batches import inputs_of
from ...trainer_internals.roles import Watcher

_LEAST = 0.005  # change in probability that is shown


def occlusion(score: Callable[[Tensor], Tensor], tokens: Tensor, pieces: int = 64) -> tuple[Tensor, list[slice]]:
    """Measure how much each piece of a text contributes to a score.

    Args:
        score: Takes texts ``int64 [B, T]`` and returns one number for each ``[B]``.
        tokens: A text ``int64 [T]``.
        pieces: Number of pieces, at most.

    Returns:
        The score of the text minus that of the text without the piece ``[P]``, and the slice of each piece.
    """
    length = len(tokens)
    size = max(1, -(-length // pieces))
    begins = range(0, length, size)
    spans = [slice(begin, min(begin + size, length)) for begin in begins]
    if len(spans) < 2:  # nothing would be left
        return torch.zeros(len(spans), device=tokens.device), spans
    whole = score(tokens[None])[0]
    # The last piece may be shorter: it is scored by itself, as texts of a batch are equally long.
    full = [span for span in spans if span.stop - span.start == size]
    keep = torch.ones(len(full), length, dtype=torch.bool, device=tokens.device)
    for row, span in enumerate(full):
        keep[row, span] = False
    without = [score(tokens.expand(len(full), -1)[keep].view(len(full), -1))]
    if len(full) < len(spans):
        without.append(score(tokens[None, : spans[-1].start]))
    return whole - torch.cat(without), spans


def describe_contributions(contributions: Iterable[float], words: Iterable[str], count: int) -> str:
    """Return the words that contribute most, ``brilliant +0.31, not +0.12``; those below 0.005 are left out."""
    best = sorted(zip(contributions, words, strict=True), reverse=True)
    shown = [f"{word} {value:+.2f}" for value, word in best if value >= _LEAST and word]
    return ", ".join(shown[:count])


class WordImportance(Watcher):
    """Records, in a prediction, the words that contribute most to each predicted class.

    Needs a module whose ``forward`` takes tokens ``int64 [B, T]`` and returns logits ``[B, classes]``, whose ``predict_step``
    returns probabilities, with ``vocab`` (token by number). Tokens are turned into text by the data module's
    ``detokenize(tokens)`` where it has that. Read :attr:`explanations` afterwards.

    Args:
        words: Words of each text, at most.
        pieces: Pieces that a text is taken apart into, at most.
        padding: Token that fills up a batch.

    Attributes:
        explanations: Of each text, in order: ``brilliant +0.31, not +0.12``.

    Raises:
        MisconfigurationException: The module has no ``vocab``, its ``forward`` returns something else, or a number is out of
            range.

    Example:
        >>> import torch
        >>> from practicum.callbacks import WordImportance
        >>> from practicum.callbacks.figures.text.word_importance import occlusion
        >>> callback = WordImportance(words=3)  # Trainer(callbacks=[callback]) fills callback.explanations in a prediction
        >>> weights = torch.tensor([0.0, 2.0, -1.0])
        >>> occlusion(lambda texts: weights[texts].sum(1), torch.tensor([1, 0, 2]))[0]
        tensor([ 2.,  0., -1.])
    """

    def __init__(self, words: int = 5, pieces: int = 64, padding: int = 1) -> None:
        super().__init__()
        if words < 1 or pieces < 2:
            raise MisconfigurationException(f"WordImportance: words={words} must be at least 1, pieces={pieces} at least 2.")
        self.words, self.pieces, self.padding = words, pieces, padding
        self.explanations: list[str] = []

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Reset."""
        self.explanations = []
        if not hasattr(pl_module, "vocab"):
            raise MisconfigurationException(f"WordImportance needs {type(pl_module).__name__}.vocab.")

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
        """Explain the predictions of a batch, text by text."""
        module: Any = pl_module
        multi_label = is_multi_label(module, None)
        detokenize = getattr(getattr(trainer, "datamodule", None), "detokenize", " ".join)
        for row, probabilities in zip(inputs_of(batch), outputs, strict=True):
            tokens = row[: int((row != self.padding).sum())]
            predicted = int(probabilities.argmax())

            def score(texts: Tensor, predicted: int = predicted) -> Tensor:
                with trainer.precision_plugin.forward_context():
                    logits = extract_logits(module(texts), None, "WordImportance", module)
                    return to_probabilities(logits, multi_label)[:, predicted]

            contributions, spans = occlusion(score, tokens, self.pieces)
            words = [detokenize([module.vocab[token] for token in tokens[span].tolist()]).strip() for span in spans]
            self.explanations.append(describe_contributions(contributions.tolist(), words, self.words))
