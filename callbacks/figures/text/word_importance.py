"""Word importance: which words a text classifier's prediction depends on, by leaving out each of them.

**What it does.** Removes a piece of the text, predicts again, and records by how much the probability of the predicted class
falls. A text of up to ``pieces`` words is taken apart word by word, a longer one by runs of words. Where the data module knows
the words as they were written, these are what is removed and named; elsewhere it is the tokens.

**When to use it.** To see whether a model relies on what a reader would, or on the name of an actor. It costs one forward pass of
``pieces`` rows for each text.

**Source.** Zeiler and Fergus 2014 (occlusion); Li et al. 2016, "Understanding neural networks through representation erasure".
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor

from ...module_outputs.logits import extract_logits, is_multi_label, to_probabilities
from ...roles import Watcher
from ...trainer_internals.batches import inputs_of

_LEAST = 0.005  # change in probability that is shown


def occlusion(
    score: Callable[[Tensor], Tensor], tokens: Tensor, pieces: int = 64, spans: Sequence[slice] | None = None
) -> tuple[Tensor, list[slice]]:
    """Measure how much each piece of a text contributes to a score.

    Args:
        score: Takes texts ``int64 [B, T]`` and returns one number for each ``[B]``.
        tokens: A text ``int64 [T]``.
        pieces: Number of pieces, at most.
        spans: The pieces themselves, which cover the text. Default: ``pieces`` of them, equally long.

    Returns:
        The score of the text minus that of the text without the piece ``[P]``, and the slice of each piece.
    """
    length = len(tokens)
    if spans is None:
        size = max(1, -(-length // pieces))
        spans = [slice(begin, min(begin + size, length)) for begin in range(0, length, size)]
    spans = list(spans)
    if len(spans) < 2:  # nothing would be left
        return torch.zeros(len(spans), device=tokens.device), spans
    whole = score(tokens[None])[0]
    contributions = torch.empty(len(spans), dtype=whole.dtype, device=whole.device)
    sizes = [span.stop - span.start for span in spans]
    for size in dict.fromkeys(sizes):  # texts of a batch are equally long
        alike = [number for number, each in enumerate(sizes) if each == size]
        keep = torch.ones(len(alike), length, dtype=torch.bool, device=tokens.device)
        for row, number in enumerate(alike):
            keep[row, spans[number]] = False
        contributions[alike] = whole - score(tokens.expand(len(alike), -1)[keep].view(len(alike), -1))
    return contributions, spans


def merge_words(words: Sequence[tuple[str, int, int]], pieces: int) -> list[tuple[str, slice]]:
    """Merge neighbouring words so that there are at most ``pieces`` of them.

    Args:
        words: Text, first token and the token after the last one of each.
        pieces: Number of pieces, at most.

    Example:
        >>> from practicum.callbacks.figures.text.word_importance import merge_words
        >>> merge_words([("", 0, 1), ("A", 1, 2), ("fine", 2, 3), ("film", 3, 5)], 2)
        [('A', slice(0, 2, None)), ('fine film', slice(2, 5, None))]
    """
    size = max(1, -(-len(words) // pieces))
    runs = [words[begin : begin + size] for begin in range(0, len(words), size)]
    return [(" ".join(text for text, _, _ in run if text), slice(run[0][1], run[-1][2])) for run in runs]


def describe_contributions(contributions: Iterable[float], words: Iterable[str], count: int) -> str:
    """Return the words that contribute most, ``brilliant +0.31, not +0.12``; those below 0.005 are left out.

    Example:
        >>> from practicum.callbacks.figures.text.word_importance import describe_contributions
        >>> describe_contributions([0.12, 0.31], ["not", "brilliant"], 5)
        'brilliant +0.31, not +0.12'
        >>> describe_contributions([0.001, -0.2], ["a", "film"], 5)
        'no single word (none by 0.005 or more)'
    """
    best = sorted(zip(contributions, words, strict=True), reverse=True)
    shown = [f"{word} {value:+.2f}" for value, word in best if value >= _LEAST and word]
    return ", ".join(shown[:count]) or f"no single word (none by {_LEAST} or more)"


class WordImportance(Watcher):
    """Records, in a prediction, the words that contribute most to each predicted class.

    Needs a module whose ``forward`` takes tokens ``int64 [B, T]`` and returns logits ``[B, classes]``, whose ``predict_step``
    returns probabilities, with ``vocab`` (token by number). Tokens are turned into text by the data module's
    ``detokenize(tokens)`` where it has that; where it has ``source_words(row)``, which returns text, first token and the token
    after the last one of each word of the ``row``-th text, these words are taken. Of an ensemble of snapshots the single model is
    asked what it makes of the words. Read :attr:`explanations` afterwards.

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
        stored = any(getattr(each, "stores_logits", False) for each in trainer.callbacks)  # type: ignore[attr-defined]
        forward = functools.partial(type(module).forward, module) if stored else module
        detokenize = getattr(getattr(trainer, "datamodule", None), "detokenize", " ".join)
        words_of = getattr(getattr(trainer, "datamodule", None), "source_words", None)
        for row, probabilities in zip(inputs_of(batch), outputs, strict=True):
            tokens = row[: int((row != self.padding).sum())]
            predicted = int(probabilities.argmax())

            def score(texts: Tensor, predicted: int = predicted) -> Tensor:
                with trainer.precision_plugin.forward_context():
                    logits = extract_logits(forward(texts), None, "WordImportance", module)
                    return to_probabilities(logits, multi_label)[:, predicted]

            written = [] if words_of is None else merge_words(words_of(len(self.explanations)), self.pieces)
            if written and written[-1][1].stop == len(tokens):
                words = [text for text, _ in written]
                contributions, _ = occlusion(score, tokens, spans=[span for _, span in written])
            else:
                contributions, spans = occlusion(score, tokens, self.pieces)
                words = [detokenize([module.vocab[token] for token in tokens[span].tolist()]).strip() for span in spans]
            self.explanations.append(describe_contributions(contributions.tolist(), words, self.words))
