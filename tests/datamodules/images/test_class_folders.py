"""Folders of classes and splits as archives leave them: many names, wrappers, leftovers, links; other layouts are refused."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from practicum.datamodules import ImageFolder
from practicum.datamodules.images.class_folders import read_class_folders
from practicum.datamodules.images.layouts import Photos
from practicum.lightning_shim import MisconfigurationException

Ready = Callable[..., ImageFolder]


def touch(root: Path, *names: str) -> Path:
    """Make files, each with the folders above it."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    return root


def counts(photos: Photos) -> Counter[tuple[str, str]]:
    return Counter((split, labels[0]) for split, labels in zip(photos.splits, photos.labels, strict=True))


@pytest.mark.parametrize(
    ("train", "valid", "test"),
    [
        ("train", "val", "test"),
        ("training_set", "validation_set", "test_set"),
        ("seg_train/seg_train", "seg_dev/seg_dev", "seg_test/seg_test"),
        ("Training", "Eval", "Testing"),
        ("train2017", "val2017", "test2017"),
        ("TrainImages", "DevImages", "TestImages"),
        ("trn", "dev", "tst"),
        ("trainset", "valset", "testset"),
        ("my data/images/train", "my data/images/validation", "my data/images/test"),
    ],
)
def test_split_folders_have_many_names_and_wrappers(tmp_path: Path, train: str, valid: str, test: str) -> None:
    folders = {"train": train, "valid": valid, "test": test}
    touch(tmp_path, *(f"{folder}/{name}/{i}.jpg" for folder in folders.values() for name in ("cat", "dog") for i in range(2)))
    touch(tmp_path, "__MACOSX/x/._0.jpg", ".DS_Store", "readme.txt")
    assert counts(read_class_folders(tmp_path)) == {(split, name): 2 for split in folders for name in ("cat", "dog")}


def test_a_lone_wrapper_is_entered_and_a_lone_class_is_not(tmp_path: Path) -> None:
    touch(tmp_path, "archive/photos/cat/1.jpg", "archive/photos/dog/1.jpg", "archive/LICENSE")
    assert counts(read_class_folders(tmp_path)) == {("train", "cat"): 1, ("train", "dog"): 1}
    assert counts(read_class_folders(touch(tmp_path / "lone", "cat/1.jpg"))) == {("train", "cat"): 1}


def test_leftovers_are_skipped_everywhere(tmp_path: Path) -> None:
    touch(
        tmp_path, "cat/1.jpg", "dog/1.jpg", "cat/.ipynb_checkpoints/1-checkpoint.jpg", ".ipynb_checkpoints/x.jpg", "cat/._1.jpg"
    )
    touch(tmp_path, "cat/Thumbs.db", "cat/desktop.ini", "__MACOSX/cat/._1.jpg", "@eaDir/cat/1.jpg", "dog/@eaDir/1.jpg")
    assert sorted(str(path.relative_to(tmp_path)) for path in read_class_folders(tmp_path).paths) == ["cat/1.jpg", "dog/1.jpg"]


