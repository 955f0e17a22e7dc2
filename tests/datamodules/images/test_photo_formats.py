"""Formats: what Pillow reads is read whatever the file is called; of the rest, the format and what helps are named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from practicum.datamodules.images.decode import UnusablePhoto, decode_photo
from practicum.datamodules.images.photo_formats import formats, what_it_is


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF", "JPEG2000", "PPM"])
def test_what_pillow_reads_is_read(tmp_path: Path, name: str) -> None:
    if name not in formats():
        pytest.fail(f"{name} is not among Pillow's formats here")
    Image.new("RGB", (40, 60), (200, 10, 10)).save(tmp_path / "photo.xyz", format=name)
    pixels = decode_photo(tmp_path / "photo.xyz", 32)
    assert pixels.shape == (48, 32, 3)
    assert pixels[..., 0].mean() > 150


OTHERS = {
    "HEIC": (b"\0\0\0\x18ftypheic\0\0\0\0mif1", "pip install pillow-heif"),
    "JPEG XL": (b"\xff\x0a" + bytes(30), "pip install pillow-jxl-plugin"),
    "raw photo": (b"II*\0\x10\0\0\0CR\x02\0" + bytes(30), "develop it to JPEG or TIFF"),
    "PDF": (b"%PDF-1.4" + bytes(30), "export its pages as PNG"),
    "SVG": (b"<?xml version='1.0'?>\n<svg>", "convert it"),
    "DICOM": (bytes(128) + b"DICM" + bytes(30), "convert it"),
    "video": (b"\0\0\0\x18ftypisom" + bytes(30), ""),
    "PSD": (b"8BPS\0\x01" + bytes(30), "convert it to PNG or JPEG"),
    "QOI": (b"qoif" + bytes(30), "convert it to PNG or JPEG"),
    "TIFF of a kind": (b"II*\0\x08\0\0\0" + bytes(30), "convert it to PNG"),
    "broken (JPEG header)": (b"\xff\xd8\xff" + bytes(3), ""),
    "not an image": (b"<html>404</html>", ""),
    "empty file": (b"", ""),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_other_files_are_named_with_what_helps(tmp_path: Path, kind: str) -> None:
    content, helps = OTHERS[kind]
    (tmp_path / "photo.jpg").write_bytes(content)
    with pytest.raises(UnusablePhoto) as verdict:
        decode_photo(tmp_path / "photo.jpg", 32)
    assert str(verdict.value).startswith(kind)
    assert helps in str(verdict.value)


def test_no_bytes_confuse_it() -> None:
    rng = np.random.default_rng(0)
    for size in [*range(20), 256] * 20:
        assert what_it_is(rng.bytes(size))


def test_of_a_raw_photo_the_thumbnail_is_not_taken(tmp_path: Path) -> None:
    Image.new("RGB", (160, 120)).save(tmp_path / "a.dng", format="TIFF", tiffinfo={50706: b"\1\4\0\0"})
    with pytest.raises(UnusablePhoto, match="raw photo"):
        decode_photo(tmp_path / "a.dng", 32)
