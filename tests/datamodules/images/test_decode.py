"""Decoding: every mode, orientation, scale and shape of photos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from practicum.datamodules.images.decode import center_crop, decode_photo


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "I;16", "1"])
def test_every_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    if mode == "I;16":
        Image.fromarray(np.full((30, 30), 30000, np.uint16)).save(path)
    else:
        Image.new("RGB", (30, 30), (120, 120, 120)).convert(mode).save(path)
    pixels = decode_photo(path, 16)
    assert pixels.shape == (16, 16, 3)
    if mode not in ("1",):
        assert abs(int(pixels[8, 8, 0]) - 119) < 8


def test_transparent_is_white_and_exif_is_turned_upright(tmp_path: Path) -> None:
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(tmp_path / "a.png")
    assert decode_photo(tmp_path / "a.png", 20).min() == 255
    tall = Image.new("RGB", (20, 60))
    exif = tall.getexif()
    exif[0x0112] = 6  # the camera was turned by 90 degrees
    tall.save(tmp_path / "b.jpg", exif=exif)
    assert decode_photo(tmp_path / "b.jpg", 20).shape == (20, 60, 3)


def test_large_photos_are_decoded_at_reduced_scale_and_panoramas_cut(tmp_path: Path) -> None:
    Image.new("RGB", (800, 600), "red").save(tmp_path / "a.jpg")
    assert decode_photo(tmp_path / "a.jpg", 60).shape == (60, 80, 3)
    Image.new("RGB", (4000, 100)).save(tmp_path / "b.png")
    assert decode_photo(tmp_path / "b.png", 50).shape == (50, 150, 3)


def test_center_crop_is_the_middle() -> None:
    photo = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    assert np.array_equal(center_crop(photo, 3), photo[1:4, 2:5])
