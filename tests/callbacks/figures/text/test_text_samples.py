"""Generated samples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from practicum.callbacks import TextSamples
from practicum.callbacks.figures.page_table import read_tables
from practicum.lightning_shim import MisconfigurationException, Trainer


@pytest.fixture
def writer(known_classifier: Any) -> Any:
    class Writer(known_classifier):  # type: ignore[misc]
        vocab = ("xxbos", "the")
        asked: tuple[Any, ...] = ()

        def sample(self, rows: int, length: int, begin: list[str], temperature: float, seed: int) -> list[list[str]]:
            self.asked = rows, length, begin, temperature, seed
            return [[*begin, "the", str(row), " "] for row in range(rows)]

    return Writer()


def test_samples_are_written_after_a_test(
    writer: Any, known_photos: Any, make_trainer: Callable[..., Trainer], tmp_path: Path
) -> None:
    callback = TextSamples(count=2, length=5, begin=["the"], temperature=0.5, seed=3)
    make_trainer(callbacks=[callback]).test(writer, known_photos, verbose=False)
    assert writer.asked == (2, 5, ["the"], 0.5, 3)
    assert (tmp_path / "figures" / "samples.txt").read_text(encoding="utf-8") == "the the 0\n\nthe the 1\n"
    sheet = read_tables(tmp_path / "figures" / "samples.json")
    assert sheet is not None
    assert sheet.tables[0].rows == [[1, "the the 0"], [2, "the the 1"]]


def test_tokens_are_turned_into_text(writer: Any) -> None:
    assert TextSamples(count=1).samples(writer, "".join) == ["xxbosthe0"]


def test_what_could_not_be_sampled_is_refused_before_training(
    writer: Any, known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer]
) -> None:
    with pytest.raises(MisconfigurationException, match=r"TextSamples needs KnownClassifier.sample\(\)"):
        make_trainer(callbacks=[TextSamples()]).fit(known_classifier(), known_photos)
    with pytest.raises(MisconfigurationException, match="'cat' is not in the vocabulary"):
        make_trainer(callbacks=[TextSamples(begin=["cat"])]).fit(writer, known_photos)
    with pytest.raises(MisconfigurationException, match="temperature=0 above 0"):
        TextSamples(temperature=0)
