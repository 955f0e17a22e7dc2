"""Layouts: class folders and CSVs, split by the layout or by seed; faults are named with their place."""

from __future__ import annotations

import csv
import gzip
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from practicum.datamodules import ImageFolder
from practicum.datamodules.images.layouts import read_csv
from practicum.lightning_shim import MisconfigurationException

Ready = Callable[..., ImageFolder]


def names(data: ImageFolder, split: str) -> list[str]:
    return ["/".join(Path(name).parts[-2:]) for name in data.row_names(split)]


def write_labels(path: Path, rows: list[tuple[str, ...]], header: tuple[str, ...] = ("file", "label")) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def test_one_folder_is_split_alike_in_every_class_and_by_seed(ready: Ready, photos: Path) -> None:
    for path in (photos / "train" / "red").glob("1*.jpg"):
        path.unlink()  # 9 red, 12 blue
    data = ready(photos / "train", valid_fraction=0.34, seed=1)
    valid = names(data, "valid")
    assert sum(name.startswith("blue") for name in valid) == 4
    assert sum(name.startswith("red") for name in valid) == 3
    assert names(ready(photos / "train", valid_fraction=0.34, seed=1), "valid") == valid
    assert names(ready(photos / "train", valid_fraction=0.34, seed=2), "valid") != valid
    assert not set(valid) & set(names(data, "train"))


def test_csv_single_label_with_splits(ready: Ready, photos: Path) -> None:
    rows = [(str(p.relative_to(photos)), p.parent.name, p.parts[-3]) for p in sorted(photos.rglob("*.jpg"))]
    write_labels(photos / "labels.csv", [*rows, rows[0]], ("file", "label", "part"))
    data = ready(photos, csv="labels.csv", split_column="part")
    assert data.describe()["class_counts"] == [12, 12]
    assert len(data.row_names("valid")) == 11


def test_csv_multi_label(ready: Ready, photos: Path) -> None:
    rows = [
        (p.stem, f"{p.parent.name} {'even' if int(p.stem) % 2 == 0 else ''}")
        for p in sorted((photos / "train" / "red").iterdir())
    ]
    write_labels(photos / "labels.csv", rows)
    data = ready(photos, csv="labels.csv", images="train/red", label_separator=" ", valid_fraction=0.3)
    assert data.describe()["multi_label"]
    assert data.describe()["classes"] == ["even", "red"]
    _, y = next(iter(data.val_dataloader()))
    assert y.shape[1] == 2
    assert y[:, 1].min() == 1


@pytest.mark.parametrize(
    ("name", "encoding", "delimiter", "unusual"),
    [
        ("labels.tsv", "utf-8", "\t", "delimiter tab"),
        ("LABELS.CSV", "utf-16", ";", "delimiter ';', encoding utf-16"),
        ("labels.csv.gz", "cp1252", ", ", "encoding cp1252"),
    ],
)
def test_labels_in_any_format(ready: Ready, photos: Path, name: str, encoding: str, delimiter: str, unusual: str) -> None:
    files = sorted(photos.rglob("train/*/*.jpg"))
    rows = [("datei", "größe"), *((str(p.relative_to(photos)), {"red": "groß", "blue": "klein"}[p.parent.name]) for p in files)]
    raw = "".join(f"{delimiter.join(row)}\n" for row in rows).encode(encoding)
    (photos / name).write_bytes(gzip.compress(raw) if name.endswith("gz") else raw)
    data = ready(photos, csv=name, file_column="datei", label_column="größe")
    assert data.describe()["classes"] == ["groß", "klein"]
    assert data.provenance["csv"] == unusual


def test_a_format_can_be_told(ready: Ready, photos: Path) -> None:
    files = sorted(photos.rglob("train/*/*.jpg"))
    (photos / "labels.csv").write_text("".join(f"{p.relative_to(photos)};{p.parent.name}\n" for p in files), encoding="utf-8")
    options = {"csv": "labels.csv", "file_column": "column_1", "label_column": "column_2"}
    with pytest.raises(MisconfigurationException, match="has no column 'column_1'"):
        ready(photos, **options)
    assert len(ready(photos, **options, csv_format={"header": False}).describe()["classes"]) == 2


