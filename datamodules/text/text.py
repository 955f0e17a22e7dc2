"""Texts as a LightningDataModule: for a language model in windows of streams, for a classifier in batches of documents."""

from __future__ import annotations

import csv
import hashlib
import logging
import os
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from practicum.lightning_shim import LightningDataModule, MisconfigurationException
from tokenizers import Tokenizer
from torchdata.stateful_dataloader import StatefulDataLoader

from ..files.atomic_file import atomic_write
from ..files.csv_files import open_table, write_csv
from ..loading.seeded_sampler import SeededSampler
from .bptt_windows import BPTTWindows
from .document_batches import DocumentBatches
from .readers import Document
from .token_cache import Part, Recipe, TokenStore, encode, read_tokenizer, token_store
from .tokenizer import BEGIN, LEVELS, Level, prepare, vocabulary, written

log = logging.getLogger(__name__)

TRAINING = ("train", "unsup")  # splits that a language is learnt from
Task = Literal["classification", "language_model", "skip_gram"]


class Text(LightningDataModule):
    """What all kinds of texts have in common; each says how its documents are read.

    Texts are tokenised once and kept on disk, memory-mapped. What can't be used (empty, not UTF-8) is left out and listed in
    ``rejected.csv`` of the run folder.

    Args:
        root: Where the texts lie.
        task: ``classification``: batches of documents and their classes; ``language_model``: windows of all texts as parallel
            streams, those without a label included; ``skip_gram``: the same, and how often each token occurs.
        level: Of tokens, see :mod:`.tokenizer`.
        max_vocab: Tokens at most.
        min_count: Rarer words are unknown.
        tokenizer: A ``tokenizer.json`` to use instead of learning one, such as a run's.
        batch_size: Documents or streams, on each process.
        bptt: Tokens of a window.
        vary: Draw the length of training's windows around ``bptt``.
        reverse: Read texts from their ends.
        valid_fraction: Share of the training texts that validate where no split does.
        seed: Of the split, the order and the lengths.
        cache: Folder for tokens.
        keep: Folder where the tokenizer is left for those who predict.
        report: Folder for ``rejected.csv``; ``None`` writes none.

    Raises:
        MisconfigurationException: Texts that can't be used; the message says what was found and wanted.
    """

    def __init__(
        self,
        root: str | os.PathLike[str] | None,
        task: Task = "classification",
        level: Level = "word",
        max_vocab: int = 60_000,
        min_count: int = 2,
        tokenizer: str | os.PathLike[str] | None = None,
        batch_size: int = 64,
        bptt: int = 72,
        vary: bool = False,
        reverse: bool = False,
        valid_fraction: float = 0.1,
        seed: int = 1,
        cache: str | os.PathLike[str] = "data/cache",
        keep: str | os.PathLike[str] | None = None,
        report: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__()
        for option, value, valid in (
            ("task", task, task in get_args(Task)),
            ("level", level, level in LEVELS),
            ("max_vocab", max_vocab, max_vocab >= 10),
            ("min_count", min_count, min_count >= 1),
            ("batch_size", batch_size, batch_size >= 1),
            ("bptt", bptt, bptt >= 1),
            ("valid_fraction", valid_fraction, 0 < valid_fraction < 1),
        ):
            if not valid:
                raise MisconfigurationException(f"data.{option}={value} is out of range.")
        self.root = None if root is None else Path(root)
        self.task, self.level, self.batch_size = task, level, batch_size
        self.bptt, self.vary, self.reverse, self.seed = bptt, vary, reverse, seed
        self.cache = Path(cache)
        self.keep = None if keep is None else Path(keep)
        self.report = None if report is None else Path(report)
        self._recipe = Recipe(
            level,
            max_vocab,
            min_count if level in ("word", "bpe") else 1,
            None if tokenizer is None else Path(tokenizer),
            valid_fraction,
            seed,
            mark_begin=self.marks_begin,
        )
        self.classes: list[str] = []
        self.rejected: list[tuple[str, str]] = []
        self._store: TokenStore | None = None
        self._new: Part | None = None  # texts to predict
        self._tokenizer: Tokenizer | None = None

    marks_begin = True  # whether a document begins with xxbos; a plain corpus has no documents
    labelled = True  # whether texts may have labels
    pattern = "**/*"  # of the files that are read, below ``root``

    @property
    def predicts(self) -> str | None:
        """What ``predict.py`` is given, for the last table; a language model has nothing to predict."""
        return "TEXTS" if self.task == "classification" else None

    @property
    def builds(self) -> str:
        """What to type to build a classifier on a run that has nothing to predict, the run's folder following."""
        return "model.encoder=" if self.task == "language_model" else "model=word_vectors model.vectors="

    def builds_on(self, choice: str, typed: Sequence[str]) -> list[str]:
        """What to type before :attr:`builds`: the same texts, read as they were.

        Args:
            choice: Of ``data=``.
            typed: What was typed for this run.
        """
        own = ("data.task", "data.batch_size", "data.bptt", "data.vary", "data.tokenizer")  # a language model's
        kept = [each for each in typed if each.startswith("data.") and not each.startswith(own)]
        kept = [f"data={choice}", *kept] if self.labelled else ["data=text_csv", "data.root=TEXTS", f"data.level={self.level}"]
        pieces = [f"data.tokenizer={self.keep}/tokenizer.json"] if self.level == "bpe" else []
        return ["experiment=reviews", *kept, *pieces]

    @property
    def own(self) -> tuple[str, ...]:
        """What to type for one's own texts."""
        if self.task != "classification":
            experiment = "experiment=lm" if self.task == "language_model" else "experiment=word_vectors"
            return experiment, "data=language_model", f"data.task={self.task}", "data.root=TEXT"
        return "experiment=reviews", "data=text_csv", "data.root=TEXTS"

    # What is there ----------------------------------------------------------------------------------------------------

    @abstractmethod
    def documents(self) -> Iterator[Document]:
        """Read the texts, one at a time."""

    def fingerprint(self) -> str:
        """SHA-256 of what :meth:`documents` reads: names and contents of the files."""
        assert self.root is not None
        files = [self.root] if self.root.is_file() else sorted(path for path in self.root.glob(self.pattern) if path.is_file())
        digest = hashlib.sha256()
        for path in files:
            digest.update(f"{path.relative_to(self.root)}\0{path.stat().st_size}\0".encode())
            with open(path, "rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()

    def prepare_data(self) -> None:
        """Tokenise once a node. Not where only new texts are to be predicted."""
        if self._new is None:
            self._tokens()

    def _tokens(self) -> TokenStore:
        if self._store is not None:
            return self._store
        if self.root is None:
            raise MisconfigurationException(
                "data.root is missing: give the file or folder that holds your texts, data.root=TEXTS."
            )
        if not self.root.exists():
            raise MisconfigurationException(f"data.root={self.root}: no such file or folder.")
        reads = f"{type(self).__name__} {self.reads()} {self.fingerprint()}"
        self._store = token_store(self.documents, reads, self._recipe, self.cache)
        return self._store

    def reads(self) -> str:
        """Settings that :meth:`documents` depends on beside the files."""
        return ""

    def setup(self, stage: str | None = None) -> None:
        """Open the tokens; cheap after :meth:`prepare_data`."""
        if self._tokenizer is not None or stage == "predict":
            return
        store = self._tokens()
        self._tokenizer = store.tokenizer
        self.rejected = store.rejected
        if self.report is not None:
            write_csv(self.report / "rejected.csv", ("file", "reason"), self.rejected)
        if self.rejected:
            name, reason = self.rejected[0]
            log.warning(f"{len(self.rejected)} texts left out, e.g. {name} ({reason}).")
        for split in ("train", "valid"):
            if split not in store.parts:
                raise MisconfigurationException(f"data.root={self.root}: too few texts for a {split} split; add some.")
        self._warn_of_tokens(store)
        if self.task == "classification":
            self._check_labels(store)
        if self.keep is not None:
            with atomic_write(self.keep / "tokenizer.json") as beside:
                store.tokenizer.save(str(beside))

    def _warn_of_tokens(self, store: TokenStore) -> None:
        unknown = store.unknown.get("valid", 0)
        if unknown > 0.2:
            log.warning(f"{unknown:.0%} of the validation tokens are unknown: data.level=bpe or character knows them all.")

    def _check_labels(self, store: TokenStore) -> None:
        where = f"data.root={self.root}"
        self.classes = sorted({label for label in store.parts["train"].labels if label is not None})
        if len(self.classes) < 2:
            found = f"one class only ({self.classes[0]})" if self.classes else "no labelled text"
            raise MisconfigurationException(f"{where}: found {found} to train on; texts of at least two are needed.")
        for split in ("valid", "test"):
            part = store.parts.get(split)
            for label, name in zip(part.labels, part.names, strict=True) if part else ():
                if label not in self.classes:
                    raise MisconfigurationException(
                        f"{name}: its label {label!r} is not among those of training ({', '.join(self.classes[:5])}); correct "
                        "it, or add training texts of it."
                    )

    # What the model and the run need to know --------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        """``vocab``, ``level``, ``tokenizer`` (a fingerprint), ``reverse``; for a classifier ``classes``, ``class_counts``; for a
        skip-gram ``counts`` of tokens.
        """
        assert self._store is not None
        facts: dict[str, Any] = {
            "vocab": vocabulary(self._store.tokenizer),
            "level": self.level,
            "tokenizer": hashlib.sha256(self._store.tokenizer.to_str().encode()).hexdigest(),
            "reverse": self.reverse,
        }
        if self.task == "classification":
            labels = self._store.parts["train"].labels
            facts |= {"classes": self.classes, "class_counts": [labels.count(name) for name in self.classes]}
        if self.task == "skip_gram":
            facts["counts"] = self._store.counts(TRAINING).tolist()
        return facts

    @property
    def provenance(self) -> dict[str, Any]:
        """Where the texts come from: source, texts and tokens of each split, how many were left out, SHA-256 of all tokens."""
        assert self._store is not None
        parts = self._store.parts
        return {
            "source": str(self.root),
            **{split: len(part) for split, part in parts.items()},
            **{f"tokens/{split}": len(part.tokens) for split, part in parts.items()},
            "vocabulary": self._store.tokenizer.get_vocab_size(),
            **{f"unknown/{split}": round(share, 5) for split, share in self._store.unknown.items()},
            "rejected": len(self.rejected),
            "sha256": self._store.sha256,
        }

    @property
    def tests_on(self) -> str:
        """The split that ``test`` measures: ``valid`` where there is no other."""
        return "test" if self._store is not None and "test" in self._store.parts else "valid"

    def row_names(self, split: str) -> list[str]:
        """Names of the documents of a split, in the order of its unshuffled loader."""
        part = self._part(split)
        return [part.names[row] for row in self._documents(split).order]

    def written(self, tokens: Sequence[str]) -> str:
        """Tokens as a person would write them."""
        return written(tokens[::-1] if self.reverse else tokens, self.level)

    # Loaders ----------------------------------------------------------------------------------------------------------

    def _part(self, split: str) -> Part:
        part = self._new if split == "predict" else None if self._store is None else self._store.parts.get(split)
        if part is None:
            raise MisconfigurationException(f"No texts of the split {split}.")
        return part

    def _documents(self, split: str, shuffle: bool = False) -> DocumentBatches:
        part = self._part(split)
        column = {name: number for number, name in enumerate(self.classes)}
        targets = torch.tensor([column.get(label or "", -1) for label in part.labels])
        return DocumentBatches(
            part.tokens,
            part.starts,
            targets,
            self.batch_size,
            shuffle,
            sort=split != "predict",
            reverse=self.reverse,
            seed=self.seed,
            **self._place(),
        )

    def _place(self) -> dict[str, int]:
        trainer = self.trainer
        return {"rank": trainer.global_rank, "world_size": trainer.world_size} if trainer else {}

    def _windows(self, splits: Sequence[str], vary: bool) -> BPTTWindows:
        assert self._store is not None
        tokens = [self._store.parts[split].tokens for split in splits if split in self._store.parts]
        return BPTTWindows(
            *tokens,
            batch_size=self.batch_size,
            bptt=self.bptt,
            vary=vary,
            reverse=self.reverse,
            seed=self.seed,
            **self._place(),
        )

    def _loader(self, split: str, training: bool = False) -> StatefulDataLoader[Any]:
        dataset: BPTTWindows | DocumentBatches
        if self.task != "classification" and split != "predict":
            dataset = self._windows(TRAINING if training else (split,), self.vary and training)
        else:
            dataset = self._documents(split, shuffle=training)
        # Each process's share is the data set's business: the sampler goes through all of it.
        return StatefulDataLoader(dataset, batch_size=None, sampler=SeededSampler(dataset, shuffle=False, seed=self.seed))

    def train_dataloader(self) -> StatefulDataLoader[Any]:
        """Windows of all training texts, or documents in an order of their own each epoch."""
        return self._loader("train", training=True)

    def val_dataloader(self) -> StatefulDataLoader[Any]:
        """Validation texts."""
        return self._loader("valid")

    def test_dataloader(self) -> StatefulDataLoader[Any]:
        """Test texts; those of validation where there are no others."""
        return self._loader(self.tests_on)

    # New texts --------------------------------------------------------------------------------------------------------

    def predict_from(self, source: str | os.PathLike[str]) -> None:
        """Take new texts for :meth:`predict_dataloader`.

        Args:
            source: A text file, each line a text; a CSV with a column of texts (``text_column`` or the first); or a folder of
                text files.

        Raises:
            MisconfigurationException: Nothing there, nothing in it that can be used, or this run is a language model.
        """
        if self.task != "classification":
            raise MisconfigurationException(
                f"This run has no classes to predict; train a classifier on it: experiment=reviews {self.builds}RUN."
            )
        if self.keep is None:
            raise MisconfigurationException("data.keep is missing: the folder of the run, where its tokenizer.json lies.")
        found = list(new_texts(Path(source), getattr(self, "text_column", None)))
        self.rejected = [(name, "not UTF-8") for name, text in found if text is None]
        usable = [(name, text) for name, text in found if text is not None]
        if not usable:
            raise MisconfigurationException(f"input={source}: holds no text that can be read.")
        self._tokenizer = read_tokenizer(self.keep / "tokenizer.json")
        begin = self._tokenizer.token_to_id(BEGIN) or 0
        rows = [[begin, *row] for row in encode(self._tokenizer, (prepare(text, self.level) for _, text in usable))]
        starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
        tokens = np.concatenate([np.asarray(row, np.int32) for row in rows])
        self._new = Part(tokens, starts, [None] * len(rows), [name for name, _ in usable])

    def predict_dataloader(self) -> StatefulDataLoader[Any]:
        """The texts of :meth:`predict_from`, in their order."""
        if self._new is None:
            raise MisconfigurationException("No texts to predict: call predict_from(FILE, FOLDER or CSV) first.")
        return self._loader("predict")

    def predict_rows(self) -> list[dict[str, str]]:
        """What each prediction is of: where the text was found."""
        return [{"text": name} for name in self._part("predict").names]


def new_texts(source: Path, text_column: str | None) -> Iterator[tuple[str, str | None]]:
    """Texts of a file of lines, a CSV or a folder, each with what it is called; ``None``: not UTF-8.

    A line and a CSV's text are called by themselves, a file by its path.

    Raises:
        MisconfigurationException: Missing or without texts.
    """
    if source.is_dir():
        files = sorted(path for path in source.rglob("*") if path.is_file() and not path.name.startswith("."))
        for path in files:
            try:
                yield str(path), path.read_text(encoding="utf-8-sig")
            except UnicodeDecodeError:
                yield str(path), None
    elif not source.is_file():
        raise MisconfigurationException(f"input={source}: no such file or folder.")
    elif source.suffix.lower() == ".csv":
        with open_table(source) as file:
            reader = csv.DictReader(file)
            columns = reader.fieldnames or []
            column = text_column if text_column in columns else columns[0] if columns else None
            if column is None:
                raise MisconfigurationException(f"input={source}: is empty; a header and a row for each text are wanted.")
            for row in reader:
                yield row[column] or "", row[column] or ""
    else:
        with open_table(source) as file:
            for line in file:
                if line.strip():
                    yield line.strip(), line
