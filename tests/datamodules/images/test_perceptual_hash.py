"""Perceptual hashes: alike for retouched photos; pairs as a comparison of all with all finds them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from practicum.datamodules.images.perceptual_hash import difference_hash, look_alike, near_duplicates, thumbnail


def test_scale_and_compression_change_few_bits() -> None:
    rng = np.random.default_rng(0)
    photo = np.kron(rng.integers(0, 255, (8, 9, 3)), np.ones((20, 20, 1))).astype(np.uint8)
    small = np.asarray(Image.fromarray(photo).resize((90, 80), Image.Resampling.BILINEAR))
    other = np.kron(rng.integers(0, 255, (8, 9, 3)), np.ones((20, 20, 1))).astype(np.uint8)
    assert (difference_hash(photo) ^ difference_hash(small)).bit_count() <= 3
    assert (difference_hash(photo) ^ difference_hash(other)).bit_count() > 16


def test_pairs_are_those_of_all_with_all() -> None:
    rng = np.random.default_rng(1)
    base = rng.integers(0, 2**63, 40, dtype=np.uint64)
    flips = np.uint64(1) << rng.integers(0, 64, (40, 4), dtype=np.uint64)
    hashes = np.concatenate(
        [base, base ^ flips[:, 0], base ^ np.bitwise_xor.reduce(flips[:, :3], 1), base ^ np.bitwise_or.reduce(flips, 1)]
    )
    wanted = [(i, j) for i in range(160) for j in range(i + 1, 160) if int(hashes[i] ^ hashes[j]).bit_count() <= 3]
    assert near_duplicates(hashes) == wanted
    assert len(near_duplicates(hashes, limit=5)) == 5


def garment(colour: tuple[int, int, int]) -> Image.Image:
    """A shirt with folds before a light background."""
    y, x = np.mgrid[:160, :160]
    inside = ((abs(x - 80) < 45) & (y > 30) & (y < 150)) | ((abs(x - 80) < 75) & (y > 30) & (y < 70))
    folds = 1 - 0.25 * np.sin(x / 9) * np.cos(y / 13)
    pixels = np.where(inside[..., None], np.asarray(colour) * folds[..., None], 235)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


@pytest.mark.parametrize(
    ("one", "other"), [((180, 60, 50), (60, 140, 70)), ((180, 60, 50), (60, 60, 170)), ((90, 60, 30), (30, 60, 90))]
)
def test_one_cut_in_another_colour_is_another_thing(one: tuple[int, int, int], other: tuple[int, int, int]) -> None:
    a, b = thumbnail(np.asarray(garment(one))), thumbnail(np.asarray(garment(other)))
    assert not look_alike(a, b[None])[0]


@pytest.mark.parametrize("colour", [(180, 60, 50), (60, 140, 70), (90, 60, 30), (120, 120, 120)])
def test_copies_of_a_photo_look_alike(colour: tuple[int, int, int]) -> None:
    photo = garment(colour)
    squeezed = io.BytesIO()
    photo.save(squeezed, "JPEG", quality=30)
    copies = [
        Image.open(squeezed), photo.resize((80, 80)), ImageEnhance.Brightness(photo).enhance(1.1),
        ImageEnhance.Contrast(photo).enhance(1.2), ImageEnhance.Color(photo).enhance(0.8), photo.convert("L").convert("RGB"),
    ]  # fmt: skip
    found = look_alike(thumbnail(np.asarray(photo)), np.stack([thumbnail(np.asarray(each)) for each in copies]))
    assert found.tolist() == [True] * len(copies)
