"""Facts about photos: pixels one after the other, as long as they fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from practicum.datamodules.images.photo_facts import PixelFile, read_photos


def test_pixels_lie_where_the_facts_say(photos: Path, tmp_path: Path) -> None:
    paths = sorted(photos.rglob("*.jpg"))
    (photos / "train" / "red" / "0.jpg").write_bytes(b"x")
    pixels = PixelFile(tmp_path / "pixels.bin", 10**7)
    facts, ranges = read_photos(paths, 32, 10**6, {}, pixels)
    assert pixels.finish()
    assert ranges == {}
    assert [reason for reason in facts["reason"].tolist() if reason] == ["not an image"]
    stored = np.fromfile(tmp_path / "pixels.bin", np.uint8)
    assert len(stored) == pixels.size == int(facts["shape"].prod(1).sum()) * 3
    for row, (height, width) in enumerate(facts["shape"].tolist()):
        photo = stored[facts["offset"][row] :][: height * width * 3].reshape(height, width, 3)
        if height:
            assert abs(int(photo.mean()) - int(facts["thumbnail"][row].mean())) <= 2


def test_pixels_beyond_the_limit_are_not_kept(tmp_path: Path) -> None:
    pixels = PixelFile(tmp_path / "pixels.bin", 100)
    assert pixels.append([np.zeros((2, 5, 3), np.uint8), np.ones((2, 5, 3), np.uint8)]) == [0, 30]
    assert pixels.append([np.zeros((20, 5, 3), np.uint8)]) == [60]
    assert not pixels.finish()
    assert pixels.size == 360
    assert not (tmp_path / "pixels.bin").exists()
