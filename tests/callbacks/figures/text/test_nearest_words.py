"""Nearest neighbours of words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.callbacks import NearestWords
from practicum.callbacks.figures.page_table import read_tables
from practicum.callbacks.figures.text.nearest_words import describe_neighbours, nearest, words_to_show
from practicum.lightning_shim import MisconfigurationException, Trainer
from torch import nn

VECTORS = torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0], [-1.0, 0.0]])


def test_neighbours_are_by_angle() -> None:
    assert nearest(VECTORS, 0, 2) == [(2, pytest.approx(0.5**0.5)), (1, pytest.approx(0, abs=1e-7))]
    assert [row for row, _ in nearest(VECTORS, 3, 9)] == [1, 2, 0]
    assert describe_neighbours(VECTORS, list("abcd"), ["b"], 1) == ["b: c 0.707"]


def test_words_are_spread_over_the_frequent_half() -> None:
    vocab = ["xxbos", ",", "it", *(f"word{'abcdefghijklmnopqrst'[n]}" for n in range(20))]
    assert words_to_show(vocab, 3) == ["worda", "wordd", "wordg"]
    assert words_to_show(["a", "b", "xxunk"], 3) == []


@pytest.fixture
def reader(known_classifier: Any) -> Any:
    class Reader(known_classifier):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.vocab = ["good", "film", "great", "bad"]
            self.embedding = nn.Embedding.from_pretrained(VECTORS)

    return Reader()


def test_are_written_after_a_test(reader: Any, known_photos: Any, make_trainer: Callable[..., Trainer], tmp_path: Path) -> None:
    path = tmp_path / "figures" / "nearest_words.txt"
    make_trainer(callbacks=[NearestWords(words=["bad"], neighbours=2)]).test(reader, known_photos, verbose=False)
    assert path.read_text(encoding="utf-8") == "bad: film 0.000, great -0.707\n"
    reader.word_vectors = lambda: VECTORS.flip(1)
    make_trainer(callbacks=[NearestWords(words=["film"], max_vocab=2)]).test(reader, known_photos, verbose=False)
    assert path.read_text(encoding="utf-8") == "film: good 0.000\n"
    sheet = read_tables(path.with_suffix(".json"))
    assert sheet is not None
    assert sheet.tables[0].rows == [["film", "good 0.000"]]


def test_characters_have_none(reader: Any, known_photos: Any, make_trainer: Callable[..., Trainer], tmp_path: Path) -> None:
    reader.vocab = list("abcd")
    make_trainer(callbacks=[NearestWords()]).test(reader, known_photos, verbose=False)
    assert not (tmp_path / "figures").exists()


def test_refusals(reader: Any, known_photos: Any, known_classifier: Any, make_trainer: Callable[..., Trainer]) -> None:
    with pytest.raises(MisconfigurationException, match="'bad' is not among the first 3 words"):
        make_trainer(callbacks=[NearestWords(words=["bad"], max_vocab=3)]).fit(reader, known_photos)
    with pytest.raises(MisconfigurationException, match="needs KnownClassifier to have `vocab` and an nn.Embedding"):
        make_trainer(callbacks=[NearestWords()]).test(known_classifier(), known_photos, verbose=False)
    with pytest.raises(MisconfigurationException, match="NearestWords: neighbours=0 must be at least 1"):
        NearestWords(neighbours=0)


def test_words_of_other_scripts_are_words() -> None:
    vocab = [
        "xxunk",
        "xxmaj",
        "\u0939\u093f\u0928\u094d\u0926\u0940",
        "\uc601\ud654",
        "\u4e2d",
        "of",
        "film",
        "1990",
        "!",
        "\u2764",
    ]
    assert words_to_show(vocab, 10) == ["\u0939\u093f\u0928\u094d\u0926\u0940", "\uc601\ud654", "\u4e2d", "film"]
