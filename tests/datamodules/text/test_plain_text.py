"""Plain corpora."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from practicum.datamodules import PlainText
from practicum.datamodules.files import say_once
from practicum.lightning_shim import MisconfigurationException


def test_a_plain_corpus_has_windows_and_no_marks_of_beginnings(
    tmp_path: Path, ready: Any, words: Any, options: dict[str, Any]
) -> None:
    for split in ("train", "valid", "test"):
        (tmp_path / f"ptb.{split}.txt").write_text(
            "\n".join(f" no it was n't black <unk> {i % 7} " for i in range(200)) + "\n", encoding="utf-8"
        )
    data = ready(PlainText(str(tmp_path), level="whitespace", **{**options, "min_count": 5}, bptt=8))
    assert data.provenance["tokens/train"] == 200 * 8
    assert data.provenance["unknown/test"] == 0
    x, _ = next(iter(data.train_dataloader()))
    assert words(data, x[0]) == ["no", "it", "was", "n't", "black", "<unk>", "0", "<eos>"]
    one = ready(PlainText(str(tmp_path / "ptb.train.txt"), level="character", **options))
    assert set(one.corpus.splits) == {"train", "valid"}
    assert len(one.describe()["vocab"]) < 40


def test_it_has_no_classes() -> None:
    with pytest.raises(MisconfigurationException, match="PlainText: task=classification needs classes"):
        PlainText("book.txt", task="classification")


def test_what_was_guessed_in_reading_is_said_of_cached_tokens_too(
    tmp_path: Path, ready: Any, options: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "book.txt").write_bytes("un caf\u00e9 et un th\u00e9\n".encode("cp1252") * 200)
    for _ in range(2):
        caplog.clear()
        say_once._say.cache_clear()  # as in another process
        ready(PlainText(tmp_path / "book.txt", bptt=7, **options))
        assert caplog.text.count("is read as cp1252 (Windows)") == 1
