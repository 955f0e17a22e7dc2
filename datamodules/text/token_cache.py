"""Tokenized corpora on disk, memory-mapped, so that each is tokenized once and may be larger than memory."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from ..files.csv_files import write_csv
from ..files.say_once import keep_sentences, say_again
from ..loading.cache_folder import whole_folder
from ..loading.held_out import held_out_sentence
from .duplicates import Duplicates
from .readers import Document
from .split_names import UNLABELLED
from .tokenization import TRAINING, TokenizationConfig, load_tokenizer, tokenize

log = logging.getLogger(__name__)

_BLOCK = 1 << 24  # tokens counted at a time
_NAMES_IN_RECORDS = {UNLABELLED: "unsup"}  # aclImdb's name, as in earlier records


@dataclass
class TokenSplit:
    """The texts of one split as token ids.

    Attributes:
        tokens: All texts, concatenated ``[tokens]``; may be memory-mapped.
        starts: Where each text begins, and where the last one ends ``[texts + 1]``.
        labels: Class of each text, or ``None``.
        names: Where each text was found.
    """

    tokens: np.ndarray[Any, Any]
    starts: np.ndarray[Any, Any]
    labels: list[str | None]
    names: list[str]

    def __len__(self) -> int:
        return len(self.names)


@dataclass
class TokenizedCorpus:
    """A corpus as token ids.

    Attributes:
        tokenizer: The tokenizer that produced them.
        splits: Texts by split.
        rejected: Name and reason of each text that was left out.
        unknown: Share of unknown tokens by split.
        sha256: Digest of all token ids.
        duplicates: Texts that occur more than once.
        held_out: Texts that we held out for a test, as nothing was split.
    """

    tokenizer: Tokenizer
    splits: dict[str, TokenSplit]
    rejected: list[tuple[str, str]]
    unknown: dict[str, float]
    sha256: str
    duplicates: Duplicates = field(default_factory=Duplicates)
    held_out: int = 0

    def counts(self, splits: Sequence[str]) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Count the occurrences of each token in these splits ``[V]``."""
        total = np.zeros(self.tokenizer.get_vocab_size(), np.int64)
        for tokens in (self.splits[split].tokens for split in splits if split in self.splits):
            for start in range(0, len(tokens), _BLOCK):  # the whole may not fit in memory
                total += np.bincount(tokens[start : start + _BLOCK], minlength=len(total))
        return total

    @property
    def sizes(self) -> dict[str, int]:
        """Number of texts by split."""
        return {split: len(texts) for split, texts in self.splits.items()}

    @property
    def training_tokens(self) -> int:
        """Number of tokens of all training texts, unlabelled ones included."""
        return sum(len(self.splits[split].tokens) for split in TRAINING if split in self.splits)

    def report_rejected(self, folder: Path | None) -> None:
        """Say how many texts were left out, and list them in ``rejected.csv``.

        Args:
            folder: Where that is; ``None`` writes none.
        """
        if folder is not None:
            write_csv(folder / "rejected.csv", ("file", "reason"), self.rejected)
        if self.rejected:
            name, reason = self.rejected[0]
            log.warning(f"{len(self.rejected)} texts left out, e.g. {name} ({reason}).")

    def warn_of_unknown(self) -> None:
        """Warn where many words of validation are not in the vocabulary."""
        if (unknown := self.unknown.get("valid", 0)) > 0.2:
            log.warning(f"{unknown:.0%} of the validation tokens are unknown; level=bpe and level=character know all of them.")

    def say_held_out(self, where: object) -> None:
        """Say that a test was held out, if one was.

        Args:
            where: Origin of the texts.
        """
        if self.held_out:
            texts = sum(self.sizes[split] for split in ("train", "valid", "test"))
            log.info(held_out_sentence(where, self.held_out, texts, "texts"))

    def facts(self) -> dict[str, Any]:
        """Texts, tokens and share of unknown tokens by split; size of the vocabulary, number of rejected texts, digest.

        Where there are any, also numbers of texts that occur more than once (``duplicates/train``) or in another split
        (``leaked/test``).
        """
        records = [(_NAMES_IN_RECORDS.get(split, split), split) for split in self.splits]
        return {
            **{name: len(self.splits[split]) for name, split in records},
            **{f"tokens/{name}": len(self.splits[split].tokens) for name, split in records},
            "vocabulary": self.tokenizer.get_vocab_size(),
            **{f"unknown/{name}": round(self.unknown[split], 5) for name, split in records},
            **{f"duplicates/{_NAMES_IN_RECORDS.get(split, split)}": count for split, count in self.duplicates.within.items()},
            **{f"leaked/{split}": count for split, count in self.duplicates.leaked.items()},
            "rejected": len(self.rejected),
            "sha256": self.sha256,
        }


def fingerprint(root: Path, pattern: str) -> str:
    """Return the SHA-256 of a file, or of names and contents of the files in a folder that match ``pattern``."""
    files = [root] if root.is_file() else sorted(path for path in root.glob(pattern) if path.is_file())
    digest = hashlib.sha256()
    for path in files:
        digest.update(os.fsencode(path.relative_to(root)) + f"\0{path.stat().st_size}\0".encode())
        with open(path, "rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def load_or_tokenize(
    read: Callable[[], Iterable[Document]], key: str, config: TokenizationConfig, cache: Path
) -> TokenizedCorpus:
    """Load a tokenized corpus from the cache, or tokenize it now.

    Args:
        read: Yields the documents.
        key: Identifies the documents and how they are read.
        config: How they are tokenized.
        cache: Folder of the cache. Each corpus has a subfolder, which is complete or absent; a damaged one is made again.

    Raises:
        MisconfigurationException: No document can be used, or the cache can't be written.
    """
    if config.tokenizer is not None:
        load_tokenizer(config.tokenizer)
    digest = hashlib.sha256(f"{key} {config.key()}".encode()).hexdigest()

    def make(work: Path) -> None:
        with keep_sentences(work):
            tokenize(read(), config, work)

    return _load(whole_folder(cache / f"text-{digest[:16]}", make))


def _load(folder: Path) -> TokenizedCorpus:
    say_again(folder)
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    splits = {}
    for split, texts in facts["splits"].items():
        # An empty file can't be mapped.
        tokens: Any = np.memmap(folder / f"{split}.bin", facts["dtype"], "r") if texts["names"] else np.zeros(0, facts["dtype"])
        splits[split] = TokenSplit(tokens, np.load(folder / f"{split}.starts.npy"), texts["labels"], texts["names"])
    rejected = [(name, reason) for name, reason in facts["rejected"]]
    duplicates = Duplicates(**{**facts["duplicates"], "pairs": [(a, b, c, d) for a, b, c, d in facts["duplicates"]["pairs"]]})
    tokenizer = load_tokenizer(folder / "tokenizer.json")
    return TokenizedCorpus(tokenizer, splits, rejected, facts["unknown"], facts["sha256"], duplicates, facts["held_out"])
