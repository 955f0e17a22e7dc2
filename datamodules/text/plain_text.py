"""Any plain text, for a language model: Penn Treebank, WikiText, a book."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from practicum.lightning_shim import MisconfigurationException

from .corpus import corpus_files, read_corpus
from .readers import Document
from .text import Text
from .text_options import Task


class PlainText(Text):
    r"""Plain text: ``train.txt``, ``valid.txt``, ``test.txt`` (or ``ptb.train.txt`` ...), one file, or a folder of texts.

    A corpus that is one long line (text8) is cut between words, see :func:`.read_corpus`.

    Args:
        root: Folder or file.
        task: ``language_model`` or ``skip_gram``.
        batch_size: Streams per process.
        options: Those of :class:`.Text`.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from practicum.datamodules import PlainText
        >>> book = Path(tempfile.mkdtemp()) / "book.txt"
        >>> _ = book.write_text("to be or not to be\n" * 200)
        >>> data = PlainText(book, level="whitespace", batch_size=4, bptt=7, cache=tempfile.mkdtemp())
        >>> data.prepare_data()
        >>> data.setup()
        >>> x, y = next(iter(data.train_dataloader()))
        >>> vocab = data.describe()["vocab"]
        >>> [vocab[token] for token in x[0]]
        ['to', 'be', 'or', 'not', 'to', 'be', '<eos>']
        >>> [vocab[token] for token in y[0]]
        ['be', 'or', 'not', 'to', 'be', '<eos>', 'to']
    """

    mark_begin = False

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        task: Task = "language_model",
        batch_size: int = 64,
        **options: Any,
    ) -> None:
        if task == "classification":
            raise MisconfigurationException(
                "PlainText: task=classification needs classes, which plain text lacks; use TextFolder or TextCSV."
            )
        super().__init__(root, task=task, batch_size=batch_size, **options)

    @property
    def file_pattern(self) -> str:  # type: ignore[override]
        """Which files below ``root`` are read: those of splits beside each other, or all texts of a folder."""
        files, _ = corpus_files(self.root)
        return "*" if all(path.parent == self.root for path, _ in files) else "**/*"

    def documents(self) -> Iterator[Document]:
        """Read the text, see :func:`.read_corpus`."""
        return read_corpus(self.root)