def test_rare_labels_stay_in_training(ready: Ready, photos: Path) -> None:
    files = sorted(p.name for p in (photos / "train" / "red").iterdir())
    write_labels(photos / "labels.csv", [(name, "red rare" if i == 0 else "red") for i, name in enumerate(files)])
    for seed in range(6):
        data = ready(photos, csv="labels.csv", images="train/red", label_separator=" ", valid_fraction=0.5, seed=seed)
        assert data.describe()["classes"] == ["rare", "red"]
        assert data.describe()["class_counts"][0] == 1


CSV_FAULTS: dict[str, tuple[list[tuple[str, ...]], tuple[str, ...], str]] = {
    "missing photo": ([("nowhere.jpg", "a")], ("file", "label"), "'nowhere.jpg' is not in"),
    "empty label": ([("train/red/0.jpg", "")], ("file", "label"), "line 2: the label of 'train/red/0.jpg' is empty"),
    "two labels for one": ([("train/red/0.jpg", "a"), ("train/red/0.jpg", "b")], ("file", "label"), "lines 2 and 3"),
    "no such column": ([("train/red/0.jpg", "a")], ("file", "labels"), "did you mean 'labels'"),
    "no rows": ([], ("file", "label"), "has a header but no rows"),
    "a comma": (
        [("train/red/0.jpg", "a"), ("train/red/1.jpg", "a", "b")],
        ("file", "label"),
        "line 3: has 3 fields, but the header has 2",
    ),
    "a field too few": ([("train/red/0.jpg",)], ("file", "label"), "line 2: has 1 field, but the header has 2"),
}


@pytest.mark.parametrize("fault", CSV_FAULTS)
def test_bad_tables_are_named_with_their_line(ready: Ready, fault: str, photos: Path) -> None:
    rows, header, message = CSV_FAULTS[fault]
    write_labels(photos / "labels.csv", rows, header)
    with pytest.raises(MisconfigurationException, match=message):
        ready(photos, csv="labels.csv")


def empty_class(root: Path) -> None:
    (root / "train" / "green").mkdir()


def one_class(root: Path) -> None:
    for split in ("train", "valid"):
        shutil.rmtree(root / split / "red")


def class_only_in_valid(root: Path) -> None:
    (root / "valid" / "green").mkdir()
    Image.new("RGB", (40, 40), "green").save(root / "valid" / "green" / "0.jpg")


def nothing_readable_in_one_class(root: Path) -> None:
    for path in (root / "train" / "red").iterdir():
        path.write_bytes(b"not a photo")


def nothing_readable_in_valid(root: Path) -> None:
    for path in (root / "valid").rglob("*.jpg"):
        path.write_bytes(b"not a photo")


def two_valid_folders(root: Path) -> None:
    shutil.copytree(root / "valid", root / "val")


def other_layout(root: Path) -> None:
    shutil.rmtree(root / "valid")
    for path in list(root.rglob("*.jpg")):
        path.rename(root / f"{path.parts[-3]}-{path.parent.name}-{path.name}")
    shutil.rmtree(root / "train")


def no_train(root: Path) -> None:
    shutil.rmtree(root / "train")


FAULTS = {
    empty_class: "green: this class holds no photo",
    one_class: "found one class only \\(blue\\)",
    class_only_in_valid: "has class 'green', which .*train lacks",
    nothing_readable_in_valid: "none of the photos in valid can be used",
    nothing_readable_in_one_class: "no usable training photo is labelled 'red'",
    other_layout: "found 24 files and no folders; expected class folders",
    two_valid_folders: "holds both val and valid",
    no_train: "found valid but no train folder",
    shutil.rmtree: "no such folder",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f.__name__)
def test_bad_folders_are_named(ready: Ready, fault: Any, photos: Path) -> None:
    fault(photos)
    with pytest.raises(MisconfigurationException, match=FAULTS[fault]) as raised:
        ready(photos)
    assert "\n" not in str(raised.value)


def test_photos_of_any_format_are_found_without_their_extension_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a.gif", "b.webp", "c.tif", "d.bmp", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "labels.csv").write_text("file,label\na,x\nb.webp,y\n", encoding="utf-8")
    for _ in range(2):
        photos = read_csv(tmp_path / "labels.csv", tmp_path, "file", "label", None, None)
    assert [path.name for path in photos.paths] == ["a.gif", "b.webp"]
    assert [each.message.split(" in ")[0] for each in caplog.records] == ["2 photos"]  # said once
