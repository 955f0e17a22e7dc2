"""New photos by several paths, and with labels to be scored by."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from practicum.datamodules import ImageFolder
from practicum.lightning_shim import MisconfigurationException


def new_data(photos: Path, **options: Any) -> ImageFolder:
    return ImageFolder(photos / "train", size=32, cache=photos / "cache", **options)


def test_labels_are_those_of_folders_and_of_tables(photos: Path) -> None:
    (photos / "valid" / "red" / "broken.jpg").write_bytes(b"no photo")
    new = new_data(photos).for_scoring(photos / "valid", ["blue", "green", "red"])
    assert new.targets is not None
    assert new.targets.tolist() == [0] * 5 + [2] * 6  # in the order of the predictions, without the broken one
    assert [Path(name).parent.name for name in new.row_columns()["file"]] == ["blue"] * 5 + ["red"] * 6
    (photos / "valid" / "tags.csv").write_text("file,label\nred/0.jpg,red blue\nblue/0,blue\n", encoding="utf-8")
    new = new_data(photos, label_separator=" ").for_scoring([photos / "valid" / "tags.csv"] * 2, ["blue", "red"])
    assert new.targets is not None
    assert new.targets.tolist() == [[1, 1], [1, 0]] * 2


def test_photos_of_several_paths_come_one_after_another(photos: Path) -> None:
    paths = [photos / "valid" / "red" / "3.jpg", photos / "valid" / "blue", photos / "valid" / "red" / "1.jpg"]
    files = new_data(photos).for_prediction(paths).row_columns()["file"]
    assert files == [str(path) for path in (paths[0], *sorted(paths[1].iterdir()), paths[2])]


def test_what_has_no_labels_or_others_is_refused(photos: Path) -> None:
    data = new_data(photos)
    for source, message in (
        (photos, "holds splits; .* such as the one of valid"),
        (photos / "valid" / "red" / "0.jpg", "has no labels to score by; give a folder with one folder per class, or a CSV"),
        (photos / "nowhere", "no such file or folder"),
        (photos / "valid", r"red/0.jpg: its label 'red' is none of the run's classes \(blue\)"),
    ):
        with pytest.raises(MisconfigurationException, match=message):
            data.for_scoring(source, ["blue"])


def test_a_zip_file_is_read_like_its_folder(photos: Path, tmp_path: Path) -> None:
    shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path, "photos")
    data = ImageFolder(tmp_path / "packed.zip", size=32, cache=tmp_path / "cache")
    data.prepare_data()
    data.setup()
    assert (data.provenance["source"], data.provenance["train"], data.provenance["valid"]) == (
        str(tmp_path / "packed.zip"),
        24,
        11,
    )
