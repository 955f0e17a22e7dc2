"""Spiders: synthetic photos with a known ceiling, one's own photos, and options that contradict each other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from practicum.datamodules import Spiders
from practicum.datamodules.synthetic import spiders
from practicum.lightning_shim import MisconfigurationException


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the photos."""
    monkeypatch.setattr(spiders, "COUNTS", {"train": {"scorpions": 50, "spiders": 50}, "valid": {"scorpions": 50, "spiders": 50}})


def test_drawn_photos_are_read_like_any_others(few: None, tmp_path: Path) -> None:
    data = Spiders(synthetic_dir=str(tmp_path / "synthetic"), cache=str(tmp_path / "cache"), size=64)
    data.prepare_data()
    data.setup("fit")
    assert data.describe() == {
        "classes": ["scorpions", "spiders"],
        "class_counts": [50, 50],
        "multi_label": False,
        "image_size": 64,
    }
    assert data.known_answer == {"accuracy": pytest.approx(0.98)}
    assert data.provenance["source"].startswith("synthetic: ")
    assert data.rejected == []
    answer = json.loads((tmp_path / "synthetic" / "spiders-1" / "answer.json").read_text(encoding="utf-8"))
    assert len(answer["wrong_labels"]) == 4
    with Image.open(tmp_path / "synthetic" / "spiders-1" / answer["wrong_labels"][0]) as photo:
        assert photo.format == "JPEG"
        assert 240 <= min(photo.size) <= max(photo.size) <= 420


def test_ones_own_photos_take_the_place_of_the_drawn(photos: Path, tmp_path: Path) -> None:
    data = Spiders(root=str(photos), cache=str(tmp_path / "cache"), size=32)
    data.prepare_data()
    data.setup("fit")
    assert data.describe()["classes"] == ["blue", "red"]
    assert data.known_answer == {}
    assert not (tmp_path / "data").exists()


def test_sources_that_contradict_the_root_are_refused() -> None:
    for options, named in (
        ({"source": "folder"}, "Spiders: source=folder needs root"),
        ({"source": "inaturalist", "root": "x"}, "Spiders: source=inaturalist has no root; leave root out"),
        ({"source": "inaturalist", "queries": {"a": "b", "c": "d"}}, "are for source=openverse, not for source=inaturalist"),
        ({"per_class": 50}, "are for source=openverse, not for source=synthetic"),
        ({"source": "openverse", "per_class": 5}, "per_class=5 must be at least 10"),
        ({"source": "openverse", "queries": {"a": "b"}}, "at least two classes"),
        ({"taxa": ["Araneae"]}, "must be two different taxa"),
    ):
        with pytest.raises(MisconfigurationException, match=named):
            Spiders(**options)  # type: ignore[arg-type]
