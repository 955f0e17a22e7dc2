"""Texts in a CSV, or in ``train.csv``, ``valid.csv`` and ``test.csv``."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from practicum.lightning_shim import MisconfigurationException

from ..files.csv_format import DETECT, WRITTEN, CSVFormat, check_csv_format, detect_format
from .csv_texts import load_input, read_csvs, save_input, tables_in
from .readers import Document
from .text import Text


class TextCSV(Text):
    r"""Texts in CSV files, or TSV, or whatever separates the names in the first line; plain or gzipped.

    Delimiter, quote, encoding and header are found and kept as ``input.json`` in ``artifacts_dir``, for later predictions. A row
    with more or fewer fields than the header, or a quote that isn't closed, is refused by its line number.

    Args:
        root: A CSV, or a folder of them.
        text_column: Column of the texts.
        label_column: Column of their classes; not read by language models.
        split_column: Column that names each row's split (train, valid, test, unlabelled); ``None`` takes it from the file's name.
        csv_format: What is known of the files' format: ``delimiter``, ``quote`` (``''``: none), ``decimal``, ``encoding``,
            ``header``; what is ``None`` is detected.
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

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        text_column: str = "text",
        label_column: str = "label",
        split_column: str | None = None,
        csv_format: Mapping[str, Any] | None = DETECT,
        **options: Any,
    ) -> None:
        super().__init__(root, **options)
        self.text_column, self.label_column, self.split_column = text_column, label_column, split_column
        self.csv_format = check_csv_format(csv_format, WRITTEN)
        self._found: CSVFormat | None = None
        if self._labels is not None and self._labels == text_column:
            raise MisconfigurationException(f"{type(self).__name__}: text_column and label_column are both {text_column!r}.")

    @property
    def file_pattern(self) -> str:  # type: ignore[override]
        """Which files of a folder may be read."""
        return "*.csv" if all(path.name.endswith(".csv") for path in tables_in(self.root)) else "*"

    def documents(self) -> Iterator[Document]:
        """Read the texts, see :func:`.read_csvs`."""
        return read_csvs(self.root, self.text_column or "", self._labels, self.split_column, self.csv_format)

    @property
    def _labels(self) -> str | None:
        return self.label_column if self.task == "classification" else None

    def reader_options(self) -> str:
        """Return the columns that are read, and what was told of the format."""
        told = f" {json.dumps(self.csv_format, sort_keys=True)}" if self.csv_format else ""
        return f"{self.text_column} {self._labels} {self.split_column}{told}"

    def setup(self, stage: str | None = None) -> None:
        """Open the tokens, see :meth:`.Text.setup`; save the format of the (first) table."""
        super().setup(stage)
        if self._found is None:
            self._found = detect_format(tables_in(self.root)[0], **self.csv_format)
            if self.artifacts_dir is not None:
                columns = {"text": self.text_column, "label": self._labels, "split": self.split_column}
                save_input(self.artifacts_dir, self._found, columns)

    def trained_format(self) -> CSVFormat | None:
        """The format of the training's table: found in ``setup``, or kept in ``artifacts_dir``; what is told goes first."""
        found = self._found or load_input(self.artifacts_dir)
        if not self.csv_format:
            return found
        return replace(found or CSVFormat(), **self.csv_format, told=tuple({*(found.told if found else ()), *self.csv_format}))

    @property
    def provenance(self) -> dict[str, Any]:
        """As of :class:`.Text`; ``csv``: what is unusual about the table's format, if anything is."""
        unusual = None if self._found is None else self._found.unusual()
        return {**super().provenance, **({"csv": unusual} if unusual else {})}
