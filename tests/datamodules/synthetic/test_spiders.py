"""Synthetic spiders and scorpions: the article's counts, a function of the seed, complete or absent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from practicum.datamodules.synthetic import spiders


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the photos."""
    monkeypatch.setattr(spiders, "COUNTS", {"train": {"scorpions": 50, "spiders": 50}, "valid": {"scorpions": 50, "spiders": 50}})


def test_counts_are_the_articles() -> None:
    assert spiders.COUNTS == {"train": {"scorpions": 290, "spiders": 290}, "valid": {"scorpions": 117, "spiders": 118}}


def test_drawing_is_a_function_of_the_seed(few: None, tmp_path: Path) -> None:
    for name in ("a", "b"):
        spiders.generate_spiders(tmp_path / name, seed=3)
    for path in sorted((tmp_path / "a").rglob("*.jpg"))[::17]:
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


def test_an_interrupted_drawing_leaves_nothing_behind(few: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(spiders, "render_animal", interrupted)
    with pytest.raises(KeyboardInterrupt):
        spiders.generate_spiders(tmp_path / "synthetic")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["spiders", "scorpions"])
def test_the_animal_stands_out_from_its_ground(kind: str) -> None:
    """A photo is neither empty nor uniform, whatever ground and light were spiders."""
    for seed in range(12):
        pixels = np.asarray(spiders.render_animal(kind, np.random.default_rng(seed)).convert("L"), dtype=np.float32)
        assert pixels.std() > 8
        assert 20 < pixels.mean() < 235
