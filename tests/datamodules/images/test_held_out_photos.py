"""Photos held out: a share of each label, the same when others are added; what belongs together stays on one side."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from practicum.datamodules.images.held_out_photos import hold_out, move_photos
from practicum.datamodules.images.layouts import Photos


def many(given: tuple[str, ...] = ()) -> Photos:
    photos = Photos()
    for number in range(600):
        photos.add(Path(f"{number}.jpg"), (("a", "b", "b")[number % 3],), "valid" if given and number % 5 == 0 else "train")
    return photos


def test_a_tenth_is_for_the_test_beside_the_same_validation(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="practicum"):
        for test_fraction, tested in ((0.0, 0), (None, 60), (0.2, 120)):
            photos = many()
            hold_out(photos, {"train"}, 0.2, test_fraction, 1, "photos")
            counts = Counter(zip(photos.splits, photos.labels, strict=True))
            assert counts["valid", ("a",)] == 40
            assert counts["valid", ("b",)] == 80
            assert (counts["test", ("a",)], counts["test", ("b",)]) == (tested / 3, tested * 2 / 3)
            valid = [split == "valid" for split in photos.splits]
            if tested == 0:
                without = valid
            assert valid == without
    assert caplog.text.count("60 of 600 photos are held out for a test") == 1
    assert "held out" not in caplog.text.replace("60 of 600 photos are held out", "")


@pytest.mark.parametrize("given", [{"train", "valid"}, {"train", "test"}])
def test_a_split_that_is_there_is_left(given: set[str]) -> None:
    photos = many(("valid",) if "valid" in given else ())
    before = photos.splits.count("valid")
    hold_out(photos, given, 0.2, None, 1, "photos")
    assert "test" not in photos.splits
    assert photos.splits.count("valid") == (before or 120)


def held_out(photos: Photos, **options: object) -> set[str]:
    hold_out(photos, {"train"}, 0.2, 0.0, 1, "photos", **options)  # type: ignore[arg-type]
    return {path.name for path, split in zip(photos.paths, photos.splits, strict=True) if split == "valid"}


def numbered(count: int, classes: int = 2, group: int = 1) -> Photos:
    photos = Photos()
    for number in range(count):
        photos.add(Path(f"{number}.jpg"), (str(number // group % classes),), "train", str(number // group) if group > 1 else "")
    return photos


def test_photos_keep_their_side_when_others_are_added_or_all_are_renamed() -> None:
    before, after = held_out(numbered(100, classes=1)), held_out(numbered(110, classes=1))
    kept = {name for name in after if int(name.removesuffix(".jpg")) < 100}
    assert (len(before), len(after)) == (20, 22)
    assert kept <= before or before <= kept  # new ones may take places, and old ones don't change theirs
    keys = [str(number) for number in range(100)]
    renamed = numbered(100)
    renamed.paths = [Path(f"new {path.name}") for path in renamed.paths]
    assert held_out(numbered(100), keys=keys) == {name.removeprefix("new ") for name in held_out(renamed, keys=keys)}


def test_each_photo_is_as_likely_as_another() -> None:
    counts = np.zeros(20)
    for seed in range(400):
        photos = numbered(20, classes=1)
        move_photos(photos, 0.25, seed)
        counts += [split == "valid" for split in photos.splits]
    assert counts.sum() == 400 * 5
    assert abs(counts - 100).max() < 4.5 * np.sqrt(400 * 0.25 * 0.75)


def test_groups_stay_on_one_side() -> None:
    photos = numbered(300, group=5)
    valid = held_out(photos)
    assert 50 <= len(valid) <= 70
    by_group = {(group, split) for group, split in zip(photos.groups, photos.splits, strict=True)}
    assert len(by_group) == 60
    assert {labels for labels, split in zip(photos.labels, photos.splits, strict=True) if split == "valid"} == {("0",), ("1",)}


def test_pairs_and_short_chains_of_alike_photos_stay_on_one_side() -> None:
    for seed in range(5):
        photos = numbered(100)
        hold_out(photos, {"train"}, 0.2, 0.0, seed, "photos", together=[*((at, at + 1) for at in range(9)), (98, 99)])
        assert len({*photos.splits[:10]}) == len({*photos.splits[98:]}) == 1
        assert 15 <= photos.splits.count("valid") <= 25


def test_where_all_look_alike_photos_are_parted_like_others() -> None:
    photos = numbered(100)
    assert held_out(photos, together=[(at, at + 1) for at in range(60)]) == held_out(numbered(100))


def test_one_large_group_is_no_validation_and_two_groups_are_parted() -> None:
    photos = Photos()
    for number in range(20):
        photos.add(Path(f"{number}"), (("a", "b")[number % 2],), "train", "large" if number < 18 else f"small {number}")
    held_out(photos)
    assert {*photos.splits[:18]} == {"train"}
    assert "valid" in photos.splits[18:]


def test_where_all_photos_of_a_class_look_alike_one_validates_all_the_same() -> None:
    photos = numbered(12)
    same = [(at, at + 2) for at in range(10)]  # each class is one chain of six
    held_out(photos, together=same)
    assert Counter(photos.splits) == {"train": 10, "valid": 2}


def test_pairs_chain_no_groups_and_tie_no_photo_to_a_test_that_is_given() -> None:
    photos = numbered(200, classes=1, group=10)
    held_out(photos, together=[(10 * at + 9, 10 * at + 10) for at in range(19)])
    assert photos.splits.count("valid") == 40
    tested = numbered(40, classes=1)
    tested.splits[20:] = ["test"] * 20
    hold_out(tested, {"train", "test"}, 0.2, 0.0, 1, "photos", together=[(at, at + 20) for at in range(20)])
    assert Counter(tested.splits) == {"train": 16, "valid": 4, "test": 20}
