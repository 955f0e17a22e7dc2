"""Training texts as a table."""

from __future__ import annotations

from pathlib import Path

import pytest
from practicum.datamodules import TextFolder
from practicum.lightning_shim import MisconfigurationException


def test_texts_stand_beside_their_labels(tmp_path: Path) -> None:
    for label, word in (("pos", "good"), ("neg", "bad")):
        for split in ("train", "valid"):
            folder = tmp_path / "texts" / split / label
            folder.mkdir(parents=True)
            for number in range(4):
                (folder / f"{number}.txt").write_text(f"this film is {word} " * (number + 1), encoding="utf-8")
    data = TextFolder(tmp_path / "texts", cache=tmp_path / "cache", batch_size=4)
    with pytest.raises(MisconfigurationException, match=r"TextFolder: nothing is read yet; call prepare_data"):
        data.show_batch()
    data.prepare_data()
    data.setup()
    shown = data.show_batch(3, length=20)
    assert len(shown) == 3
    for text, label in shown.rows():
        assert ("good" in text) == (label == "pos")
        assert "xxpad" not in text
    assert data.show_batch(4, length=4)["text"].str.ends_with(" ...").all()
    windows = data.for_task("language_model", 2, 8)
    assert windows.show_batch().columns == ["text"]
    with pytest.raises(MisconfigurationException, match="must be at least 1"):
        data.show_batch(0)
    other = TextFolder(tmp_path / "texts", task="language_model", cache=tmp_path / "cache")
    other.setup()
    labelled = other.for_task("classification", 4, 8)
    labelled.setup()
    assert labelled.show_batch(2)["label"].is_in(["pos", "neg"]).all()
