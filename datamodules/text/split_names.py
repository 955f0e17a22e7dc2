"""Which split the name of a folder, a file or a row says."""

from __future__ import annotations

import re

UNLABELLED = "unlabelled"  # split of training texts without labels, used by language models only
SPLITS = ("train", "valid", "test", UNLABELLED)
_NAMES = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "val": "valid",
    "validation": "valid",
    "dev": "valid",
    "eval": "valid",
    "test": "test",
    "testing": "test",
    "unsup": UNLABELLED,  # aclImdb's name
    "unlabelled": UNLABELLED,
    "unlabeled": UNLABELLED,
}
_DECORATION = re.compile(
    r"^seg[_ -]|[_ -](?:set|data|texts?|docs|documents|files)$|(?<=train|valid)set$|(?<=training)set$|(?<=test)set$"
)


def split_of(name: str) -> str | None:
    """Return the split that a name says, in any case and with such words as ``_set`` around it; ``None`` if it says none.

    Args:
        name: Of a folder, a file without its ending, or a row's split.

    Example:
        >>> from practicum.datamodules.text.split_names import split_of
        >>> split_of("Training_Set"), split_of("dev"), split_of("unsup"), split_of("neg")
        ('train', 'valid', 'unlabelled', None)
    """
    return _NAMES.get(_DECORATION.sub("", name.strip().lower()))


def split_in(name: str) -> str | None:
    """Return the split of a file of plain text by a part of its name: ``train`` for ``ptb.train.txt``."""
    parts = re.split(r"[._-]", name.lower())
    return next((_NAMES[part] for part in parts if part in _NAMES), None) if parts[-1] in ("txt", "tokens", "raw") else None
