"""New photos: files, folders and CSVs, in order; unreadable ones are listed, training photos never read."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image
from practicum.datamodules import Augment, ImageFolder
from practicum.datamodules.images.decode import BORDER
from practicum.datamodules.images.new_photos import NewPhotos
from practicum.lightning_shim import MisconfigurationException

Ready = Callable[..., ImageFolder]


def test_new_photos_keep_their_order_and_unreadable_ones_are_listed(photos: Path, tmp_path: Path) -> None:
    source = photos / "valid" / "red"
    (source / "broken.jpg").write_text("no", encoding="utf-8")
    data = ImageFolder(photos, size=32, batch_size=4, cache=tmp_path / "cache")
    new = data.for_prediction(source)
    assert [Path(file).name for file in new.row_columns()["file"]] == [f"{i}.jpg" for i in range(6)]
    assert [Path(name).name for name, _ in new.rejected] == ["broken.jpg"]
    assert sum(len(x) for x, _ in new.predict_dataloader()) == 6

    with open(tmp_path / "new.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("photo",), ("photos/valid/red/2.jpg",), ("photos/valid/blue/0.jpg",)])
    new = data.for_prediction(tmp_path / "new.csv")
    assert [Path(file).parent.name for file in new.row_columns()["file"]] == ["red", "blue"]
    with pytest.raises(MisconfigurationException, match="no such file or folder"):
        data.for_prediction(tmp_path / "nowhere")
    with pytest.raises(MisconfigurationException, match=r"broken.jpg: holds no photo that can be read \(not an image\)"):
        data.for_prediction(source / "broken.jpg")


def test_training_photos_need_not_be_there(photos: Path, tmp_path: Path) -> None:
    data = ImageFolder(tmp_path / "gone", size=32, cache=tmp_path / "cache")
    assert len(data.for_prediction(photos / "valid").row_columns()["file"]) == 11


def test_they_are_seen_as_validation_photos_are(ready: Ready, photos: Path) -> None:
    data = ready(photos, augment=Augment(hflip=0.5), crop_fraction=0.5)
    new = data.for_prediction(photos / "valid")
    assert new.augments
    names = [Path(file) for file in new.row_columns()["file"]]
    known = [Path(file) for file in data.row_names("valid")]
    assert names == known
    for (x, y), (wanted, _) in zip(new.predict_dataloader(), data.val_dataloader(), strict=True):
        assert torch.equal(x, wanted)
        assert (y == -1).all()
    views, wanted = (next(iter(each.views_dataloader(split, 3)))[0] for each, split in ((new, "predict"), (data, "valid")))
    assert torch.equal(views, wanted)


@pytest.mark.parametrize("crop_mode", ["squash", "border"])
def test_whole_photos_become_squares_alike_everywhere(ready: Ready, photos: Path, crop_mode: str) -> None:
    for path in (photos / "valid").rglob("[01].jpg"):
        with Image.open(path) as photo:
            photo.resize((90, 30)).save(path)
    data = ready(photos, augment=Augment(hflip=0.5), crop_mode=crop_mode)
    for new in (data.for_prediction(photos / "valid"), data.for_scoring(photos / "valid", ["blue", "red"])):
        for (x, _), (wanted, _) in zip(new.predict_dataloader(), data.val_dataloader(), strict=True):
            assert torch.equal(x, wanted)
        views, wanted = (next(iter(each.views_dataloader(split, 3)))[0] for each, split in ((new, "predict"), (data, "valid")))
        assert torch.equal(views, wanted)
    fresh = ready(photos, augment=Augment(hflip=0.5), crop_mode=crop_mode, cache_gb=0.0, num_workers=0)
    first = next(iter(fresh.val_dataloader()))[0]
    assert torch.equal(first, next(iter(data.val_dataloader()))[0])
    padded = (first[0, :, [0, 9, 10, 20, 21, 31]] == torch.tensor(BORDER)[:, None, None]).all((0, 2))
    assert padded.tolist() == [*[crop_mode == "border"] * 2, False, False, *[crop_mode == "border"] * 2]
    assert torch.equal(next(iter(data.train_dataloader()))[0], next(iter(fresh.train_dataloader()))[0])
    assert data.fingerprint("valid", 0) != ready(photos, crop_fraction=1.0).fingerprint("valid", 0)


def test_an_empty_table_and_an_empty_list_are_refused(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    with pytest.raises(MisconfigurationException, match=r"empty.csv: is empty; a header and rows are needed"):
        ImageFolder(photos, cache=tmp_path / "cache").for_prediction(tmp_path / "empty.csv")
    with pytest.raises(MisconfigurationException, match="no files: holds no photo that can be read"):
        NewPhotos([], size=32, cache=tmp_path / "cache")


def test_a_table_of_new_photos_is_read_as_the_table_of_labels_was(photos: Path, tmp_path: Path, ready: Ready) -> None:
    found = sorted(path.relative_to(photos).as_posix() for path in photos.rglob("*.*") if path.is_file())
    rows = [f"{name};{name.split('/')[0]};1,5" for name in found]
    (photos / "labels.csv").write_text("\n".join(["file;label;weight", *rows]), encoding="utf-8")
    data = ready(photos, csv="labels.csv", artifacts_dir=tmp_path / "run")
    assert data.provenance["csv"] == "delimiter ';', decimal ','"
    fresh = ImageFolder(photos, size=32, csv="labels.csv", cache=tmp_path / "other", artifacts_dir=tmp_path / "run")
    new = photos / "new.csv"
    new.write_text(f"a, b;file\n1, 2;{found[0]}\n", encoding="utf-8")  # of one row: both signs fit
    assert fresh.for_prediction(new).row_columns() == {"a, b": ["1, 2"], "file": [found[0]]}
