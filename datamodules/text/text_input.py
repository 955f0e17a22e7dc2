"""New texts for a trained classifier: to predict, or with labels, to be scored."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import torch
from practicum.lightning_shim import MisconfigurationException
from tokenizers import Tokenizer

from ..files.archive import without_zip
from ..files.csv_format import CSVFormat, detect_format
from ..files.csv_reader import is_text_table, read_rows
from ..files.quoting import listed, quoted
from ..loading.inputs import each_input, input_name
from .csv_texts import TEXT
from .new_texts import NewTexts, TextSource, are_texts, given_texts, read_new_texts
from .readers import read_folder
from .text_options import Task
from .token_cache import TokenizedCorpus
from .tokenization import load_tokenizer
from .tokenizer import Level

Source = str | os.PathLike[str]
LABEL = "label"  # the column of labels where training names none


class TextInput(ABC):
    """What :class:`.Text` has for new texts."""

    task: Task
    level: Level
    batch_size: int
    reverse: bool
    cache: Path
    text_column: str | None
    label_column: str | None = None  # of tables
    artifacts_dir: Path | None
    _corpus: TokenizedCorpus | None

    @abstractmethod
    def trained_format(self) -> CSVFormat | None:
        """The format of the table that the texts were read from."""

    def for_prediction(self, source: TextSource) -> NewTexts:
        """Return a data module of new texts, tokenized as in training.

        The tokenizer is that of ``artifacts_dir`` where nothing has been set up.

        Args:
            source: A text file with one text per line; a CSV with a column of texts; or a folder of text files. Or several, as
                :class:`~pathlib.Path`; or a list of texts; or a frame of polars or pandas with the column of texts.

        Raises:
            MisconfigurationException: There is no text that can be read, no tokenizer, or nothing to predict (a language model).
        """
        tokenizer, form = self._tokenizer(), self.trained_format()
        texts: Iterable[tuple[str, str | None]]
        if are_texts(source):
            texts, name = given_texts(source, self.text_column), "the new texts"
        else:
            texts = (text for each in each_input(source) for text in self._read_new(Path(each), form))
            name = input_name(source)
        return NewTexts(texts, tokenizer, self.level, self.batch_size, self.reverse, name)

    def _read_new(self, source: Path, form: CSVFormat | None) -> Iterator[tuple[str, str | None]]:
        return read_new_texts(without_zip(source, self.cache), self.text_column, form)

    def for_scoring(self, source: Source | Sequence[Source], classes: Sequence[str]) -> NewTexts:
        """As :meth:`for_prediction`, with the texts' labels as ``targets``.

        Args:
            source: A CSV with the columns of texts and labels, or a folder of class folders; or several.
            classes: The trained model's classes.

        Raises:
            MisconfigurationException: There are no labels, or a label is none of ``classes``.
        """
        tokenizer, number = self._tokenizer(), {name: place for place, name in enumerate(classes)}
        texts, targets = [], []
        for each in each_input(source):
            for where, name, text, label in self._labelled(without_zip(Path(each), self.cache)):
                if label not in number:
                    wrong = f"its label {quoted(label)} is none of" if label else "it has no label; the score needs one of"
                    raise MisconfigurationException(
                        f"{where}: {wrong} the run's classes ({listed(classes, 8)}); correct it, or leave it out."
                    )
                texts.append((name, text))
                targets += [] if text is None else [number[label]]
        new = NewTexts(texts, tokenizer, self.level, self.batch_size, self.reverse, input_name(source))
        new.targets = torch.tensor(targets)
        return new

    def _labelled(self, source: Path) -> Iterator[tuple[str, str, str | None, str | None]]:
        """Place, name, text and label of each."""
        if source.is_dir():
            documents = list(read_folder(source))
            if len(splits := {each.split for each in documents}) > 1:
                raise MisconfigurationException(
                    f"{source}: holds splits ({listed(sorted(splits))}); a score is that of one of them: give its folder."
                )
            yield from ((each.name, each.name, each.text, each.label) for each in documents)
            return
        text, label = self.text_column or TEXT, self.label_column or LABEL
        wanted = f"give a CSV with columns {text} and {label}, or a folder with one folder per class"
        if not source.is_file():
            raise MisconfigurationException(f"{source}: no such file or folder; {wanted}.")
        if not is_text_table(source):
            raise MisconfigurationException(f"{source}: has no labels to score by; {wanted}.")
        names, rows = read_rows(source, detect_format(source, self.trained_format()))
        for column in (text, label):
            if column not in names:
                raise MisconfigurationException(
                    f"{source}: has no column {quoted(column)} (its columns are {listed(names, 20)}); {wanted}."
                )
        yield from ((f"{source}, line {line}", row[text], row[text], row[label].strip() or None) for line, row in rows)

    def _tokenizer(self) -> Tokenizer:
        name = type(self).__name__
        if self.task != "classification":
            raise MisconfigurationException(
                f"{name}: task={self.task} has no classes to predict; train a classifier with task=classification."
            )
        if self._corpus is not None:
            return self._corpus.tokenizer
        if self.artifacts_dir is None:
            raise MisconfigurationException(f"{name}: artifacts_dir is missing; give the run folder that holds tokenizer.json.")
        return load_tokenizer(self.artifacts_dir / "tokenizer.json")
