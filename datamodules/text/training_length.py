"""How many passes over texts where nobody says: more over few.

Why these numbers: docs/defaults.md.
"""

from __future__ import annotations

import math

from .text_options import Task

_STEPS = 2_400  # of a classifier
_TOKENS = {"language_model": 5_000_000, "skip_gram": 10_000_000}  # to read in all
_EPOCHS = {"classification": (6, 60), "language_model": (1, 10), "skip_gram": (1, 5)}


def choose_epochs(task: Task, documents: int, tokens: int, batch_size: int) -> int:
    """Passes over the training texts.

    Args:
        task: What is trained.
        documents: Training texts of a classifier.
        tokens: Training tokens of the others, unlabelled texts included.
        batch_size: Documents per batch of a classifier.

    Example:
        >>> from practicum.datamodules.text.training_length import choose_epochs
        >>> [choose_epochs("classification", documents, 0, 32) for documents in (40, 4_000, 25_000)]
        [60, 19, 6]
        >>> [choose_epochs("language_model", 0, tokens, 32) for tokens in (200_000, 1_000_000, 25_000_000)]
        [10, 5, 1]
    """
    least, most = _EPOCHS[task]
    if task == "classification":
        epochs = round(_STEPS / max(1, math.ceil(documents / batch_size)))
    else:
        epochs = round(_TOKENS[task] / max(1, tokens))
    return min(max(epochs, least), most)
