"""Texts turned into numbers once, and kept on disk as memory-mapped files, so that a corpus may be larger than memory."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from filelock import FileLock
from practicum.lightning_shim import MisconfigurationException
from tokenizers import Tokenizer

from .readers import SPLITS, Document
from .tokenizer import BEGIN, UNKNOWN, Level, build_tokenizer, prepare

log = logging.getLogger(__name__)

_CHUNK = 2000  # documents tokenised at a time
_VERSION = 1  # of the files: a change makes them anew


@dataclass
class Part:
    """The texts of one split.

    Attributes:
        tokens: All of them in succession ``[tokens]``, each beginning with ``xxbos``; on disk.
        starts: Where each begins, and where the last one ends ``[texts + 1]``.
        labels: A class each, or ``None``.
        names: Where each was found.
    """

    tokens: np.ndarray[Any, Any]
    starts: np.ndarray[Any, Any]
    labels: list[str | None]
    names: list[str]

    def __len__(self) -> int:
        return len(self.names)


@dataclass
class TokenStore:
    """A corpus in numbers.

    Attributes:
        tokenizer: What made them.
        parts: By split.
        rejected: Texts that were left out, and why.
        unknown: Share of unknown tokens, by split.
        sha256: Of everything in it.
    """

    tokenizer: Tokenizer
    parts: dict[str, Part]
    rejected: list[tuple[str, str]]
    unknown: dict[str, float]
    sha256: str

    def counts(self, splits: Sequence[str]) -> np.ndarray[Any, np.dtype[np.int64]]:
        """How often each token occurs in these splits ``[V]``."""
        total = np.zeros(self.tokenizer.get_vocab_size(), np.int64)
        for tokens in (self.parts[split].tokens for split in splits if split in self.parts):
            for start in range(0, len(tokens), 1 << 24):  # a part at a time: they may not fit in memory
                total += np.bincount(tokens[start : start + (1 << 24)], minlength=len(total))
        return total


@dataclass(frozen=True)
class Recipe:
    """How texts become numbers.

    Attributes:
        level: See :mod:`.tokenizer`.
        max_vocab: Tokens at most.
        min_count: Of a word.
        tokenizer: A file to take instead of learning one.
        valid_fraction: Share of the training texts that validate where no split does.
        seed: Which.
        mark_begin: Put ``xxbos`` before each text.
    """

    level: Level
    max_vocab: int
    min_count: int
    tokenizer: Path | None
    valid_fraction: float
    seed: int
    mark_begin: bool

    def key(self) -> str:
        """What results depend on."""
        content = "" if self.tokenizer is None else hashlib.sha256(self.tokenizer.read_bytes()).hexdigest()
        return json.dumps([_VERSION, {**vars(self), "tokenizer": content}])


def token_store(read: Callable[[], Iterable[Document]], fingerprint: str, recipe: Recipe, cache: Path) -> TokenStore:
    """Tokens of documents: those kept from an earlier time, or made now.

    Args:
        read: Yields the documents.
        fingerprint: Of their contents.
        recipe: How.
        cache: Folder for what is kept; a corpus has a folder of its own in it, there whole or not at all.

    Raises:
        MisconfigurationException: Nothing that can be used.
    """
    if recipe.tokenizer is not None:
        read_tokenizer(recipe.tokenizer)
    key = hashlib.sha256(f"{fingerprint} {recipe.key()}".encode()).hexdigest()
    place = cache / f"text-{key[:16]}"
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / f".{place.name}.lock"):
        if not place.is_dir():
            work = cache / f".unfinished-{place.name}"
            shutil.rmtree(work, ignore_errors=True)  # of a process that was killed
            work.mkdir()
            try:
                _tokenise(read(), recipe, work)
                work.rename(place)
            finally:
                shutil.rmtree(work, ignore_errors=True)
    return _open(place)


def _open(place: Path) -> TokenStore:
    facts = json.loads((place / "facts.json").read_text(encoding="utf-8"))
    parts = {}
    for split, part in facts["parts"].items():
        tokens: Any = np.memmap(place / f"{split}.bin", facts["dtype"], "r") if part["names"] else np.zeros(0, facts["dtype"])
        parts[split] = Part(tokens, np.load(place / f"{split}.starts.npy"), part["labels"], part["names"])
    rejected = [(name, reason) for name, reason in facts["rejected"]]
    return TokenStore(read_tokenizer(place / "tokenizer.json"), parts, rejected, facts["unknown"], facts["sha256"])


def read_tokenizer(path: Path) -> Tokenizer:
    """A tokenizer's JSON.

    Raises:
        MisconfigurationException: No such file, or not that.
    """
    if not path.is_file():
        raise MisconfigurationException(f"{path}: no such tokenizer; it lies in the run folder that made it, as tokenizer.json.")
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises no more special one
        raise MisconfigurationException(f"{path}: is no tokenizer of the tokenizers package ({error}).") from error


def _tokenise(documents: Iterable[Document], recipe: Recipe, folder: Path) -> None:
    """Three passes, the texts in a scratch file between them: read and prepare; learn the vocabulary; write the numbers."""
    scratch = folder / "prepared"
    kept: list[tuple[str, str | None, str]] = []  # split, label, name
    lengths: list[int] = []  # in bytes
    rejected: list[tuple[str, str]] = []
    with open(scratch, "wb") as file:
        for document in documents:
            if document.text is None:
                rejected.append((document.name, "not UTF-8"))
                continue
            raw = prepare(document.text, recipe.level).encode("utf-8", "replace") if document.text.strip() else b""
            if not raw:
                rejected.append((document.name, "empty"))
                continue
            file.write(raw)
            kept.append((document.split, document.label, document.name))
            lengths.append(len(raw))
    if not kept:
        reason = f": {rejected[0][0]} is {rejected[0][1]}" if rejected else ""
        raise MisconfigurationException(f"no text can be used{reason}.")
    splits = _with_validation(kept, recipe)
    learnt = {"train", "unsup"}
    if recipe.tokenizer is None:
        of_training = (text for text, split in zip(_texts(scratch, lengths), splits, strict=True) if split in learnt)
        tokenizer = build_tokenizer(of_training, recipe.level, recipe.max_vocab, recipe.min_count)
    else:
        tokenizer = read_tokenizer(recipe.tokenizer)
    size = tokenizer.get_vocab_size()
    dtype = np.dtype(np.uint16 if size <= 1 << 16 else np.int32)
    begin, unknown = (tokenizer.token_to_id(each) for each in (BEGIN, UNKNOWN))
    if begin is None:
        raise MisconfigurationException(f"{recipe.tokenizer}: its vocabulary lacks {BEGIN}.")

    counts: dict[str, list[int]] = {split: [] for split in SPLITS if split in splits}
    unknowns: Counter[str] = Counter()
    digest = hashlib.sha256()
    files: dict[str, BinaryIO] = {split: open(folder / f"{split}.bin", "wb") for split in counts}  # noqa: SIM115
    try:
        for split, numbers in zip(splits, encode(tokenizer, _texts(scratch, lengths)), strict=True):
            row = np.asarray([begin, *numbers] if recipe.mark_begin else numbers, dtype)
            files[split].write(row.tobytes())
            digest.update(row.tobytes())
            counts[split].append(len(row))
            unknowns[split] += int((row == unknown).sum())
    finally:
        for each in files.values():
            each.close()
    scratch.unlink()
    parts = {
        split: {
            "labels": [label for (_, label, _), s in zip(kept, splits, strict=True) if s == split],
            "names": [name for (_, _, name), s in zip(kept, splits, strict=True) if s == split],
        }
        for split in counts
    }
    for split, numbers in counts.items():
        np.save(folder / f"{split}.starts.npy", np.concatenate([[0], np.cumsum(numbers, dtype=np.int64)]))
    tokenizer.save(str(folder / "tokenizer.json"))
    facts = {
        "dtype": dtype.name,
        "parts": parts,
        "rejected": rejected,
        "unknown": {split: unknowns[split] / max(1, sum(numbers)) for split, numbers in counts.items()},
        "sha256": digest.hexdigest(),
    }
    (folder / "facts.json").write_text(json.dumps(facts), encoding="utf-8")


def _texts(scratch: Path, lengths: list[int]) -> Iterator[str]:
    with open(scratch, "rb") as file:
        for length in lengths:
            yield file.read(length).decode("utf-8")


def encode(tokenizer: Tokenizer, texts: Iterable[str]) -> Iterator[list[int]]:
    """Numbers of prepared texts; the next chunk is read while one is tokenised, on all cores."""
    texts = iter(texts)
    with ThreadPoolExecutor(1) as pool:
        chunk = list(islice(texts, _CHUNK))
        while chunk:
            encoding = pool.submit(tokenizer.encode_batch_fast, chunk)
            chunk = list(islice(texts, _CHUNK))
            yield from (each.ids for each in encoding.result())


def _with_validation(kept: list[tuple[str, str | None, str]], recipe: Recipe) -> list[str]:
    """Splits, of which a share of the training texts has become ``valid`` where there was none: of each label alike."""
    splits = [split for split, _, _ in kept]
    if "valid" in splits:
        return splits
    generator = np.random.default_rng(recipe.seed)
    by_label: dict[str, list[int]] = {}
    for index, (split, label, _) in enumerate(kept):
        if split == "train":
            by_label.setdefault(label or "", []).append(index)
    for label in sorted(by_label):
        members = by_label[label]
        count = min(len(members) - 1, max(1, round(recipe.valid_fraction * len(members))))
        for index in generator.permutation(members)[:count]:
            splits[index] = "valid"
    return splits
