"""Cleaning: unusable files, duplicates and near duplicates, and data sets that can't be trained on."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from practicum.datamodules import ImageFolder
from practicum.datamodules.images.cleaning import (
    contradictory_pairs,
    near_duplicate_rows,
    near_duplicates_across_splits,
    rejection_reasons,
    trainable_classes,
)
from practicum.datamodules.images.layouts import Photos
from practicum.lightning_shim import MisconfigurationException

Ready = Callable[..., ImageFolder]
SavePhoto = Callable[[Path, str, int], Path]


def names(data: ImageFolder, split: str) -> list[str]:
    return ["/".join(Path(name).parts[-2:]) for name in data.row_names(split)]


def rejected(tmp_path: Path) -> dict[str, str]:
    with open(tmp_path / "report" / "rejected.csv", newline="", encoding="utf-8") as file:
        return {Path(row["file"]).name: row["reason"] for row in csv.DictReader(file)}


def test_the_articles_cleaning(ready: Ready, photos: Path, tmp_path: Path, save_photo: SavePhoto) -> None:
    red = photos / "train" / "red"
    whole = (red / "0.jpg").read_bytes()
    (red / "empty.jpg").touch()
    (red / "page.jpg").write_text("<html>404</html>", encoding="utf-8")
    (red / "truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (red / "copy.jpg").write_bytes(whole)
    (red / "leak.jpg").write_bytes((photos / "valid" / "red" / "0.jpg").read_bytes())
    (red / "noextension").write_bytes(save_photo(tmp_path / "x.jpg", "red", 77).read_bytes())
    Image.new("RGB", (3000, 20)).save(red / "bomb.png")
    (red / "conflict.jpg").write_bytes((photos / "train" / "blue" / "1.jpg").read_bytes())
    before = {path: path.read_bytes() for path in photos.rglob("*") if path.is_file()}

    data = ready(photos, max_pixels=50_000)

    reasons = rejected(tmp_path)
    assert reasons.pop("empty.jpg") == "empty file"
    assert reasons.pop("page.jpg") == "not an image"
    assert reasons.pop("truncated.jpg") == "truncated"
    assert reasons.pop("bomb.png").startswith("too large")
    assert reasons.pop("copy.jpg", reasons.pop("0.jpg", "")).startswith("duplicate of")
    assert reasons.pop("leak.jpg").startswith("duplicate of")  # validation keeps its photo, training loses the copy
    assert "another label" in reasons.pop("conflict.jpg")
    assert "another label" in reasons.pop("1.jpg")
    assert reasons == {}
    assert "red/noextension" in names(data, "train")
    assert len(data.row_names("valid")) == 11
    assert {path: path.read_bytes() for path in photos.rglob("*") if path.is_file()} == before


def test_near_duplicates_across_splits_are_reported(
    ready: Ready, photos: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gradient = np.add.outer(np.arange(40), np.arange(48) * 2).astype(np.uint8)
    rng = np.random.default_rng(0)
    blocks = np.kron(rng.integers(0, 120, (5, 6)), np.ones((8, 8))).astype(np.uint8)
    picture = Image.fromarray(np.stack([gradient + blocks] * 3, -1))
    picture.save(photos / "train" / "red" / "one.jpg", quality=95)
    picture.save(photos / "valid" / "red" / "two.jpg", quality=60)
    data = ready(photos)
    assert data.provenance["near_duplicates/valid"] == 1
    with open(tmp_path / "report" / "near_duplicates.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert any({Path(r["file"]).name, Path(r["similar_file"]).name} == {"one.jpg", "two.jpg"} for r in rows)
    assert "1 photos of valid or test are near duplicates of photos in another split" in caplog.text


def test_different_things_in_one_pose_are_no_near_duplicates(
    ready: Ready, photos: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rng = np.random.default_rng(0)
    pose = np.kron(rng.integers(0, 200, (8, 9)), np.ones((8, 8))).astype(np.uint8)
    red, cyan = (1.0, 0.2, 0.1), (0.2, 0.9, 0.8)
    for split, name, colours in (("train", "one", red), ("train", "copy", red), ("valid", "two", cyan)):
        pixels = np.stack([pose * colours[0], pose * colours[1], 255 - pose * colours[2]], -1)
        Image.fromarray(pixels.astype(np.uint8)).save(photos / split / "red" / f"{name}.png", compress_level=len(name))
    ready(photos)
    assert "near duplicates" not in caplog.text


def test_photos_are_counted_rather_than_pairs() -> None:
    photos = photos_of(*((name, "cat", "train") for name in "abc"), ("d", "cat", "valid"))
    message = near_duplicates_across_splits(photos, [(0, 1), (0, 3), (1, 3), (2, 3)])
    assert message is not None
    assert message.startswith("1 photos of valid or test are near duplicates")
    assert near_duplicates_across_splits(photos, [(0, 1)]) is None


def photos_of(*rows: tuple[str, str, str]) -> Photos:
    photos = Photos()
    for file, label, split in rows:
        photos.add(Path(file), (label,), split)
    return photos


def test_of_duplicates_the_one_outside_training_is_used() -> None:
    photos = photos_of(("a", "cat", "train"), ("b", "cat", "test"), ("c", "cat", "train"), ("d", "dog", "train"))
    reasons = rejection_reasons(photos, ["", "", "empty file", ""], ["1", "1", "1", "2"])
    assert reasons == ["duplicate of b", "", "empty file", ""]
    conflict = rejection_reasons(photos_of(("a", "cat", "train"), ("b", "dog", "train")), ["", ""], ["1", "1"])
    assert conflict == ["same bytes as b but another label", "same bytes as a but another label"]


def test_pairs_across_splits_come_first() -> None:
    photos = photos_of(("a", "cat", "train"), ("b", "cat", "train"), ("c", "cat", "valid"))
    assert near_duplicate_rows(photos, [(0, 1), (1, 2)]) == [
        ("b", "train", "cat", "c", "valid", "cat"),
        ("a", "train", "cat", "b", "train", "cat"),
    ]


def test_near_duplicates_with_different_labels_are_told_first() -> None:
    photos = photos_of(("a", "cat", "train"), ("b", "cat", "valid"), ("c", "cat", "train"), ("d", "dog", "train"))
    assert contradictory_pairs(photos, [(0, 1)]) is None
    sentence = contradictory_pairs(photos, [(0, 1), (2, 3)])
    assert sentence is not None
    assert sentence.startswith("1 pair of near duplicates has different labels, e.g. c ('cat') and d ('dog')")
    assert near_duplicate_rows(photos, [(0, 1), (2, 3)])[0] == ("c", "train", "cat", "d", "train", "dog")


def test_a_class_that_lost_its_photos_is_named() -> None:
    found = photos_of(("a", "cat", "train"), ("b", "dog", "train"), ("c", "cow", "train"), ("d", "cat", "valid"))
    assert trainable_classes(found, found, Path("x"), None, 0.2) == ["cat", "cow", "dog"]
    with pytest.raises(MisconfigurationException, match="x: no usable training photo is labelled 'cow'"):
        trainable_classes(found.select([0, 1, 3]), found, Path("x"), None, 0.2)
    with pytest.raises(MisconfigurationException, match="x: too few photos, so that none can validate"):
        trainable_classes(found.select([0, 1]), found.select([0, 1]), Path("x"), None, 0.2)
