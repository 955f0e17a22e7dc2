"""Perceptual hashes: alike for retouched photos; pairs as a comparison of all with all finds them."""

from __future__ import annotations

import numpy as np
from PIL import Image
from practicum.datamodules.images.perceptual_hash import difference_hash, near_duplicates


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
