"""Tokenized corpora on disk, memory-mapped, so that each is tokenized once and may be larger than memory."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from tokenizers import Tokenizer

from .readers import UNLABELLED, Document
from .tokenization import TokenizationConfig, load_tokenizer, tokenize

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
    """

    tokenizer: Tokenizer
    splits: dict[str, TokenSplit]
    rejected: list[tuple[str, str]]
    unknown: dict[str, float]
    sha256: str

    def counts(self, splits: Sequence[str]) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Count the occurrences of each token in these splits ``[V]``."""
        total = np.zeros(self.tokenizer.get_vocab_size(), np.int64)
        for tokens in (self.splits[split].tokens for split in splits if split in self.splits):
            for start in range(0, len(tokens), _BLOCK):  # the whole may not fit in memory
                total += np.bincount(tokens[start : start + _BLOCK], minlength=len(total))
        return total

    def facts(self) -> dict[str, Any]:
        """Texts, tokens and share of unknown tokens by split; size of the vocabulary, number of rejected texts, digest."""
        records = [(_NAMES_IN_RECORDS.get(split, split), split) for split in self.splits]
        return {
            **{name: len(self.splits[split]) for name, split in records},
            **{f"tokens/{name}": len(self.splits[split].tokens) for name, split in records},
            "vocabulary": self.tokenizer.get_vocab_size(),
            **{f"unknown/{name}": round(self.unknown[split], 5) for name, split in records},
            "rejected": len(self.rejected),
            "sha256": self.sha256,
        }


def fingerprint(root: Path, pattern: str) -> str:
    """Return the SHA-256 of a file, or of names and contents of the files in a folder that match ``pattern``."""
    files = [root] if root.is_file() else sorted(path for path in root.glob(pattern) if path.is_file())
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(root)}\0{path.stat().st_size}\0".encode())
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
        cache: Folder of the cache. Each corpus has a subfolder, which is complete or absent.

    Raises:
        MisconfigurationException: No document can be used.
    """
    if config.tokenizer is not None:
        load_tokenizer(config.tokenizer)
    digest = hashlib.sha256(f"{key} {config.key()}".encode()).hexdigest()
    folder = cache / f"text-{digest[:16]}"
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / f".{folder.name}.lock"):
        if not folder.is_dir():
            work = cache / f".unfinished-{folder.name}"
            shutil.rmtree(work, ignore_errors=True)  # left by a killed process
            work.mkdir()
            try:
                tokenize(read(), config, work)
                work.rename(folder)
            finally:
                shutil.rmtree(work, ignore_errors=True)
    return _load(folder)


def _load(folder: Path) -> TokenizedCorpus:
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    splits = {}
    for split, texts in facts["splits"].items():
        # An empty file can't be mapped.
        tokens: Any = np.memmap(folder / f"{split}.bin", facts["dtype"], "r") if texts["names"] else np.zeros(0, facts["dtype"])
        splits[split] = TokenSplit(tokens, np.load(folder / f"{split}.starts.npy"), texts["labels"], texts["names"])
    rejected = [(name, reason) for name, reason in facts["rejected"]]
    return TokenizedCorpus(load_tokenizer(folder / "tokenizer.json"), splits, rejected, facts["unknown"], facts["sha256"])
