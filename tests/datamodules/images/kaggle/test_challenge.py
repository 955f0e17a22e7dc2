"""Kaggle's challenges: read packed and unpacked, predicted for the IDs and in the order that Kaggle asks for."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from practicum.datamodules import DogBreeds, DogsVsCats
from practicum.lightning_shim import MisconfigurationException

CLASSES = ("cat", "dog")


def test_archives_are_read_as_kaggle_hands_them_out(read: Any, predictions: Any, tmp_path: Path) -> None:
    generated = read(DogsVsCats)
    root = tmp_path / "synthetic" / DogsVsCats.sample
    (tmp_path / "kaggle").mkdir()
    for name in ("train", "test"):
        shutil.make_archive(str(tmp_path / name), "zip", root, name)
    with zipfile.ZipFile(tmp_path / "kaggle" / "dogs-vs-cats.zip", "w") as whole:
        for name in ("train.zip", "test.zip"):
            whole.write(tmp_path / name, name)
        whole.write(root / "sample_submission.csv", "sample_submission.csv")
    packed = read(DogsVsCats, root=str(tmp_path / "kaggle" / "dogs-vs-cats.zip"))
    assert packed.provenance["sha256"] == generated.provenance["sha256"]
    assert packed.provenance["source"].endswith("dogs-vs-cats.zip")
    (tmp_path / "zips").mkdir()
    for name in ("train.zip", "test.zip"):
        shutil.copy(tmp_path / name, tmp_path / "zips")
    for source in (tmp_path / "kaggle" / "dogs-vs-cats.zip", tmp_path / "zips"):
        new = packed.for_prediction(source)
        assert new.submission_columns(predictions(new, CLASSES))["id"] == [str(i) for i in range(1, 12)]


def test_labels_of_a_challenge_come_with_its_photos() -> None:
    with pytest.raises(MisconfigurationException, match=r"DogBreeds: label_pattern is for data=image_folder"):
        DogBreeds(label_pattern="(a)")


def test_new_photos_need_no_training_photos(predictions: Any, tmp_path: Path) -> None:
    DogsVsCats.generate(tmp_path / "sample")
    data = DogsVsCats(root=str(tmp_path / "gone"), size=32, cache=tmp_path / "cache")
    new = data.for_prediction(tmp_path / "sample")
    assert len(new.submission_columns(predictions(new, CLASSES))["id"]) == 11


def test_several_inputs_are_predicted_one_after_another(predictions: Any, tmp_path: Path) -> None:
    DogsVsCats.generate(tmp_path / "sample")
    data = DogsVsCats(root=str(tmp_path / "gone"), size=32, cache=tmp_path / "cache")
    photos = sorted((tmp_path / "sample" / "test").iterdir(), key=lambda path: int(path.stem))
    new = data.for_prediction(photos)
    assert new.submission_columns(predictions(new, CLASSES))["id"] == [path.stem for path in photos]
    (tmp_path / "names.csv").write_text(
        "file,camera\n" + "".join(f"{path},{number}\n" for number, path in enumerate(photos[:3])), encoding="utf-8"
    )
    assert data.for_prediction([tmp_path / "names.csv"]).row_columns()["camera"] == ["0", "1", "2"]


def test_ids_without_a_prediction_are_named_with_their_reason(read: Any, predictions: Any, tmp_path: Path) -> None:
    data = read(DogsVsCats)
    root = tmp_path / "synthetic" / DogsVsCats.sample
    (root / "test" / "3.jpg").write_bytes(b"no photo")
    new = data.for_prediction(root / "test")
    with pytest.raises(MisconfigurationException, match=r"1 of 11 IDs that Kaggle asks for have no prediction \(first 3: not an"):
        new.submission_columns(predictions(new, CLASSES))
    (root / "sample_submission.csv").unlink()
    (root / "test" / "Thumbs.db").write_bytes(b"no photo either")
    (root / "test" / "3.jpg").unlink()
    (root / "test" / "deeper").mkdir()
    shutil.move(root / "test" / "10.jpg", root / "test" / "deeper")
    new = data.for_prediction(root / "test")
    assert new.submission_columns(predictions(new, CLASSES))["id"] == ["1", "2", *map(str, range(4, 12))]


def test_without_ids_the_samples_own_order_is_taken(read: Any, predictions: Any) -> None:
    data = read(DogsVsCats)
    new = data.for_prediction(data.test_inputs())
    table = predictions(new, CLASSES)
    assert Path(table["file"][1]).stem == "10"
    assert data.submission_columns(table) == new.submission_columns(table)


def test_missing_files_and_other_challenges_are_refused(read: Any, tmp_path: Path) -> None:
    data = read(DogsVsCats)
    with pytest.raises(MisconfigurationException, match="no such file"):
        data.for_prediction(tmp_path / "missing" / "1.jpg")
    root = tmp_path / "synthetic" / DogsVsCats.sample
    with pytest.raises(MisconfigurationException, match="kaggle competitions download -c dog-breed-identification"):
        read(DogBreeds, root=str(root))
