"""Kaggle's challenges: drawn in their layouts, read packed and unpacked, answered in the columns and order Kaggle takes."""

from __future__ import annotations

import csv
import logging
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from practicum.datamodules import DogBreeds, DogsVsCats, Planet
from practicum.datamodules.images.kaggle.challenge import KaggleChallenge
from practicum.datamodules.synthetic import land, pets
from pytorch_lightning.utilities.exceptions import MisconfigurationException


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small samples."""
    monkeypatch.setattr(pets, "CATS_AND_DOGS", {"train": 6, "test": 11})
    monkeypatch.setattr(pets, "BREED_PHOTOS", {"train": 2, "test": 5})
    monkeypatch.setattr(pets, "COLOURS", {"collie": (0.85, 0.82, 0.76), "setter": (0.6, 0.24, 0.1)})
    monkeypatch.setattr(land, "COUNTS", {"train": 40, "test": 4, "additional": 2})


def ready(kind: type[KaggleChallenge], tmp_path: Path, **options: Any) -> Any:
    paths = {"drawn": str(tmp_path / "drawn"), "cache": tmp_path / "cache", "report": tmp_path / "report"}
    data = kind(size=32, batch_size=4, **{**paths, **options})  # type: ignore[misc]
    data.prepare_data()
    data.setup("fit")
    return data


def even(data: Any) -> dict[str, list[Any]]:
    """A table of predictions of what is to be predicted: the probability of class ``c`` of photo ``r`` is ``r/100 + c/1000``."""
    files = data.row_names("predict")
    classes = data.describe()["classes"] if data._datasets.get("train") else data.known
    table: dict[str, list[Any]] = {"file": files, "predicted": [classes[0]] * len(files)}
    for column, name in enumerate(classes):
        table[f"probability_{name}"] = [row / 100 + column / 1000 for row in range(len(files))]
    return table


def header(path: Path) -> list[str]:
    with open(path, newline="") as file:
        return next(csv.reader(file))


def test_cats_and_dogs(tmp_path: Path) -> None:
    data = ready(DogsVsCats, tmp_path)
    assert data.describe()["classes"] == ["cat", "dog"]
    assert data.provenance["source"].startswith("drawn: ")
    root = tmp_path / "drawn" / DogsVsCats.sample
    assert data.asked() == root / "test"
    data.predict_from(root / "test")
    answer = data.submission(even(data))
    assert list(answer) == header(root / "sample_submission.csv")
    assert answer["id"] == [str(i) for i in range(1, 12)]  # not 1, 10, 11, 2 ...
    files = [Path(file).stem for file in data.row_names("predict")]
    wanted = [min(max(files.index(each) / 100 + 0.001, 0.01), 0.99) for each in answer["id"]]
    assert answer["label"] == pytest.approx(wanted)
    assert min(answer["label"]) == 0.01  # clipped


def test_breeds_have_a_column_each_in_kaggles_order(tmp_path: Path) -> None:
    data = ready(DogBreeds, tmp_path)
    root = tmp_path / "drawn" / DogBreeds.sample
    data.predict_from(root)  # the whole folder: its test photos are taken
    answer = data.submission(even(data))
    assert list(answer) == header(root / "sample_submission.csv")
    assert len(answer) == 1 + 2 * 4 * 3
    with open(root / "sample_submission.csv", newline="") as file:
        assert answer["id"] == [row["id"] for row in csv.DictReader(file)]


def test_chips_have_tags(tmp_path: Path) -> None:
    data = ready(Planet, tmp_path)
    assert data.describe()["multi_label"]
    assert {"clear", "primary"} <= set(data.describe()["classes"])
    root = tmp_path / "drawn" / Planet.sample
    assert data.asked() == root  # two folders of photos to predict
    data.predict_from(root)
    table = even(data)
    table["predicted"][0] = ""
    answer = data.submission(table)
    assert list(answer) == header(root / "sample_submission_v2.csv")
    assert answer["image_name"] == [*(f"test_{i}" for i in range(4)), "file_0", "file_1"]
    assert answer["tags"][0] == data.describe()["classes"][-1]  # none likely enough: the likeliest
    assert answer["tags"][1] == data.describe()["classes"][0]


def test_there_are_120_breeds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert len(pets.breeds()) == 120
    assert list(pets.breeds()) == sorted(pets.breeds())


def test_archives_are_read_as_kaggle_hands_them_out(tmp_path: Path) -> None:
    drawn = ready(DogsVsCats, tmp_path)
    root = tmp_path / "drawn" / DogsVsCats.sample
    (tmp_path / "kaggle").mkdir()
    for name in ("train", "test"):
        shutil.make_archive(str(tmp_path / name), "zip", root, name)
    with zipfile.ZipFile(tmp_path / "kaggle" / "dogs-vs-cats.zip", "w") as whole:
        for name in ("train.zip", "test.zip"):
            whole.write(tmp_path / name, name)
        whole.write(root / "sample_submission.csv", "sample_submission.csv")
    packed = ready(DogsVsCats, tmp_path, root=str(tmp_path / "kaggle" / "dogs-vs-cats.zip"))
    assert packed.provenance["sha256"] == drawn.provenance["sha256"]
    assert packed.provenance["source"].endswith("dogs-vs-cats.zip")
    (tmp_path / "zips").mkdir()
    for name in ("train.zip", "test.zip"):
        shutil.copy(tmp_path / name, tmp_path / "zips")
    for source in (tmp_path / "kaggle" / "dogs-vs-cats.zip", tmp_path / "zips"):
        packed.predict_from(source)
        assert packed.submission(even(packed))["id"] == [str(i) for i in range(1, 12)]


def test_class_folders_will_do_for_cats_and_dogs(tmp_path: Path) -> None:
    ready(DogsVsCats, tmp_path)
    root = tmp_path / "own"
    for kind in ("cat", "dog"):
        for photo in (tmp_path / "drawn" / DogsVsCats.sample / "train").glob(f"{kind}.*"):
            (root / "train" / f"{kind}s").mkdir(parents=True, exist_ok=True)
            shutil.copy(photo, root / "train" / f"{kind}s")
    data = ready(DogsVsCats, tmp_path, root=str(root))
    assert data.describe()["classes"] == ["cats", "dogs"]
    data.predict_from(tmp_path / "drawn" / DogsVsCats.sample / "test")
    assert list(data.submission(even(data))) == ["id", "label"]


def test_what_lacks_or_is_wrong_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    data = ready(DogsVsCats, tmp_path)
    root = tmp_path / "drawn" / DogsVsCats.sample
    (root / "test" / "3.jpg").write_bytes(b"no photo")
    data.predict_from(root / "test")
    with pytest.raises(MisconfigurationException, match=r"1 of 11 ids that Kaggle asks for have no prediction \(first 3: not an"):
        data.submission(even(data))
    (root / "sample_submission.csv").unlink()
    (root / "test" / "Thumbs.db").write_bytes(b"no photo either")
    (root / "test" / "3.jpg").unlink()
    (root / "test" / "deeper").mkdir()
    shutil.move(root / "test" / "10.jpg", root / "test" / "deeper")
    data.predict_from(root / "test")
    assert data.submission(even(data))["id"] == ["1", "2", *map(str, range(4, 12))]
    with pytest.raises(MisconfigurationException, match="no such file"):
        data.predict_from(tmp_path / "missing" / "1.jpg")
    with pytest.raises(MisconfigurationException, match=r"data.clip=0.5"):
        DogsVsCats(clip=0.5)
    (root / "train" / "bird.1.jpg").write_bytes(b"")
    with pytest.raises(MisconfigurationException, match=r"bird.1.jpg: is named neither cat.NUMBER.jpg nor dog"):
        ready(DogsVsCats, tmp_path)
    with pytest.raises(MisconfigurationException, match="kaggle competitions download -c dog-breed-identification"):
        ready(DogBreeds, tmp_path, root=str(root))
    ready(DogBreeds, tmp_path)
    breeds = tmp_path / "drawn" / DogBreeds.sample
    lines = (breeds / "labels.csv").read_text().splitlines()
    (breeds / "labels.csv").write_text("\n".join(lines[:-1]) + "\n")
    with caplog.at_level(logging.WARNING):
        ready(DogBreeds, tmp_path)
    assert "1 photos in" in caplog.text
    assert "have no row in" in caplog.text
    (breeds / "labels.csv").write_text("\n".join([*lines, "abcdef,collie"]) + "\n")
    with pytest.raises(MisconfigurationException, match=r"photo 'abcdef' is not in"):
        ready(DogBreeds, tmp_path)
