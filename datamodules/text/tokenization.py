"""Tokenize a corpus that may be larger than memory: read and normalize, learn the vocabulary, write the ids."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from practicum.lightning_shim import MisconfigurationException
from tokenizers import Tokenizer

from ..loading.held_out import held_out_share
from .duplicates import find_duplicates
from .readers import Document
from .split_names import SPLITS, UNLABELLED
from .tokenizer import BEGIN, UNKNOWN, Level, build_tokenizer, level_of, normalize

TRAINING = ("train", UNLABELLED)  # splits that the vocabulary and a language model learn from
_CHUNK = 2000  # documents tokenized at a time, at most
_CHARACTERS = 1 << 22  # after so many a chunk ends: its encodings take a hundred times what its ids do on disk
_VERSION = 7  # of the files written; a change invalidates caches


@dataclass(frozen=True)
class TokenizationConfig:
    """How texts are turned into token ids.

    Attributes:
        level: Kind of token, see :mod:`.tokenizer`.
        max_vocab: Maximum number of tokens.
        min_count: Minimum number of occurrences of a word.
        tokenizer: File of a tokenizer to use instead of learning one.
        valid_fraction: Share of the training texts that is held out if there is no validation split.
        seed: Seed of that choice.
        mark_begin: Put ``xxbos`` before each text.
        test_fraction: Share that is held out for a test if there is no split at all; ``None``: see :mod:`.held_out`.
    """

    level: Level
    max_vocab: int
    min_count: int
    tokenizer: Path | None
    valid_fraction: float
    seed: int
    mark_begin: bool
    test_fraction: float | None = None

    def key(self) -> str:
        """Return everything that the result depends on besides the texts."""
        content = "" if self.tokenizer is None else hashlib.sha256(self.tokenizer.read_bytes()).hexdigest()
        return json.dumps([_VERSION, {**vars(self), "tokenizer": content}])


class _Entry(NamedTuple):
    """A document whose normalized text is in the scratch file."""

    split: str
    label: str | None
    name: str
    size: int  # bytes
    digest: bytes


def load_tokenizer(path: Path) -> Tokenizer:
    """Load a tokenizer from JSON.

    Raises:
        MisconfigurationException: The file is missing or isn't a tokenizer.
    """
    if not path.is_file():
        raise MisconfigurationException(f"{path}: no such tokenizer; a run keeps its own as tokenizer.json.")
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing more specific
        raise MisconfigurationException(f"{path}: is not a tokenizer of the tokenizers package ({error}).") from error


def encode(tokenizer: Tokenizer, texts: Iterable[str]) -> Iterator[list[int]]:
    """Tokenize normalized texts on all cores; the next chunk is read while the current one is tokenized.

    A chunk is 2,000 texts, or fewer where they are long: what is in memory depends on the longest text, which is not divided, and
    not on the size of the corpus.
    """
    texts = iter(texts)
    with ThreadPoolExecutor(1) as pool:
        chunk = _chunk(texts)
        while chunk:
            encoding = pool.submit(tokenizer.encode_batch_fast, chunk)
            chunk = _chunk(texts)
            yield from (each.ids for each in encoding.result())


def _chunk(texts: Iterator[str]) -> list[str]:
    chunk: list[str] = []
    characters = 0
    for text in texts:
        chunk.append(text)
        characters += len(text)
        if len(chunk) == _CHUNK or characters >= _CHARACTERS:
            break
    return chunk


def tokenize(documents: Iterable[Document], config: TokenizationConfig, folder: Path) -> None:
    """Tokenize documents and write ids, offsets, labels, names and the tokenizer into ``folder``.

    Raises:
        MisconfigurationException: No text can be used, or the given tokenizer isn't one of ours.
    """
    scratch = folder / "normalized"
    entries, rejected = _normalize_all(documents, config.level, scratch)
    if not entries:
        reason = f": {rejected[0][0]} is {rejected[0][1]}" if rejected else ""
        raise MisconfigurationException(f"no text can be used{reason}.")
    given, text_labels = [each.split for each in entries], [each.label for each in entries]
    splits = hold_out(given, text_labels, config.valid_fraction, config.seed)
    share, held_out = held_out_share(config.test_fraction, given.count("train"), config.valid_fraction), 0
    if share and not {"valid", "test"} & {*given}:
        # Of what is left, and by another seed: validation's texts are the same with and without a test.
        splits = hold_out(splits, text_labels, share / (1 - config.valid_fraction), config.seed + 1, "test")
        held_out = splits.count("test")
    if config.tokenizer is None:
        training = (text for text, split in zip(_texts(scratch, entries), splits, strict=True) if split in TRAINING)
        tokenizer = build_tokenizer(training, config.level, config.max_vocab, config.min_count)
    else:
        tokenizer = load_tokenizer(config.tokenizer)
        if (level := level_of(tokenizer)) not in (None, config.level):
            raise MisconfigurationException(
                f"{config.tokenizer}: its tokens are of level={level}, but level={config.level} is asked for; set level={level}."
            )
    begin, unknown = (tokenizer.token_to_id(each) for each in (BEGIN, UNKNOWN))
    if begin is None:
        raise MisconfigurationException(f"{config.tokenizer}: its vocabulary lacks {BEGIN}.")
    dtype = np.dtype(np.uint16 if tokenizer.get_vocab_size() <= 1 << 16 else np.int32)

    lengths: dict[str, list[int]] = {split: [] for split in SPLITS if split in splits}
    unknowns: Counter[str] = Counter()
    digest = hashlib.sha256()
    files: dict[str, BinaryIO] = {split: open(folder / f"{split}.bin", "wb") for split in lengths}  # noqa: SIM115
    try:
        for split, ids in zip(splits, encode(tokenizer, _texts(scratch, entries)), strict=True):
            row = np.asarray([begin, *ids] if config.mark_begin else ids, dtype)
            files[split].write(row.tobytes())
            digest.update(row.tobytes())
            lengths[split].append(len(row))
            unknowns[split] += int((row == unknown).sum())
    finally:
        for each in files.values():
            each.close()
    scratch.unlink()
    tokenizer.save(str(folder / "tokenizer.json"))
    labels: dict[str, list[str | None]] = {split: [] for split in lengths}
    names: dict[str, list[str]] = {split: [] for split in lengths}
    for split, entry in zip(splits, entries, strict=True):
        labels[split].append(entry.label)
        names[split].append(entry.name)
    for split, counts in lengths.items():
        np.save(folder / f"{split}.starts.npy", np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]))
    duplicates = find_duplicates(
        [each.digest for each in entries], splits, [each.label for each in entries], [each.name for each in entries]
    )
    facts = {
        "dtype": dtype.name,
        "splits": {split: {"labels": labels[split], "names": names[split]} for split in lengths},
        "rejected": rejected,
        "unknown": {split: unknowns[split] / max(1, sum(counts)) for split, counts in lengths.items()},
        "sha256": digest.hexdigest(),
        "duplicates": vars(duplicates),
        "held_out": held_out,
    }
    (folder / "facts.json").write_text(json.dumps(facts), encoding="utf-8")


def _normalize_all(documents: Iterable[Document], level: Level, scratch: Path) -> tuple[list[_Entry], list[tuple[str, str]]]:
    """Write the normalized texts to ``scratch``; return what is in it, and names and reasons of rejected documents."""
    entries: list[_Entry] = []
    rejected: list[tuple[str, str]] = []
    with open(scratch, "wb") as file:
        for document in documents:
            if document.text is None:
                rejected.append((document.name, "not UTF-8"))
                continue
            raw = normalize(document.text, level, document.ends).encode("utf-8", "replace") if document.text.strip() else b""
            if not raw:
                rejected.append((document.name, "empty"))
                continue
            file.write(raw)
            digest = hashlib.blake2b(raw, digest_size=16).digest()
            entries.append(_Entry(document.split, document.label, document.name, len(raw), digest))
    return entries, rejected


def _texts(scratch: Path, entries: Iterable[_Entry]) -> Iterator[str]:
    with open(scratch, "rb") as file:
        for entry in entries:
            yield file.read(entry.size).decode("utf-8")


def hold_out(splits: list[str], labels: list[str | None], fraction: float, seed: int, to: str = "valid") -> list[str]:
    """Move a share of each label's training texts to another split, unless that has texts already.

    Args:
        splits: Split of each text.
        labels: Label of each text.
        fraction: Share of each label; at least one text is moved, and at least one stays.
        seed: Seed of the choice.
        to: The split.

    Returns:
        The new split of each text.
    """
    splits = list(splits)
    if to in splits:
        return splits
    rng = np.random.default_rng(seed)
    by_label: dict[str, list[int]] = {}
    for index, (split, label) in enumerate(zip(splits, labels, strict=True)):
        if split == "train":
            by_label.setdefault(label or "", []).append(index)
    for label in sorted(by_label):
        members = by_label[label]
        count = min(len(members) - 1, max(1, round(fraction * len(members))))
        for index in rng.permutation(members)[:count]:
            splits[index] = to
    return splits
