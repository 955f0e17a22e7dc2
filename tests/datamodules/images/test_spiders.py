"""Drawn spiders and scorpions: ordinary JPEG files in class folders, of the article's counts, with a known ceiling."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from practicum.datamodules import Spiders
from practicum.datamodules.synthetic import spiders as drawn


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the photos."""
    monkeypatch.setattr(drawn, "COUNTS", {"train": {"scorpions": 50, "spiders": 50}, "valid": {"scorpions": 50, "spiders": 50}})


def test_counts_are_the_articles() -> None:
    assert drawn.COUNTS == {"train": {"scorpions": 290, "spiders": 290}, "valid": {"scorpions": 117, "spiders": 118}}


def test_drawn_photos_are_read_like_any_others(few: None, tmp_path: Path) -> None:
    data = Spiders(drawn=str(tmp_path / "drawn"), cache=str(tmp_path / "cache"), size=64)
    data.prepare_data()
    data.setup("fit")
    assert data.describe() == {
        "classes": ["scorpions", "spiders"],
        "class_counts": [50, 50],
        "multi_label": False,
        "image_size": 64,
    }
    assert data.known_answer == {"accuracy": pytest.approx(0.98)}
    assert data.provenance["source"].startswith("drawn: ")
    assert data.rejected == []
    answer = json.loads((tmp_path / "drawn" / "spiders-1" / "answer.json").read_text())
    assert len(answer["wrong_labels"]) == 4
    with Image.open(tmp_path / "drawn" / "spiders-1" / answer["wrong_labels"][0]) as photo:
        assert photo.format == "JPEG"
        assert 240 <= min(photo.size) <= max(photo.size) <= 420


def test_drawing_is_a_function_of_the_seed(few: None, tmp_path: Path) -> None:
    for name in ("a", "b"):
        drawn.draw_spiders(tmp_path / name, seed=3)
    for path in sorted((tmp_path / "a").rglob("*.jpg"))[::17]:
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


def test_an_interrupted_drawing_leaves_nothing_behind(few: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(drawn, "draw_photo", interrupted)
    with pytest.raises(KeyboardInterrupt):
        drawn.draw_spiders(tmp_path / "drawn")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["spiders", "scorpions"])
def test_the_animal_stands_out_from_its_ground(kind: str) -> None:
    """A photo is neither empty nor uniform, whatever ground and light were drawn."""
    for seed in range(12):
        pixels = np.asarray(drawn.draw_photo(kind, np.random.default_rng(seed)).convert("L"), dtype=np.float32)
        assert pixels.std() > 8
        assert 20 < pixels.mean() < 235


def test_ones_own_photos_take_the_place_of_the_drawn(photos: Path, tmp_path: Path) -> None:
    data = Spiders(root=str(photos), cache=str(tmp_path / "cache"), size=32)
    data.prepare_data()
    data.setup("fit")
    assert data.describe()["classes"] == ["blue", "red"]
    assert data.known_answer == {}
    assert not (tmp_path / "data").exists()
