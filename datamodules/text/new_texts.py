"""Texts without labels that a trained classifier is to predict, tokenized as in training."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from practicum.lightning_shim import LightningDataModule, MisconfigurationException
from tokenizers import Tokenizer
from torchdata.stateful_dataloader import StatefulDataLoader

from ..files.csv_format import CSVFormat
from ..files.csv_reader import is_text_table
from ..files.csv_source import find_text_encoding
from ..loading.batch_loader import batch_loader, process_of
from .csv_texts import OTHER_TABLES, read_new_csv
from .document_batches import DocumentBatches
from .source_words import Word, source_words
from .tokenization import encode
from .tokenizer import BEGIN, UNKNOWN, Level, detokenize, normalize

log = logging.getLogger(__name__)

NOTE = "note"  # the column of these
EMPTY, NOTHING_KNOWN = "empty", "no known word"
TextSource = str | os.PathLike[str] | Any  # a path or several, a list of texts, or a frame
_MANY_UNKNOWN = 0.5  # share of unknown tokens from which on it is said


class NewTexts(LightningDataModule):
    """Texts to predict, in their original order. Made by ``data.for_prediction(source)``.

    Args:
        texts: Names and texts, see :func:`read_new_texts`; the text is ``None`` of a file that can't be read as one.
        tokenizer: The classifier's tokenizer.
        level: Its level, see :mod:`.tokenizer`.
        batch_size: Texts per batch and process.
        reverse: Read texts backwards, as in training.
        source: What messages call their origin.

    Attributes:
        rejected: Name and reason of each text that could not be read.
        targets: Their labels ``int64 [N]``, where they are to be scored; else ``None``.

    Raises:
        MisconfigurationException: There is no text that can be read.
    """

    targets: torch.Tensor | None = None

    def __init__(
        self,
        texts: Iterable[tuple[str, str | None]],
        tokenizer: Tokenizer,
        level: Level,
        batch_size: int,
        reverse: bool = False,
        source: str = "the new texts",
    ) -> None:
        super().__init__()
        self.level, self.batch_size, self.reverse = level, batch_size, reverse
        found = list(texts)
        self.rejected = [(name, _reason(name)) for name, text in found if text is None]
        usable = [(name, text) for name, text in found if text is not None]
        if not usable:
            why = f" ({self.rejected[0][0]}: {self.rejected[0][1]})" if self.rejected else ""
            raise MisconfigurationException(f"{source}: holds no text that can be read{why}.")
        self._names = [name for name, _ in usable]
        begin = tokenizer.token_to_id(BEGIN) or 0
        rows = [[begin, *row] for row in encode(tokenizer, (normalize(text, level) for _, text in usable))]
        self._empty = [len(row) == 1 for row in rows]
        if any(self._empty):
            log.warning(
                f"{source}: {sum(self._empty)} of {len(rows)} texts are empty, the first is number "
                f"{self._empty.index(True) + 1}; "
                "what is predicted for them says nothing (column note)."
            )
        self._texts, self._tokenizer = [text for _, text in usable], tokenizer
        unknown = tokenizer.token_to_id(UNKNOWN)
        known = [sum(number != unknown for number in row[1:]) for row in rows]
        self._unknown = [count == 0 and len(row) > 1 for count, row in zip(known, rows, strict=True)]
        tokens = sum(len(row) - 1 for row in rows)
        if tokens and sum(known) < (1 - _MANY_UNKNOWN) * tokens:
            log.warning(
                f"{source}: {1 - sum(known) / tokens:.0%} of the tokens are unknown to the classifier, which has not met them "
                "in training "
                f"({sum(self._unknown)} texts hold no other); are the texts in its language?"
            )
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
        """Columns beside the predictions: ``text``, the text itself or its file; ``note`` if some are empty or unknown."""
        notes = [
            EMPTY if empty else NOTHING_KNOWN if strange else ""
            for empty, strange in zip(self._empty, self._unknown, strict=True)
        ]
        return {"text": self._names, **({NOTE: notes} if any(notes) else {})}

    def detokenize(self, tokens: Sequence[str]) -> str:
        """Join tokens into readable text."""
        return detokenize(tokens[::-1] if self.reverse else tokens, self.level)

    def source_words(self, row: int) -> list[Word]:
        """Return the words of a text as they were written, with their places in the row of tokens that predictions are made of.

        Args:
            row: Place of the text in the order of :meth:`predict_dataloader`, of this process.
        """
        process = process_of(self.trainer)
        text = self._texts[row * process["world_size"] + process["rank"]]
        words = [Word("", 0, 1), *(Word(each.text, each.start + 1, each.stop + 1) for each in self._words(text))]
        length = words[-1].stop
        return [Word(each.text, length - each.stop, length - each.start) for each in words[::-1]] if self.reverse else words

    def _words(self, text: str) -> list[Word]:
        return source_words(text, self.level, self._tokenizer)


def are_texts(source: TextSource) -> bool:
    """Whether a source holds the texts themselves: a frame, or a list that is not one of paths.

    Example:
        >>> from pathlib import Path
        >>> from practicum.datamodules.text.new_texts import are_texts
        >>> are_texts(["a good film"]), are_texts("reviews.csv"), are_texts([Path("a.csv"), Path("b.csv")])
        (True, False, False)
    """
    if isinstance(source, list):
        return not (source and all(isinstance(each, os.PathLike) for each in source))
    return hasattr(source, "columns")


def given_texts(source: Any, text_column: str | None) -> list[tuple[str, str | None]]:
    """Names and texts of a list of texts, or of a frame's column.

    Args:
        source: The list, or the frame.
        text_column: Column of the texts in training; ``None``: it is called ``text``, or is the only one.

    Raises:
        MisconfigurationException: There is no such column, or something in it is no text.

    Example:
        >>> from practicum.datamodules.text.new_texts import given_texts
        >>> given_texts(["a good film"], None)
        [('a good film', 'a good film')]
    """
    if hasattr(source, "columns"):
        names = [str(name) for name in source.columns]
        column = text_column or ("text" if "text" in names or len(names) != 1 else names[0])
        if column not in names:
            raise MisconfigurationException(f"the new texts: there is no column {column}; the frame has {', '.join(names)}.")
        source = source[column]
    texts = list(source)
    strange = next((place for place, text in enumerate(texts) if not isinstance(text, str)), None)
    if strange is not None:
        raise MisconfigurationException(f"the new texts: number {strange + 1} is no text ({texts[strange]!r}).")
    return [(text, text) for text in texts]


def read_new_texts(
    source: Path, text_column: str | None = None, trained: CSVFormat | None = None
) -> Iterator[tuple[str, str | None]]:
    """Yield names and texts of a file of lines, a table or a folder; the text is ``None`` of a file that can't be read as one.

    The name of a line or of a row of a table is its text, that of a file its path. In a folder, hidden files are left out.

    Args:
        source: File or folder.
        text_column: Column of the texts in the training's table, see :func:`.read_new_csv`.
        trained: Format of the training's table, if there was one.

    Raises:
        MisconfigurationException: ``source`` is missing, is in neither UTF-8 nor cp1252, or is a table that is damaged or
            lacks the column of texts.
    """
    if source.is_dir():
        for path in sorted(path for path in source.rglob("*") if path.is_file() and not _is_hidden(path, source)):
            try:
                text = None if _is_table(path) else path.read_text(encoding="utf-8-sig")
                yield str(path), None if text is None or "\0" in text else text  # zero bytes: UTF-16, or no text
            except UnicodeDecodeError:
                yield str(path), None
    elif not source.is_file():
        raise MisconfigurationException(f"{source}: no such file or folder.")
    elif source.suffix.lower() in OTHER_TABLES:
        raise MisconfigurationException(f"{source}: {source.suffix} is not read; save it as a CSV with a column of texts.")
    elif is_text_table(source) or _begins_like(source, text_column, trained):
        yield from ((text, text) for text in read_new_csv(source, text_column, trained))
    else:
        blank = 0
        with open(source, newline="", encoding=find_text_encoding(source)) as file:
            for line in file:
                if line.strip():
                    yield line.strip(), line
                else:
                    blank += 1
        if blank:
            lines = "blank line is" if blank == 1 else "blank lines are"
            log.warning(f"{source}: {blank:,} {lines} left out, so that rows of the output are not its lines.")


def _is_hidden(path: Path, root: Path) -> bool:
    return any(part[0] == "." or part == "__MACOSX" for part in path.relative_to(root).parts)


def _begins_like(source: Path, text_column: str | None, trained: CSVFormat | None) -> bool:
    """Whether a file is a table like the training's, whatever its ending: by its header, and a row with as many cells."""
    if trained is None or text_column is None:
        return False
    with open(source, encoding="utf-8-sig", errors="replace") as file:
        header, row = (file.readline().rstrip("\r\n").split(trained.delimiter) for _ in range(2))
    return 1 < len(header) <= len(row) and text_column in [cell.strip().strip('"') for cell in header]


def _is_table(path: Path) -> bool:
    """Whether a file holds texts among other things: what it holds is no text itself."""
    return is_text_table(path) or path.suffix.lower() in OTHER_TABLES


def _reason(name: str) -> str:
    return "a table of texts; give a CSV of it as the input by itself" if _is_table(Path(name)) else "not UTF-8"
