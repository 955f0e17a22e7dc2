"""The classes of labelled texts."""

from __future__ import annotations

from collections.abc import Mapping

from practicum.lightning_shim import MisconfigurationException

from ..files.quoting import listed, plain, quoted
from ..files.say_once import say_once
from ..loading.missing_labels import missing_label
from ..loading.similar_classes import similar_classes
from .token_cache import TokenSplit


def class_names(splits: Mapping[str, TokenSplit], source: str) -> list[str]:
    """Return the sorted classes of the training texts.

    Args:
        splits: Texts by split, among them ``train``.
        source: Where the texts come from, for the message.

    Raises:
        MisconfigurationException: There are fewer than two classes, or a validation or test text has a class that no training
            text has.
    """
    classes = sorted({label for label in splits["train"].labels if label is not None})
    if len(classes) < 2:
        found = f"only one class ({plain(classes[0])})" if classes else "no labelled text"
        raise MisconfigurationException(f"{source}: found {found} to train on; at least two classes are needed.")
    if sentence := similar_classes(classes, source):
        say_once(sentence)
    if (mark := missing_label(classes)) is not None:
        say_once(f"{source}: {quoted(mark)} is a class; if it means that a label is missing, leave the cell empty.")
    for split in ("valid", "test"):
        texts = splits.get(split)
        for label, name in zip(texts.labels, texts.names, strict=True) if texts else ():
            if label not in classes:
                raise MisconfigurationException(
                    f"{name}: its label {quoted(label)} does not occur in training ({listed(classes, 5)}); correct it, or add "
                    "training texts with that label."
                )
    return classes
