"""Texts in a CSV, or in ``train.csv``, ``valid.csv`` and ``test.csv``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from .readers import Document, read_csvs
from .text import Text


class TextCSV(Text):
    r"""Texts in CSV files.

    Args:
        root: A CSV, or a folder of them.
        text_column: Column of the texts.
        label_column: Column of their classes; not read by language models.
        split_column: Column that names each row's split (train, valid, test, unlabelled); ``None`` takes it from the file's name.
        options: Those of :class:`.Text`.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from practicum.datamodules import TextCSV
        >>> table = Path(tempfile.mkdtemp()) / "reviews.csv"
        >>> _ = table.write_text("review,stars\nFine,5\nGood,5\nDull,1\nPoor,1\n")
        >>> data = TextCSV(table, text_column="review", label_column="stars", min_count=1, cache=tempfile.mkdtemp())
        >>> data.prepare_data()
        >>> data.setup()
        >>> data.classes
        ['1', '5']
        >>> data.provenance["train"], data.provenance["valid"]
        (2, 2)
    """

    file_pattern = "*.csv"

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        text_column: str = "text",
        label_column: str = "label",
        split_column: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(root, **options)
        self.text_column, self.label_column, self.split_column = text_column, label_column, split_column

    def documents(self) -> Iterator[Document]:
        """Read the texts, see :func:`.read_csvs`."""
        return read_csvs(self.root, self.text_column or "", self._labels, self.split_column)

    @property
    def _labels(self) -> str | None:
        return self.label_column if self.task == "classification" else None

    def reader_options(self) -> str:
        """Return the columns that are read."""
        return f"{self.text_column} {self._labels} {self.split_column}"
