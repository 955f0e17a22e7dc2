"""Texts without labels that a trained classifier is to predict, tokenized as in training."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from practicum.lightning_shim import LightningDataModule, MisconfigurationException
from tokenizers import Tokenizer
from torchdata.stateful_dataloader import StatefulDataLoader

from ..files.csv_files import open_table
from .document_batches import DocumentBatches
from .loaders import batch_loader, process_of
from .tokenization import encode
from .tokenizer import BEGIN, Level, detokenize, normalize


class NewTexts(LightningDataModule):
    """Texts to predict, in their original order. Made by ``data.for_prediction(source)``.

    Args:
        source: A text file with one text per line; a CSV; or a folder of text files.
        tokenizer: The classifier's tokenizer.
        level: Its level, see :mod:`.tokenizer`.
        batch_size: Texts per batch and process.
        reverse: Read texts backwards, as in training.
        text_column: Column of a CSV that holds the texts; its first column if it has no column of that name.

    Attributes:
        rejected: Name and reason of each text that could not be read.

    Raises:
        MisconfigurationException: ``source`` is missing or holds no text that can be read.
    """

    def __init__(
        self,
        source: str | os.PathLike[str],
        tokenizer: Tokenizer,
        level: Level,
        batch_size: int,
        reverse: bool = False,
        text_column: str | None = None,
    ) -> None:
        super().__init__()
        self.level, self.batch_size, self.reverse = level, batch_size, reverse
        found = list(read_new_texts(Path(source), text_column))
        self.rejected = [(name, "not UTF-8") for name, text in found if text is None]
        usable = [(name, text) for name, text in found if text is not None]
        if not usable:
            raise MisconfigurationException(f"{source}: holds no text that can be read.")
        self._names = [name for name, _ in usable]
        begin = tokenizer.token_to_id(BEGIN) or 0
        rows = [[begin, *row] for row in encode(tokenizer, (normalize(text, level) for _, text in usable))]
        self._starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
        self._tokens = np.concatenate([np.asarray(row, np.int32) for row in rows])

    def predict_dataloader(self) -> StatefulDataLoader[Any]:
        """Batches ``(tokens, -1)`` of the texts, in their order."""
        dataset = DocumentBatches(
            self._tokens,
            self._starts,
            torch.full((len(self._names),), -1),
            self.batch_size,
            sort=False,
            reverse=self.reverse,
            **process_of(self.trainer),
        )
        return batch_loader(dataset, seed=1)  # not shuffled: the seed has no effect

    def row_columns(self) -> dict[str, list[str]]:
        """Columns that stand beside the predictions: ``text``, the text itself or its file."""
        return {"text": self._names}

    def detokenize(self, tokens: Sequence[str]) -> str:
        """Join tokens into readable text."""
        return detokenize(tokens[::-1] if self.reverse else tokens, self.level)


def read_new_texts(source: Path, text_column: str | None = None) -> Iterator[tuple[str, str | None]]:
    """Yield names and texts of a file of lines, a CSV or a folder; the text is ``None`` if it isn't UTF-8.

    The name of a line or of a row of a CSV is its text, that of a file its path.

    Args:
        source: File or folder.
        text_column: Column of a CSV that holds the texts; its first column if it has no column of that name.

    Raises:
        MisconfigurationException: ``source`` is missing, an empty CSV, or a file that isn't UTF-8.
    """
    if source.is_dir():
        for path in sorted(path for path in source.rglob("*") if path.is_file() and not path.name.startswith(".")):
            try:
                yield str(path), path.read_text(encoding="utf-8-sig")
            except UnicodeDecodeError:
                yield str(path), None
    elif not source.is_file():
        raise MisconfigurationException(f"{source}: no such file or folder.")
    elif source.suffix.lower() == ".csv":
        with open_table(source) as file:
            reader = csv.DictReader(file)
            columns = reader.fieldnames or []
            column = text_column if text_column in columns else columns[0] if columns else None
            if column is None:
                raise MisconfigurationException(f"{source}: is empty; expected a header and one row per text.")
            for row in reader:
                yield row[column] or "", row[column] or ""
    else:
        with open_table(source) as file:
            for line in file:
                if line.strip():
                    yield line.strip(), line
