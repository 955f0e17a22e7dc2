"""Texts in a CSV, or in ``train.csv``, ``valid.csv`` and ``test.csv``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .readers import Document, read_csvs
from .text import Text


class TextCSV(Text):
    """:class:`.Text` from CSV files.

    Args:
        root: A CSV, or a folder of them.
        text_column: Of the texts.
        label_column: Of their classes; a language model wants none.
        split_column: Says train, valid, test or unsup; default: by file.
        options: Those of :class:`.Text`.
    """

    def __init__(
        self,
        root: str | None = None,
        text_column: str = "text",
        label_column: str = "label",
        split_column: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(root, **options)
        self.text_column, self.label_column, self.split_column = text_column, label_column, split_column

    pattern = "*.csv"

    def documents(self) -> Iterator[Document]:
        """See :func:`.read_csvs`."""
        assert self.root is not None
        return read_csvs(self.root, self.text_column, self._labels, self.split_column)

    @property
    def _labels(self) -> str | None:
        return self.label_column if self.task == "classification" else None

    def reads(self) -> str:
        """Its columns."""
        return f"{self.text_column} {self._labels} {self.split_column}"
