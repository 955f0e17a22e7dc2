"""Any plain text, for a language model: Penn Treebank, WikiText, a book."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from practicum.lightning_shim import MisconfigurationException

from .readers import Document, read_corpus
from .text import Task, Text


class PlainText(Text):
    """:class:`.Text` from ``train.txt valid.txt test.txt`` of a folder (``ptb.train.txt`` and the like too), or from one file.

    Args:
        root: The folder or the file.
        task: ``language_model`` or ``skip_gram``.
        options: Those of :class:`.Text`.
    """

    marks_begin = False
    labelled = False
    pattern = "*"

    def __init__(self, root: str | None = None, task: Task = "language_model", **options: Any) -> None:
        if task == "classification":
            raise MisconfigurationException(
                f"data.task={task}: a plain text has no classes; it is for experiment=lm and experiment=word_vectors."
            )
        super().__init__(root, task=task, **options)

    def documents(self) -> Iterator[Document]:
        """See :func:`.read_corpus`."""
        assert self.root is not None
        return read_corpus(self.root)
