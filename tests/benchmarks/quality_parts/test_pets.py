"""Drawn cats and dogs, in the folders that both sides read."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from benchmarks.quality_parts import pets


def test_they_are_drawn_once_by_kind_and_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pets, "PHOTOS", {"train": (2, 1), "val": (1, 1)})
    pets.draw_pets(tmp_path / "pets")
    found = sorted(str(path.relative_to(tmp_path / "pets")) for path in (tmp_path / "pets").rglob("*.jpg"))
    assert found == ["train/cat/0.jpg", "train/cat/1.jpg", "train/dog/0.jpg", "val/cat/0.jpg", "val/dog/0.jpg"]
    (tmp_path / "pets" / "train" / "cat" / "0.jpg").write_bytes(b"kept")
    pets.draw_pets(tmp_path / "pets")
    assert (tmp_path / "pets" / "train" / "cat" / "0.jpg").read_bytes() == b"kept"
    with pytest.raises(SystemExit, match="holds no cats and dogs"):
        pets.draw_pets(tmp_path)