REFUSED = {
    "classes hold folders": (
        ("cat/tabby/1.jpg", "cat/siamese/1.jpg", "dog/pug/1.jpg"),
        "cat: found 2 folders .siamese, tabby. where",
    ),
    "photos and folders": (
        ("cat/1.jpg", "cat/kittens/2.jpg", "dog/1.jpg"),
        "cat: found 1 files and 1 folders .kittens. where photos",
    ),
    "classes above splits": (
        ("cat/train/1.jpg", "cat/test/2.jpg", "dog/train/1.jpg"),
        "look like splits: put them above the classes",
    ),
    "one class in two folders": (
        ("cat/a/1.jpg", "dog/b/1.jpg"),
        "cat: found 1 folders .a. where photos of one class are expected",
    ),
    "splits without classes": (
        ("train/1.jpg", "test/2.jpg"),
        "train: found 1 files and no folders; expected class folders",
    ),
    "wrapped splits without classes": (
        ("x/training_set/1.jpg", "x/valid/2.jpg"),
        "training_set: found 1 files and no folders",
    ),
    "no train": (
        ("dev/cat/1.jpg", "test/cat/1.jpg"),
        "found dev, test but no train folder",
    ),
    "two folders of one split": (
        ("train/cat/1.jpg", "val/cat/1.jpg", "eval/cat/2.jpg"),
        "holds both eval and val; keep one",
    ),
    "one level too deep": (
        ("1.jpg", "2.jpg"),
        "found 2 files and no folders; expected class folders",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_other_layouts_are_refused_by_what_was_found_and_wanted(tmp_path: Path, kind: str) -> None:
    files, message = REFUSED[kind]
    touch(tmp_path, *files)
    with pytest.raises(MisconfigurationException, match=message) as raised:
        read_class_folders(tmp_path)
    assert "\n" not in str(raised.value)


def test_folders_that_are_not_used_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    touch(tmp_path, "train/cat/1.jpg", "train/dog/1.jpg", "train/stray.jpg", "test1/7.jpg", "extra/cat/1.jpg", "valid/cat/1.jpg")
    assert len(read_class_folders(tmp_path)) == 3
    assert "test1: its 1 files are in no class folders and are not used" in caplog.text
    assert "extra beside train, valid not used" in caplog.text
    assert "train: 1 photos lie in no class folder and are left out, e.g. stray.jpg" in caplog.text
    assert "valid: has no photo of class dog" in caplog.text


def test_a_class_may_be_called_like_a_split(tmp_path: Path) -> None:
    touch(tmp_path, "train/1.jpg", "plane/1.jpg", "test tube/1.jpg")
    assert counts(read_class_folders(tmp_path)) == {("train", "train"): 1, ("train", "plane"): 1, ("train", "test tube"): 1}


def test_linked_folders_are_followed_without_loops(tmp_path: Path) -> None:
    root = touch(tmp_path / "root", "cat/1.jpg", "dog/1.jpg")
    touch(tmp_path, "elsewhere/2.jpg", "elsewhere/more/3.jpg", "birds/4.jpg")
    (root / "cat" / "linked").symlink_to(tmp_path / "elsewhere")
    (root / "cat" / "again").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "loop").symlink_to(tmp_path / "elsewhere")
    (root / "cat" / "up").symlink_to(root)
    (root / "bird").symlink_to(tmp_path / "birds")
    assert counts(read_class_folders(root)) == {("train", "cat"): 3, ("train", "dog"): 1, ("train", "bird"): 1}


def test_links_to_nothing_are_named_and_devices_are_skipped(ready: Ready, photos: Path) -> None:
    (photos / "train" / "red" / "gone.jpg").symlink_to(photos / "nowhere.jpg")
    os.mkfifo(photos / "train" / "red" / "pipe.jpg")
    data = ready(photos)
    assert data.rejected == [(str(photos / "train" / "red" / "gone.jpg"), "link to no file")]


def test_names_that_are_no_utf8_are_read_and_shown_escaped(
    ready: Ready, photos: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    red = os.fsencode(photos / "train" / "red")
    shutil.copy(os.path.join(red, b"0.jpg"), os.path.join(red, b"caf\xe9.jpg"))
    os.rename(os.path.join(red, b"1.jpg"), os.path.join(red, b"se\xf1or.jpg"))
    with open(os.path.join(red, b"bad\xff.jpg"), "wb") as file:
        file.write(b"x")
    for split in ("train", "valid"):
        os.rename(os.fsencode(photos / split / "blue"), os.fsencode(photos / split) + b"/bl\xfc")
    data = ready(photos, cache_gb=0.0, num_workers=2)
    assert data.classes == ["bl\\xfc", "red"]
    assert any(name.endswith("se\\xf1or.jpg") for name in data.row_names("train"))
    next(iter(data.train_dataloader()))
    new = data.for_prediction(os.fsdecode(os.fsencode(photos / "train") + b"/bl\xfc"))
    text = "".join([*new.row_columns()["file"], str(data.rejected), caplog.text, str(data.provenance), str(data.describe())])
    text += (tmp_path / "report" / "rejected.csv").read_text(encoding="utf-8")
    assert "bad\\xff.jpg" in text
    text.encode()  # no lone surrogates


def test_a_class_is_one_whether_its_accents_are_composed_or_not(tmp_path: Path) -> None:
    touch(tmp_path, "train/caf\u00e9/1.jpg", "train/dog/1.jpg", "valid/cafe\u0301/2.jpg")
    assert counts(read_class_folders(tmp_path))[("valid", "caf\u00e9")] == 1
