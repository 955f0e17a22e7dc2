"""Decoding: every mode, orientation, scale and shape of photos."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from practicum.datamodules.images.decode import BORDER, UnusablePhoto, center_crop, decode_photo, pad_to_square


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


def striped(path: Path, width: int, height: int) -> Path:
    """A photo that is white at all its four borders and black within."""
    photo = Image.new("RGB", (width, height), "white")
    photo.paste("black", (width // 8, height // 8, width - width // 8, height - height // 8))
    photo.save(path)
    return path


@pytest.mark.parametrize("size", [(480, 80), (80, 480), (160, 160)])
def test_the_whole_photo_is_squeezed_or_kept_within_a_square(tmp_path: Path, size: tuple[int, int]) -> None:
    path = striped(tmp_path / "long.png", *size)
    squashed = decode_photo(path, 40, crop_mode="squash")
    assert squashed.shape == (40, 40, 3)
    assert min(squashed[0].min(), squashed[-1].min(), squashed[:, 0].min(), squashed[:, -1].min()) == 255
    assert squashed[20, 20].max() == 0
    whole = decode_photo(path, 48, crop_mode="border")
    assert whole.shape[:2] == (size[1] * 48 // max(size), size[0] * 48 // max(size))
    square = pad_to_square(whole, 48)
    top, left = (48 - whole.shape[0]) // 2, (48 - whole.shape[1]) // 2
    assert np.array_equal(square[top : top + whole.shape[0], left : left + whole.shape[1]], whole)
    inside = np.zeros((48, 48), bool)
    inside[top : top + whole.shape[0], left : left + whole.shape[1]] = True
    assert (square[~inside] == BORDER).all()


def test_a_photo_of_one_line_has_a_side_left(tmp_path: Path) -> None:
    Image.new("RGB", (900, 1)).save(tmp_path / "line.png")
    assert decode_photo(tmp_path / "line.png", 32, crop_mode="border").shape == (1, 32, 3)


def test_center_crop_is_the_middle() -> None:
    photo = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    assert np.array_equal(center_crop(photo, 3), photo[1:4, 2:5])


def _photo(mode: str = "RGB") -> Image.Image:
    rng = np.random.default_rng(0)
    return Image.fromarray(np.kron(rng.integers(0, 255, (5, 7, 3)), np.ones((8, 8, 1))).astype(np.uint8)).convert(mode)


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112], exif[0x011A] = "Maker", 6, 72.0
    exif.get_ifd(0x8769)[0x9003] = "2020:01:01 00:00:00"
    exif.get_ifd(0x8825)[2] = (1.0, 2.0, 3.0)
    return exif


SOURCES: dict[str, dict[str, Any]] = {
    "jpeg": {"format": "JPEG", "exif": _exif()},
    "cmyk": {"format": "JPEG", "mode": "CMYK"},
    "png": {"format": "PNG", "exif": _exif()},
    "palette": {"format": "PNG", "mode": "P"},
    "webp": {"format": "WEBP", "exif": _exif()},
    "gif": {"format": "GIF", "mode": "P"},
    "bmp": {"format": "BMP"},
    "tiff": {"format": "TIFF", "exif": _exif()},
    "lzw": {"format": "TIFF", "compression": "tiff_lzw"},
    "jpeg in tiff": {"format": "TIFF", "compression": "jpeg"},
    "float": {"format": "TIFF", "mode": "F"},
    "integer": {"format": "TIFF", "mode": "I"},
    "deep": {"format": "PNG", "mode": "I;16"},
    "avif": {"format": "AVIF"},
    "jpeg 2000": {"format": "JPEG2000"},
    "ppm": {"format": "PPM"},
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", SOURCES)
def test_any_damage_leaves_a_photo_out_or_whole(tmp_path: Path, kind: str) -> None:
    """One to three bytes are changed, in the header more often than elsewhere, or the end is missing."""
    options = dict(SOURCES[kind])
    photo = _photo("L").convert("I").convert("I;16") if options.get("mode") == "I;16" else _photo(options.get("mode", "RGB"))
    options.pop("mode", None)
    photo.save(tmp_path / "whole", **options)
    whole, rng = (tmp_path / "whole").read_bytes(), np.random.default_rng(len(kind))
    outcomes = set()
    for _ in range(120):
        damaged = bytearray(whole)
        end = len(whole) if rng.random() < 0.4 else min(len(whole), 300)
        for place in rng.integers(0, end, rng.integers(1, 4)):
            damaged[place] = rng.integers(256)
        if rng.random() < 0.1:
            del damaged[rng.integers(len(damaged)) :]
        (tmp_path / "damaged").write_bytes(damaged)
        try:
            pixels = decode_photo(tmp_path / "damaged", 16)
            assert (pixels.dtype, pixels.shape[2], min(pixels.shape[:2])) == (np.uint8, 3, 16)
            outcomes.add("whole")
        except UnusablePhoto as verdict:
            outcomes.add(str(verdict))
    assert len(outcomes) > 1
    assert not any("\n" in outcome for outcome in outcomes)


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_orientations_that_do_not_exist_are_ignored(tmp_path: Path, value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    _photo().save(tmp_path / "a.jpg", exif=exif)
    _photo().save(tmp_path / "b.jpg")
    assert np.array_equal(decode_photo(tmp_path / "a.jpg", 16), decode_photo(tmp_path / "b.jpg", 16))


@pytest.mark.filterwarnings("ignore")
def test_a_damaged_exif_field_does_not_cost_the_pixels(tmp_path: Path) -> None:
    """A field of another type than its values have, which can be read and not be written."""
    _photo().save(tmp_path / "whole.jpg", quality=95, exif=_exif())
    whole = (tmp_path / "whole.jpg").read_bytes()
    start = whole.index(b"Exif\0\0")
    wanted = decode_photo(tmp_path / "whole.jpg", 16)
    seen = 0
    for place in range(start + 6, whole.index(b"\xff\xdb")):
        damaged = bytearray(whole)
        damaged[place] ^= 0x55
        (tmp_path / "damaged.jpg").write_bytes(damaged)
        seen += np.array_equal(decode_photo(tmp_path / "damaged.jpg", 16), wanted)
    assert seen > 50  # the others lost their orientation


def test_a_size_beyond_what_a_tiff_holds_is_damage(tmp_path: Path) -> None:
    photo = Image.fromarray(np.zeros((40, 40), np.float32))
    photo.save(tmp_path / "a.tif")
    content = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(content.replace(b"\x01\x01\x04\0\x01\0\0\0\x28\0", b"\x01\x01\x04\0\x01\0\0\0\x28\x70"))
    assert (tmp_path / "a.tif").read_bytes() != content
    with pytest.raises(UnusablePhoto, match="pixels are missing"):
        decode_photo(tmp_path / "a.tif", 16)


def test_16_bit_colour_that_would_be_black_is_left_out(tmp_path: Path) -> None:
    def png(top: int) -> bytes:
        rows = b"".join(b"\0" + np.full((20, 3), top, ">u2").tobytes() for _ in range(20))
        chunks = [(b"IHDR", struct.pack(">IIBBBBB", 20, 20, 16, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
        return b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
        )

    (tmp_path / "full.png").write_bytes(png(40000))
    assert decode_photo(tmp_path / "full.png", 16).min() == 156
    (tmp_path / "twelve.png").write_bytes(png(4000))
    with pytest.raises(UnusablePhoto, match="16-bit colour of which 12 bits or fewer are used"):
        decode_photo(tmp_path / "twelve.png", 16)
