"""ImageFolder: layouts, cleaning, order, batches, new photos, and every bad input in one sentence."""

from __future__ import annotations

import csv
import itertools
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from practicum.datamodules import Augment, ImageFolder
from practicum.datamodules.images.decode import decode_photo
from pytorch_lightning.utilities.exceptions import MisconfigurationException

SavePhoto = Callable[[Path, str, int], Path]


def folder(root: Path, tmp_path: Path, **options: Any) -> ImageFolder:
    defaults: dict[str, Any] = {"size": 32, "batch_size": 4, "cache": tmp_path / "cache", "report": tmp_path / "report"}
    return ImageFolder(root, **{**defaults, **options})


def ready(root: Path, tmp_path: Path, **options: Any) -> ImageFolder:
    data = folder(root, tmp_path, **options)
    data.prepare_data()
    data.setup("fit")
    return data


def names(data: ImageFolder, split: str) -> list[str]:
    return ["/".join(Path(name).parts[-2:]) for name in data.row_names(split)]


def rejected(tmp_path: Path) -> dict[str, str]:
    with open(tmp_path / "report" / "rejected.csv", newline="") as file:
        return {Path(row["file"]).name: row["reason"] for row in csv.DictReader(file)}


def test_class_folders_become_splits_and_facts_for_the_model(photos: Path, tmp_path: Path) -> None:
    data = ready(photos, tmp_path)
    assert data.describe() == {"classes": ["blue", "red"], "class_counts": [12, 12], "multi_label": False, "image_size": 32}
    assert len(data.row_names("valid")) == 11
    assert data.tests_on == "valid"
    assert data.provenance["train"] == 24
    assert len(data.provenance["sha256"]) == 64


@pytest.mark.parametrize("cache_gb", [4.0, 0.0, 1e-6])
def test_batches_are_bytes_in_channels_last_with_the_right_targets(photos: Path, tmp_path: Path, cache_gb: float) -> None:
    data = ready(photos, tmp_path, cache_gb=cache_gb, num_workers=0)
    seen = 0
    for x, y in data.val_dataloader():
        assert x.dtype == torch.uint8
        assert x.shape[1:] == (3, 32, 32)
        assert x.is_contiguous(memory_format=torch.channels_last)
        redder = x[:, 0].float().mean((1, 2)) > x[:, 2].float().mean((1, 2))
        assert torch.equal(redder.long(), y)  # red is class 1
        seen += len(x)
    assert seen == 11


