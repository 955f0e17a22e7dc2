"""Texts as a LightningDataModule: windows of streams for a language model, batches of documents for a classifier."""

from __future__ import annotations

import hashlib
import os
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from copy import copy
from pathlib import Path
from typing import Any, Self

import torch
from practicum.lightning_shim import LightningDataModule, MisconfigurationException
from torchdata.stateful_dataloader import StatefulDataLoader

from ..files.archive import without_zip
from ..files.atomic_file import atomic_write
from ..files.csv_format import CSVFormat
from ..loading.batch_loader import batch_loader, process_of
from ..loading.set_up import require_set_up
from ..loading.source import Local, Source
from .bptt_windows import BPTTWindows
from .document_batches import DocumentBatches
from .labels import class_names
from .readers import Document
from .show_batch import ShowsTexts
from .text_input import TextInput
from .text_options import Task, check_text_options
from .token_cache import TokenizedCorpus, TokenSplit, fingerprint, load_or_tokenize
from .tokenization import TRAINING, TokenizationConfig
from .tokenizer import Level, detokenize, vocabulary
from .training_length import choose_epochs


class Text(TextInput, ShowsTexts, LightningDataModule):
    """Base class of text data modules; subclasses implement :meth:`documents`.

    Texts are tokenized once and cached on disk, memory-mapped. Texts that can't be used (empty, not UTF-8) are left out and
    listed in ``rejected.csv``. Texts that occur more than once are kept; how many do is said and recorded.

    Args:
        root: File or folder with the texts, or a zip file of them.
        task: ``classification``: batches of documents with their classes; ``language_model``: windows of all training texts as
            parallel streams, unlabelled ones included; ``skip_gram``: the same, and :meth:`describe` counts the tokens.
        level: Kind of token: ``word``, ``bpe``, ``character`` or ``whitespace``, see :mod:`.tokenizer`.
        max_vocab: Maximum number of tokens in the vocabulary, at least 10.
        min_count: Words that occur less often are unknown (``word``); pairs that occur less often are not merged (``bpe``).
        tokenizer: A ``tokenizer.json`` to use instead of learning one, such as a run's.
        batch_size: Documents or streams per process.
        bptt: Tokens per window.
        variable_length: Draw the length of training windows around ``bptt``.
        reverse: Read texts backwards.
        valid_fraction: Share of the training texts used for validation if there is no validation split.
        test_fraction: Share for a test if there is no split at all; ``None``: a tenth, from 500 texts on; 0: none.
        seed: Seed of the split, the order and the lengths.
        cache: Folder for token ids.
        artifacts_dir: Folder to which ``tokenizer.json`` is saved, for later predictions; ``None`` saves none.
        report_dir: Folder for ``rejected.csv``, and for ``duplicates.csv`` where there are any; ``None`` writes none.

    Attributes:
        classes: Sorted names of the classes, after ``setup``; empty without labels.
        rejected: Name and reason of each text that was left out, after ``setup``.

    Raises:
        MisconfigurationException: An option is out of range, or the texts can't be used.
    """

    mark_begin = True  # whether each document begins with xxbos; a plain corpus has no documents
    file_pattern = "**/*"  # of the files below ``root`` that are read
    text_column: str | None = None  # of CSV files

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        task: Task = "classification",
        level: Level = "word",
        max_vocab: int = 60_000,
        min_count: int = 2,
        tokenizer: str | os.PathLike[str] | None = None,
        batch_size: int = 32,
        bptt: int = 72,
        variable_length: bool = False,
        reverse: bool = False,
        valid_fraction: float = 0.1,
        test_fraction: float | None = None,
        seed: int = 1,
        cache: str | os.PathLike[str] = "data/cache",
        artifacts_dir: str | os.PathLike[str] | None = None,
        report_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__()
        fractions = valid_fraction, test_fraction
        check_text_options(type(self).__name__, task, level, max_vocab, min_count, batch_size, bptt, *fractions)
        #: Where the files come from; subclasses may download or generate them.
        self.source: Source | None = None if root is None else Local(Path(root))
        self.task, self.level, self.batch_size = task, level, batch_size
        self.bptt, self.variable_length, self.reverse, self.seed = bptt, variable_length, reverse, seed
        self.cache = Path(cache)
        self.artifacts_dir = None if artifacts_dir is None else Path(artifacts_dir)
        self.report_dir = None if report_dir is None else Path(report_dir)
        self.tokenization = TokenizationConfig(
            level=level,
            max_vocab=max_vocab,
            min_count=min_count if level in ("word", "bpe") else 1,
            tokenizer=None if tokenizer is None else Path(tokenizer),
            valid_fraction=valid_fraction,
            test_fraction=test_fraction,
            seed=seed,
            mark_begin=self.mark_begin,
        )
        self.classes: list[str] = []
        self.rejected: list[tuple[str, str]] = []
        self._corpus: TokenizedCorpus | None = None
        self._is_set_up = False

    # Reading and tokenizing -------------------------------------------------------------------------------------------

    @abstractmethod
    def documents(self) -> Iterator[Document]:
        """Read the texts below :attr:`root`, one at a time."""

    def reader_options(self) -> str:
        """Return the options that :meth:`documents` depends on besides the files; part of the cache key."""
        return ""

    def trained_format(self) -> CSVFormat | None:
        """The format of the table that the texts were read from; ``None``: from no table, or nothing is known."""
        return None

    @property
    def root(self) -> Path:
        """File or folder that is read; a zip file is extracted first.

        Raises:
            MisconfigurationException: None was given.
        """
        if self.source is None:
            raise MisconfigurationException(f"{type(self).__name__}: root is missing; give the file or folder with your texts.")
        return without_zip(self.source.path, self.cache)

    @property
    def corpus(self) -> TokenizedCorpus:
        """The tokenized texts, tokenized or read from the cache on first use."""
        if self._corpus is None:
            if not self.root.exists():
                raise MisconfigurationException(f"{self.root}: no such file or folder.")
            key = f"{type(self).__name__} {self.reader_options()} {self.root} {fingerprint(self.root, self.file_pattern)}"
            self._corpus = load_or_tokenize(self.documents, key, self.tokenization, self.cache)
        return self._corpus

    def prepare_data(self) -> None:
        """Make the files available and tokenize them, once per node."""
        if self.source is not None:
            self.source.prepare()
        _ = self.corpus

    def setup(self, stage: str | None = None) -> None:
        """Open the tokens, check them and save the tokenizer; fast after :meth:`prepare_data`."""
        if self._is_set_up:
            return
        self.rejected = self.corpus.rejected
        self.corpus.report_rejected(self.report_dir)
        if self.tokenization.test_fraction is None:
            self.corpus.say_held_out(self.root)
        self.corpus.duplicates.report(str(self.root), self.corpus.sizes, self.report_dir)
        for split in ("train", "valid"):
            if split not in self.corpus.splits:
                raise MisconfigurationException(f"{self.root}: {self._too_few(split)}")
        self.corpus.warn_of_unknown()
        if self.task == "classification":
            self.classes = class_names(self.corpus.splits, str(self.root))
        if self.artifacts_dir is not None:
            with atomic_write(self.artifacts_dir / "tokenizer.json") as beside:
                self.corpus.tokenizer.save(str(beside))
        self._is_set_up = True

    def _too_few(self, split: str) -> str:
        """Why a split has no text: a label of a single text stays in training."""
        train = self.corpus.splits.get("train")
        labels = [] if train is None or self.task != "classification" else list(train.labels)
        if 2 * len(set(labels)) > len(labels) > 0:
            return f"its {len(labels):,} texts have {len(set(labels)):,} different labels; a class needs several texts."
        return f"too few texts for a {split} split; add some."

    # Facts for the model and the records ------------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        """Return ``vocab``, ``level``, ``tokenizer`` (its SHA-256), ``reverse``; and what the task needs.

        For ``classification`` ``classes`` and ``class_counts``, for ``skip_gram`` ``counts`` of tokens.

        Raises:
            MisconfigurationException: Classes are not known yet, as nothing is set up.
        """
        require_set_up(self, self.task != "classification" or bool(self.classes))
        tokenizer = self.corpus.tokenizer
        facts: dict[str, Any] = {
            "vocab": vocabulary(tokenizer),
            "level": self.level,
            "tokenizer": hashlib.sha256(tokenizer.to_str().encode()).hexdigest(),
            "reverse": self.reverse,
        }
        if self.task == "classification":
            labels = self.corpus.splits["train"].labels
            facts |= {"classes": self.classes, "class_counts": [labels.count(name) for name in self.classes]}
        if self.task == "skip_gram":
            facts["counts"] = self.corpus.counts(TRAINING).tolist()
        return facts

    @property
    def provenance(self) -> dict[str, Any]:
        """Source, texts, tokens and share of unknown tokens by split, number of rejected texts, SHA-256 of all token ids."""
        return {"source": str(self.source), **self.corpus.facts()}

    @property
    def tests_on(self) -> str:
        """Split used for testing: ``valid`` if there is no ``test``."""
        return "test" if self._corpus is not None and "test" in self._corpus.splits else "valid"

    def row_names(self, split: str) -> list[str]:
        """Return the names of a split's documents in the order of its unshuffled loader."""
        names = self._split(split).names
        return [names[row] for row in self._documents(split).order]

    def detokenize(self, tokens: Sequence[str]) -> str:
        """Join tokens into readable text."""
        return detokenize(tokens[::-1] if self.reverse else tokens, self.level)

    def for_task(self, task: Task, batch_size: int, bptt: int) -> Self:
        """The same texts, tokenized once, for another task; its options are refused as the class refuses them."""
        check_text_options(type(self).__name__, task, self.level, 10, 1, batch_size, bptt, 0.1, None)
        other = copy(self)
        other.task, other.batch_size, other.bptt = task, batch_size, bptt
        other._is_set_up = self._is_set_up and (task != "classification" or bool(self.classes))
        return other

    def suggested_epochs(self) -> int:
        """A number of epochs that suits the amount of text, see :func:`.choose_epochs`."""
        return choose_epochs(self.task, len(self._split("train")), self.corpus.training_tokens, self.batch_size)

    # Loaders ----------------------------------------------------------------------------------------------------------

    def _split(self, split: str) -> TokenSplit:
        if split not in self.corpus.splits:
            raise MisconfigurationException(f"{self.root}: has no texts of the split {split}.")
        return self.corpus.splits[split]

    def _documents(self, split: str, shuffle: bool = False) -> DocumentBatches:
        texts = self._split(split)
        index = {name: number for number, name in enumerate(self.classes)}
        return DocumentBatches(
            texts.tokens,
            texts.starts,
            torch.tensor([index.get(label or "", -1) for label in texts.labels]),
            self.batch_size,
            shuffle=shuffle,
            reverse=self.reverse,
            seed=self.seed,
            **process_of(self.trainer),
        )

    def _windows(self, splits: Sequence[str], variable_length: bool) -> BPTTWindows:
        return BPTTWindows(
            *(self.corpus.splits[split].tokens for split in splits if split in self.corpus.splits),
            batch_size=self.batch_size,
            bptt=self.bptt,
            variable_length=variable_length,
            reverse=self.reverse,
            seed=self.seed,
            **process_of(self.trainer),
        )

    def _loader(self, split: str) -> StatefulDataLoader[Any]:
        dataset = self._documents(split) if self.task == "classification" else self._windows((split,), False)
        return batch_loader(dataset, self.seed)

    def train_dataloader(self) -> StatefulDataLoader[Any]:
        """Windows of all training texts, or documents in a new order each epoch."""
        if self.task == "classification":
            return batch_loader(self._documents("train", shuffle=True), self.seed)
        return batch_loader(self._windows(TRAINING, self.variable_length), self.seed)

    def val_dataloader(self) -> StatefulDataLoader[Any]:
        """Validation texts."""
        return self._loader("valid")

    def test_dataloader(self) -> StatefulDataLoader[Any]:
        """Test texts, or those of validation if there are none."""
        return self._loader(self.tests_on)
