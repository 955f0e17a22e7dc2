"""Plain corpora: files of splits, one long line, folders of texts."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from practicum.datamodules import PlainText
from practicum.datamodules.text.corpus import corpus_files, cut, read_corpus
from practicum.lightning_shim import MisconfigurationException

WORDS = ["the", "cast", "is", "dull", "and", "the", "film", "is", "not", "good"]


def test_a_corpus_is_read_in_chunks_of_whole_lines(tmp_path: Path) -> None:
    lines = [f"line {number}\n" for number in range(500)]
    (tmp_path / "wiki.train.tokens").write_text("".join(lines), encoding="utf-8")
    (tmp_path / "wiki.valid.tokens").write_text("held out\n", encoding="utf-8")
    (tmp_path / "wiki.train.zip").write_text("no text", encoding="utf-8")
    documents = list(read_corpus(tmp_path))
    training = [each.text or "" for each in documents if each.split == "train"]
    assert "".join(training) == "".join(lines)
    assert len(training) > 20
    assert all(text.endswith("\n") for text in training)
    assert [each.text for each in documents if each.split == "valid"] == ["held out\n"]
    assert {each.split for each in read_corpus(tmp_path / "wiki.valid.tokens")} == {"train"}  # one file is training text


@pytest.mark.parametrize("end", ["", "\n", "\n\n\n"])
@pytest.mark.parametrize("title", ["", "A title\n"])
def test_one_long_line_is_cut_between_words(tmp_path: Path, title: str, end: str) -> None:
    words = [WORDS[number % 7] for number in range(5000)]
    (tmp_path / "text8").write_text(title + " ".join(words) + end, encoding="utf-8")
    documents = list(read_corpus(tmp_path / "text8"))
    texts = [each.text or "" for each in documents]
    assert len(documents) > 30
    assert max(map(len, texts)) < 1000
    assert " ".join("".join(texts).split()) == " ".join((title + " ".join(words)).split())
    assert [each.ends for each in documents].count(True) <= 4  # the line's last part, and what stands around it


@pytest.mark.parametrize("level", ["word", "whitespace", "character", "bpe"])
def test_one_long_line_trains_at_every_level(tmp_path: Path, ready: Any, options: dict[str, Any], level: Any) -> None:
    (tmp_path / "text8.txt").write_text(" ".join(WORDS * 400), encoding="utf-8")
    data = ready(PlainText(tmp_path / "text8.txt", level=level, bptt=8, **options))
    assert data.provenance["tokens/valid"] > 50
    assert next(iter(data.train_dataloader()))[0].shape == (4, 8)
    if level == "whitespace":  # the cuts end no line
        tokens = data.corpus.counts(("train", "valid"))
        assert tokens[data.describe()["vocab"].index("<eos>")] <= 1
        assert int(tokens.sum()) - tokens[data.describe()["vocab"].index("<eos>")] == len(WORDS) * 400


def test_a_line_without_blanks_is_cut_anyway_and_nothing_is_lost() -> None:
    line = "\ud55c\uad6d\uc5b4" * 100
    parts = list(cut(line, 40))
    assert "".join(parts) == line
    assert max(map(len, parts)) == 40
    assert list(cut("short", 40)) == ["short"]
    assert "".join(cut(f"{line} a b", 40)) == f"{line} a b"


@pytest.mark.parametrize("count", [1, 3, 12])
def test_a_folder_of_texts_is_a_corpus(tmp_path: Path, ready: Any, options: dict[str, Any], count: int) -> None:
    root = tmp_path / "books"
    for number in range(count):
        path = root / f"shelf{number % 2}" / f"book {number}.{('txt', 'TXT', 'md')[number % 3]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{' '.join(WORDS)} {number} {line}.\n" for line in range(60)), encoding="utf-8")
    (root / ".ipynb_checkpoints").mkdir()
    (root / ".ipynb_checkpoints" / "copy.txt").write_text("copy", encoding="utf-8")
    (root / "cover.jpg").write_bytes(b"\xff\xd8")
    data = ready(PlainText(root, bptt=8, **options))
    names = {name for split in data.corpus.splits.values() for name in split.names}
    assert len(names) == count
    assert "copy" not in data.describe()["vocab"]
    total = sum(len(split.tokens) for split in data.corpus.splits.values())
    assert total > count * 60 * 11
    before = data.provenance["sha256"]
    (next(root.rglob("book 0*"))).write_text("another text\n" * 60, encoding="utf-8")
    assert ready(PlainText(root, bptt=8, **options)).provenance["sha256"] != before  # texts in inner folders are in the key


def test_folders_at_the_top_may_be_splits(tmp_path: Path) -> None:
    for name in ("train/a/1.txt", "Validation/2.txt", "test_set/3.txt", "unsup/4.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("text\n", encoding="utf-8")
    assert {path.stem: split for path, split in corpus_files(tmp_path)[0]} == {
        "1": "train",
        "2": "valid",
        "3": "test",
        "4": "unlabelled",
    }


def test_a_text_that_is_not_utf_8_is_left_out_of_many_and_named(tmp_path: Path, ready: Any, options: dict[str, Any]) -> None:
    root = tmp_path / "texts"
    root.mkdir()
    for number in range(12):
        (root / f"{number}.txt").write_text(f"{' '.join(WORDS * 9)} {number}", encoding="utf-8")
    (root / "5.txt").write_bytes("caf\u00e9".encode("latin-1"))
    data = ready(PlainText(root, bptt=8, **options))
    assert data.rejected == [(f"{root}/5.txt", "not UTF-8")]


def test_a_word_of_a_title_is_no_split(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("a-test-of-time.txt", "emma.txt"):
        (tmp_path / name).write_text("text\n", encoding="utf-8")
    assert [split for _, split in corpus_files(tmp_path)[0]] == ["train", "train"]
    (tmp_path / "last-train-home.txt").write_text("text\n", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        corpus_files(tmp_path)
    assert "emma.txt" in caplog.text  # said: it is not read


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none", "none: no such file or folder"),
        ("empty", "empty: holds no train.txt"),
        ("bytes.txt", r"bytes\.txt: is no text in UTF-8 or cp1252; save it as plain text in UTF-8"),
        ("held", "held: holds no train.txt beside valid.txt"),
    ],
)
def test_errors_say_what_is_wrong(name: str, message: str, tmp_path: Path) -> None:
    for folder in ("empty", "held"):
        (tmp_path / folder).mkdir()
    (tmp_path / "held" / "valid.txt").write_text("a\n", encoding="utf-8")
    (tmp_path / "bytes.txt").write_bytes(b"caf\x81\xe9")
    with pytest.raises(MisconfigurationException, match=message):
        list(read_corpus(tmp_path / name))


def test_a_table_of_another_kind_is_no_corpus(tmp_path: Path) -> None:
    (tmp_path / "corpus.jsonl").write_text('{"text": "good"}\n', encoding="utf-8")
    with pytest.raises(MisconfigurationException, match=r"corpus.jsonl: .jsonl is not read; save its texts as plain text"):
        list(read_corpus(tmp_path / "corpus.jsonl"))


def test_a_long_line_without_blanks_is_cut_in_any_script(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("天地玄黄宇宙洪荒" * 2000, encoding="utf-8")
    parts = [document.text for document in read_corpus(tmp_path / "one.txt")]
    assert len(parts) > 10
    assert "".join(part or "" for part in parts) == "天地玄黄宇宙洪荒" * 2000


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8-sig"])
def test_a_corpus_in_another_encoding_is_read_as_a_table_would_be(
    tmp_path: Path, encoding: str, caplog: pytest.LogCaptureFixture
) -> None:
    text = "ein café „für“ alle\n" * 300
    (tmp_path / "c.txt").write_bytes(text.encode(encoding))
    assert "".join(str(each.text) for each in read_corpus(tmp_path / "c.txt")) == text
    said = f"{tmp_path / 'c.txt'}: is not UTF-8 and is read as cp1252 (Windows)"
    assert (said in caplog.text) is (encoding == "cp1252")
