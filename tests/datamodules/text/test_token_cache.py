"""Corpora are tokenized once, kept on disk, and counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from practicum.datamodules import TextFolder
from practicum.datamodules.text.readers import Document
from practicum.datamodules.text.token_cache import fingerprint, load_or_tokenize
from practicum.datamodules.text.tokenization import TokenizationConfig

CONFIG = TokenizationConfig("whitespace", 100, 1, None, 0.5, 1, mark_begin=True)
DOCUMENTS = [
    Document("a b b", "train", "x", "1"),
    Document("a c", "unlabelled", None, "2"),
    Document("b d", "valid", "x", "3"),
    Document(None, "train", "x", "4"),
]


def test_texts_are_tokenized_once_and_again_when_they_change(
    tmp_path: Path, write_folder: Any, ready: Any, options: dict[str, Any]
) -> None:
    root = write_folder(tmp_path / "texts", train=12, valid=4)
    first = ready(TextFolder(root, **options)).provenance["sha256"]
    kept = sorted(path.name for path in (tmp_path / "cache").glob("text-*"))
    assert ready(TextFolder(root, **options)).provenance["sha256"] == first
    assert sorted(path.name for path in (tmp_path / "cache").glob("text-*")) == kept
    (root / "train" / "good" / "0.txt").write_text("Another text", encoding="utf-8")
    assert ready(TextFolder(root, **options)).provenance["sha256"] != first
    assert len(list((tmp_path / "cache").glob("text-*"))) == 2
    assert not list((tmp_path / "cache").glob(".unfinished*"))


def test_a_corpus_comes_back_from_the_cache_as_it_was(tmp_path: Path) -> None:
    made = load_or_tokenize(lambda: DOCUMENTS, "key", CONFIG, tmp_path)

    def unread() -> list[Document]:
        raise AssertionError("the documents must not be read again")

    again = load_or_tokenize(unread, "key", CONFIG, tmp_path)
    assert list(again.splits) == ["train", "valid", "unlabelled"]
    for split, texts in made.splits.items():
        assert np.array_equal(again.splits[split].tokens, texts.tokens)
        assert np.array_equal(again.splits[split].starts, texts.starts)
    assert again.splits["train"].labels == ["x"]
    assert again.splits["unlabelled"].names == ["2"]
    assert again.rejected == [("4", "not UTF-8")]
    assert again.sha256 == made.sha256


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    def broken() -> Any:
        yield DOCUMENTS[0]
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        load_or_tokenize(broken, "key", CONFIG, tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_tokens_are_counted_and_unknown_ones_too(tmp_path: Path) -> None:
    corpus = load_or_tokenize(lambda: DOCUMENTS, "key", CONFIG, tmp_path)
    ids = {token: corpus.tokenizer.token_to_id(token) for token in ("a", "b", "c", "xxbos", "<eos>", "xxunk")}
    counts = corpus.counts(("train", "unlabelled"))
    assert {token: int(counts[number]) for token, number in ids.items()} == {
        "a": 2,
        "b": 2,
        "c": 1,
        "xxbos": 2,
        "<eos>": 2,
        "xxunk": 0,
    }
    assert corpus.counts(("valid", "test"))[ids["xxunk"]] == 1
    facts = corpus.facts()
    assert facts["tokens/train"] == 5
    assert facts["unsup"] == 1  # records keep aclImdb's name
    assert facts["unknown/valid"] == pytest.approx(1 / 4)
    assert facts["rejected"] == 1


def test_a_fingerprint_depends_on_names_and_contents(tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a.txt").write_text("one", encoding="utf-8")
    (folder / "b.md").write_text("two", encoding="utf-8")
    first = fingerprint(folder, "*.txt")
    (folder / "b.md").write_text("three", encoding="utf-8")
    assert fingerprint(folder, "*.txt") == first
    assert fingerprint(folder, "*") != first
    (folder / "a.txt").rename(folder / "c.txt")
    assert fingerprint(folder, "*.txt") not in (first, fingerprint(folder / "c.txt", "*.txt"))


@pytest.mark.parametrize("name", ["train.bin", "facts.json", "train.starts.npy", "tokenizer.json", "checksums.json"])
@pytest.mark.parametrize("kept", [0, 5, None])
def test_a_damaged_corpus_is_tokenized_again(
    tmp_path: Path, name: str, kept: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    made = load_or_tokenize(lambda: DOCUMENTS, "key", CONFIG, tmp_path)
    tokens = made.splits["train"].tokens.tolist()  # a copy: the file below it is about to be damaged
    (path,) = tmp_path.rglob(name)
    raw = path.read_bytes()
    path.write_bytes(raw[:kept] if kept is not None else raw[:-3] + b"???")
    again = load_or_tokenize(lambda: DOCUMENTS, "key", CONFIG, tmp_path)
    assert again.sha256 == made.sha256
    assert again.splits["train"].tokens.tolist() == tokens
    assert "damaged" in caplog.text