def test_cached_and_fresh_pixels_are_the_same_and_a_second_start_decodes_nothing(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = next(iter(ready(photos, tmp_path).val_dataloader()))[0]
    fresh = next(iter(ready(photos, tmp_path, cache_gb=0, num_workers=0).val_dataloader()))[0]
    assert torch.equal(cached, fresh)

    def never(*args: Any) -> None:
        raise AssertionError("decoded twice")

    monkeypatch.setattr("practicum.datamodules.images.image_cache.decode_photo", never)
    assert torch.equal(next(iter(ready(photos, tmp_path).val_dataloader()))[0], cached)


def test_cache_is_bounded_and_half_written_entries_are_not_used(photos: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    (cache / ".unfinished-abc").mkdir(parents=True)
    for size in (24, 28, 32):
        ready(photos, tmp_path, size=size, cache_gb=3e-4)
    kept = sum(file.stat().st_size for file in cache.glob("photos-*/*"))
    assert kept <= 3e5
    assert len(list(cache.glob("photos-*"))) < 3


def test_changed_photos_are_read_anew(photos: Path, tmp_path: Path, save_photo: SavePhoto) -> None:
    before = ready(photos, tmp_path).provenance["sha256"]
    save_photo(photos / "train" / "red" / "0.jpg", "red", 999)
    assert ready(photos, tmp_path).provenance["sha256"] != before


def order(data: ImageFolder, epoch: int) -> list[int]:
    loader = data.train_dataloader()
    loader.sampler.set_epoch(epoch)  # as Lightning does
    return [int(index) for _, index in loader.sampler]


def test_order_is_seeded_differs_by_epoch_and_covers_everything(photos: Path, tmp_path: Path) -> None:
    data, other = ready(photos, tmp_path, seed=5), ready(photos, tmp_path, seed=6)
    assert order(data, 0) == order(ready(photos, tmp_path, seed=5), 0)
    assert order(data, 0) != order(data, 1)
    assert order(data, 0) != order(other, 0)
    assert sorted(order(data, 3)) == list(range(24))


def test_augmentation_depends_on_seed_epoch_and_photo_alone(photos: Path, tmp_path: Path) -> None:
    data = ready(photos, tmp_path, augment=Augment(), crop_fraction=0.5)
    dataset = data.train_dataloader().dataset
    one = dataset[(0, 3)][0]
    dataset[(0, 7)]
    assert torch.equal(dataset[(0, 3)][0], one)
    assert not torch.equal(dataset[(1, 3)][0], one)
    again = ready(photos, tmp_path, augment=Augment(), crop_fraction=0.5, num_workers=2, cache_gb=0)
    loader = again.train_dataloader()
    batch, _ = next(iter(loader))
    first = [int(i) for _, i in itertools.islice(loader.sampler, 4)]
    assert torch.equal(batch, torch.stack([dataset[(0, i)][0] for i in first]))


def test_one_folder_is_split_alike_in_every_class_and_by_seed(photos: Path, tmp_path: Path) -> None:
    for path in (photos / "train" / "red").glob("1*.jpg"):
        path.unlink()  # 9 red, 12 blue
    data = ready(photos / "train", tmp_path, valid_fraction=0.34, seed=1)
    valid = names(data, "valid")
    assert sum(name.startswith("blue") for name in valid) == 4
    assert sum(name.startswith("red") for name in valid) == 3
    assert names(ready(photos / "train", tmp_path, valid_fraction=0.34, seed=1), "valid") == valid
    assert names(ready(photos / "train", tmp_path, valid_fraction=0.34, seed=2), "valid") != valid
    assert not set(valid) & set(names(data, "train"))


def test_the_articles_cleaning(photos: Path, tmp_path: Path, save_photo: SavePhoto) -> None:
    red = photos / "train" / "red"
    whole = (red / "0.jpg").read_bytes()
    (red / "empty.jpg").touch()
    (red / "page.jpg").write_text("<html>404</html>")
    (red / "truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (red / "copy.jpg").write_bytes(whole)
    (red / "leak.jpg").write_bytes((photos / "valid" / "red" / "0.jpg").read_bytes())
    (red / "noextension").write_bytes(save_photo(tmp_path / "x.jpg", "red", 77).read_bytes())
    Image.new("RGB", (3000, 20)).save(red / "bomb.png")
    (red / "conflict.jpg").write_bytes((photos / "train" / "blue" / "1.jpg").read_bytes())
    before = {path: path.read_bytes() for path in photos.rglob("*") if path.is_file()}

    data = ready(photos, tmp_path, max_pixels=50_000)

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


def test_near_duplicates_across_splits_are_reported(photos: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    gradient = np.add.outer(np.arange(40), np.arange(48) * 2).astype(np.uint8)
    rng = np.random.default_rng(0)
    blocks = np.kron(rng.integers(0, 120, (5, 6)), np.ones((8, 8))).astype(np.uint8)
    picture = Image.fromarray(np.stack([gradient + blocks] * 3, -1))
    picture.save(photos / "train" / "red" / "one.jpg", quality=95)
    picture.save(photos / "valid" / "red" / "two.jpg", quality=60)
    ready(photos, tmp_path)
    with open(tmp_path / "report" / "near_duplicates.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert any({Path(r["file"]).name, Path(r["looks like"]).name} == {"one.jpg", "two.jpg"} for r in rows)
    assert "look nearly the same in two splits" in caplog.text


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "I;16", "1"])
def test_every_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    if mode == "I;16":
        Image.fromarray(np.full((30, 30), 30000, np.uint16)).save(path)
    else:
        Image.new("RGB", (30, 30), (120, 120, 120)).convert(mode).save(path)
    pixels = decode_photo(path, 16)
    assert pixels.shape == (16, 16, 3)
    if mode not in ("1",):
        assert abs(int(pixels[8, 8, 0]) - 119) < 8


def test_transparent_is_white_and_exif_is_turned_upright(tmp_path: Path) -> None:
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(tmp_path / "a.png")
    assert decode_photo(tmp_path / "a.png", 20).min() == 255
    tall = Image.new("RGB", (20, 60))
    exif = tall.getexif()
    exif[0x0112] = 6  # the camera was turned by 90 degrees
    tall.save(tmp_path / "b.jpg", exif=exif)
    assert decode_photo(tmp_path / "b.jpg", 20).shape == (20, 60, 3)


def test_large_photos_are_decoded_at_reduced_scale_and_panoramas_cut(tmp_path: Path) -> None:
    Image.new("RGB", (800, 600), "red").save(tmp_path / "a.jpg")
    assert decode_photo(tmp_path / "a.jpg", 60).shape == (60, 80, 3)
    Image.new("RGB", (4000, 100)).save(tmp_path / "b.png")
    assert decode_photo(tmp_path / "b.png", 50).shape == (50, 150, 3)


def write_labels(path: Path, rows: list[tuple[str, ...]], header: tuple[str, ...] = ("file", "label")) -> None:
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def test_csv_single_label_with_splits(photos: Path, tmp_path: Path) -> None:
    rows = [(str(p.relative_to(photos)), p.parent.name, p.parts[-3]) for p in sorted(photos.rglob("*.jpg"))]
    write_labels(photos / "labels.csv", [*rows, rows[0]], ("file", "label", "part"))
    data = ready(photos, tmp_path, csv="labels.csv", split_column="part")
    assert data.describe()["class_counts"] == [12, 12]
    assert len(data.row_names("valid")) == 11


def test_csv_multi_label(photos: Path, tmp_path: Path) -> None:
    rows = [
        (p.stem, f"{p.parent.name} {'even' if int(p.stem) % 2 == 0 else ''}")
        for p in sorted((photos / "train" / "red").iterdir())
    ]
    write_labels(photos / "labels.csv", rows)
    data = ready(photos, tmp_path, csv="labels.csv", images="train/red", label_separator=" ", valid_fraction=0.3)
    assert data.describe()["multi_label"]
    assert data.describe()["classes"] == ["even", "red"]
    _, y = next(iter(data.val_dataloader()))
    assert y.shape[1] == 2
    assert y[:, 1].min() == 1


CSV_FAULTS: dict[str, tuple[list[tuple[str, ...]], tuple[str, ...], str]] = {
    "missing photo": ([("nowhere.jpg", "a")], ("file", "label"), "'nowhere.jpg' is not in"),
    "empty label": ([("train/red/0.jpg", "")], ("file", "label"), "line 2: the label of 'train/red/0.jpg' is empty"),
    "two labels for one": ([("train/red/0.jpg", "a"), ("train/red/0.jpg", "b")], ("file", "label"), "lines 2 and 3"),
    "no such column": ([("train/red/0.jpg", "a")], ("file", "labels"), "did you mean 'labels'"),
    "no rows": ([], ("file", "label"), "has no rows"),
}


@pytest.mark.parametrize("fault", CSV_FAULTS)
def test_bad_tables_are_named_with_their_line(fault: str, photos: Path, tmp_path: Path) -> None:
    rows, header, message = CSV_FAULTS[fault]
    write_labels(photos / "labels.csv", rows, header)
    with pytest.raises(MisconfigurationException, match=message):
        ready(photos, tmp_path, csv="labels.csv")


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
    other_layout: "found 24 files and no folders; wanted: class folders",
    two_valid_folders: "holds both val and valid",
    no_train: "found valid but no train folder",
    shutil.rmtree: "no such folder",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f.__name__)
def test_bad_folders_are_named(fault: Any, photos: Path, tmp_path: Path) -> None:
    fault(photos)
    with pytest.raises(MisconfigurationException, match=FAULTS[fault]) as raised:
        ready(photos, tmp_path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("option", ["size=2", "batch_size=0", "crop_fraction=1.5", "valid_fraction=0.0", "cache_gb=-1.0"])
def test_options_out_of_range_are_named(option: str, photos: Path, tmp_path: Path) -> None:
    key, _, value = option.partition("=")
    with pytest.raises(MisconfigurationException, match=f"data.{key}=.*out of range"):
        folder(photos, tmp_path, **{key: float(value) if "." in value else int(value)})


def test_new_photos_keep_their_order_and_unreadable_ones_are_listed(photos: Path, tmp_path: Path) -> None:
    source = photos / "valid" / "red"
    (source / "broken.jpg").write_text("no")
    data = folder(photos, tmp_path)
    data.predict_from(source)
    assert [Path(row["file"]).name for row in data.predict_rows()] == [f"{i}.jpg" for i in range(6)]
    assert [Path(name).name for name, _ in data.rejected] == ["broken.jpg"]
    assert sum(len(x) for x, _ in data.predict_dataloader()) == 6

    write_labels(tmp_path / "new.csv", [("photos/valid/red/2.jpg",), ("photos/valid/blue/0.jpg",)], ("photo",))
    data.predict_from(tmp_path / "new.csv")
    assert [Path(row["file"]).parent.name for row in data.predict_rows()] == ["red", "blue"]
    with pytest.raises(MisconfigurationException, match="no such file or folder"):
        data.predict_from(tmp_path / "nowhere")
    with pytest.raises(MisconfigurationException, match="holds no photo that can be read"):
        data.predict_from(source / "broken.jpg")


def test_ranks_share_out_the_photos(photos: Path, tmp_path: Path) -> None:
    from practicum.datamodules.loading.seeded_sampler import SeededSampler  # noqa: PLC0415

    dataset = ready(photos, tmp_path).val_dataloader().dataset
    plain = [[i for _, i in SeededSampler(dataset, False, 1, rank, 2)] for rank in (0, 1)]
    assert sorted(plain[0] + plain[1]) == list(range(11))
    mixed = [[i for _, i in SeededSampler(dataset, True, 1, rank, 2)] for rank in (0, 1)]
    assert len(mixed[0]) == len(mixed[1]) == 6
    assert set(mixed[0]) | set(mixed[1]) == set(range(11))


def test_position_in_the_data_is_taken_up_again(photos: Path, tmp_path: Path) -> None:
    data = ready(photos, tmp_path, augment=Augment())
    loader = data.train_dataloader()
    batches = iter(loader)
    for _ in range(2):
        next(batches)
    state = loader.state_dict()
    expected = [batch[0] for batch in batches]
    again = ready(photos, tmp_path, augment=Augment()).train_dataloader()
    again.load_state_dict(state)
    rest = [batch[0] for batch in again]
    assert len(rest) == len(expected) == 4
    assert all(torch.equal(a, b) for a, b in zip(rest, expected, strict=True))


def test_an_epoch_after_a_resume_at_its_end_has_all_its_batches(photos: Path, tmp_path: Path) -> None:
    """A checkpoint written at validation holds the position after the last batch; the next epoch must not skip so many."""
    loader = ready(photos, tmp_path).train_dataloader()
    for _ in loader:
        pass
    state = loader.state_dict()
    sampler_state = {"epoch": 0, "done": 24}
    again = ready(photos, tmp_path).train_dataloader()
    again.load_state_dict(state)
    again.sampler.load_state_dict(sampler_state)
    iter(again)  # Lightning makes one for the epoch that has ended, and takes nothing from it
    again.sampler.set_epoch(1)
    assert len(list(again.sampler)) == 24


def test_a_larger_bound_keeps_pixels_that_a_smaller_one_did_not(photos: Path, tmp_path: Path) -> None:
    assert ready(photos, tmp_path, cache_gb=1e-6).val_dataloader().dataset.store is None
    assert ready(photos, tmp_path, cache_gb=1.0).val_dataloader().dataset.store is not None
    assert ready(photos, tmp_path, cache_gb=1e-6).val_dataloader().dataset.store is None


def test_a_photo_that_could_not_be_opened_is_tried_again(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*args: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("practicum.datamodules.images.image_cache.decode_photo", locked)
    with pytest.raises(MisconfigurationException, match="no photo can be used"):
        ready(photos, tmp_path)
    monkeypatch.undo()
    assert len(ready(photos, tmp_path).row_names("train")) == 24


def test_rare_labels_stay_in_training(photos: Path, tmp_path: Path) -> None:
    files = sorted(p.name for p in (photos / "train" / "red").iterdir())
    write_labels(photos / "labels.csv", [(name, "red rare" if i == 0 else "red") for i, name in enumerate(files)])
    for seed in range(6):
        data = ready(photos, tmp_path, csv="labels.csv", images="train/red", label_separator=" ", valid_fraction=0.5, seed=seed)
        assert data.describe()["classes"] == ["rare", "red"]
        assert data.describe()["class_counts"][0] == 1
