"""Tokenizing a corpus: chunks, held-out texts, what the result depends on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from practicum.datamodules.text.readers import Document
from practicum.datamodules.text.tokenization import (
    TokenizationConfig,
    encode,
    hold_out,
    load_tokenizer,
    tokenize,
)
from practicum.datamodules.text.tokenizer import build_tokenizer
from practicum.lightning_shim import MisconfigurationException
from tokenizers import Tokenizer, models

CONFIG = TokenizationConfig("whitespace", 100, 1, None, 0.5, 1, mark_begin=True)


def test_more_texts_than_a_chunk_are_encoded_in_order() -> None:
    texts = [str(number % 7) for number in range(4500)]
    tokenizer = build_tokenizer(texts, "whitespace", 100, 1)
    assert [tokenizer.id_to_token(row[0]) for row in encode(tokenizer, texts)] == texts
    assert list(encode(tokenizer, [])) == []


def test_long_texts_are_read_when_their_turn_comes_as_all_of_them_may_not_fit_in_memory() -> None:
    tokenizer = build_tokenizer(["a b"], "whitespace", 100, 1)
    read: list[int] = []

    def texts() -> Iterator[str]:
        for number in range(40):
            read.append(number)
            yield "a " * (1 << 19)

    rows = encode(tokenizer, texts())
    assert len(next(rows)) == 1 << 19
    assert len(read) < 20
    assert len(list(rows)) == 39


def test_a_share_of_each_label_s_training_texts_is_held_out() -> None:
    splits = ["train"] * 30 + ["test"] * 5 + ["unlabelled"] * 5
    labels = ["a"] * 20 + ["b"] * 10 + ["a"] * 5 + [None] * 5
    assigned = hold_out(splits, labels, 0.2, seed=1)
    assert Counter(zip(assigned, labels, strict=True)) == {
        ("train", "a"): 16,
        ("valid", "a"): 4,
        ("train", "b"): 8,
        ("valid", "b"): 2,
        ("test", "a"): 5,
        ("unlabelled", None): 5,
    }
    assert hold_out(splits, labels, 0.2, seed=1) == assigned
    assert hold_out(splits, labels, 0.2, seed=2) != assigned


def test_a_label_keeps_a_training_text_and_an_existing_split_is_kept() -> None:
    assert hold_out(["train", "train", "train"], ["a", "b", "b"], 0.9, seed=1).count("valid") == 1
    assert hold_out(["train", "valid"], ["a", "a"], 0.5, seed=1) == ["train", "valid"]


@pytest.mark.parametrize(
    "change", [{"level": "bpe"}, {"max_vocab": 99}, {"min_count": 2}, {"valid_fraction": 0.4}, {"seed": 2}, {"mark_begin": False}]
)
def test_every_option_changes_the_key(change: dict[str, Any]) -> None:
    assert replace(CONFIG, **change).key() != CONFIG.key()


def test_the_key_depends_on_a_tokenizer_s_content_but_not_on_its_path(tmp_path: Path) -> None:
    for name, content in (("a.json", "1"), ("b.json", "1"), ("c.json", "2")):
        (tmp_path / name).write_text(content, encoding="utf-8")
    keys = [replace(CONFIG, tokenizer=tmp_path / name).key() for name in ("a.json", "b.json", "c.json")]
    assert keys[0] == keys[1] != keys[2]


def test_ids_are_small_where_the_vocabulary_is(tmp_path: Path) -> None:
    documents = [Document("a b", "train", None, "1"), Document("b", "train", None, "2")]
    tokenize(documents, CONFIG, tmp_path)
    tokenizer = load_tokenizer(tmp_path / "tokenizer.json")
    ids = np.concatenate([np.fromfile(tmp_path / f"{split}.bin", np.uint16) for split in ("train", "valid")])
    tokens = sorted(tokenizer.id_to_token(int(number)) for number in ids)
    assert tokens.count("xxbos") == tokens.count("<eos>") == 2
    assert not (tmp_path / "normalized").exists()


def test_a_tokenizer_that_is_given_is_used(tmp_path: Path) -> None:
    build_tokenizer(["b a <eos>"], "whitespace", 100, 1).save(str(tmp_path / "given.json"))
    out = tmp_path / "out"
    out.mkdir()
    tokenize([Document("a new b", "train", None, "1")], replace(CONFIG, tokenizer=tmp_path / "given.json"), out)
    given = load_tokenizer(tmp_path / "given.json")
    assert load_tokenizer(out / "tokenizer.json").to_str() == given.to_str()
    tokens = [given.id_to_token(int(number)) for number in np.fromfile(out / "train.bin", np.uint16)]
    assert tokens == ["xxbos", "a", "xxunk", "b", "<eos>"]


def test_a_tokenizer_of_another_level_is_refused(tmp_path: Path) -> None:
    build_tokenizer(["b a"], "word", 100, 1).save(str(tmp_path / "given.json"))
    with pytest.raises(MisconfigurationException, match=r"level=word, but level=whitespace is asked for; set level=word"):
        tokenize([Document("a", "train", None, "1")], replace(CONFIG, tokenizer=tmp_path / "given.json"), tmp_path)


def test_errors_say_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("text", encoding="utf-8")
    Tokenizer(models.WordLevel({"a": 0}, unk_token="a")).save(str(tmp_path / "foreign.json"))
    with pytest.raises(MisconfigurationException, match="no such tokenizer"):
        load_tokenizer(tmp_path / "none.json")
    with pytest.raises(MisconfigurationException, match="is not a tokenizer"):
        load_tokenizer(tmp_path / "other.json")
    with pytest.raises(MisconfigurationException, match="vocabulary lacks xxbos"):
        tokenize([Document("a", "train", None, "1")], replace(CONFIG, tokenizer=tmp_path / "foreign.json"), tmp_path)
    with pytest.raises(MisconfigurationException, match="no text can be used: 1 is empty"):
        tokenize([Document(" ", "train", None, "1")], CONFIG, tmp_path)
    with pytest.raises(MisconfigurationException, match=r"no text can be used\."):
        tokenize([], CONFIG, tmp_path)


def test_a_test_is_held_out_beside_the_same_validation() -> None:
    splits, labels = ["train"] * 600, ["a", "b", "b"] * 200
    once = hold_out(splits, labels, 0.1, seed=1)
    twice = hold_out(once, labels, 0.1 / 0.9, seed=2, to="test")
    assert Counter(zip(twice, labels, strict=True)) == {
        ("train", "a"): 160, ("valid", "a"): 20, ("test", "a"): 20,
        ("train", "b"): 320, ("valid", "b"): 40, ("test", "b"): 40,
    }  # fmt: skip
    assert [each == "valid" for each in once] == [each == "valid" for each in twice]
