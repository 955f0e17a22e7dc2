"""The cache of decoded photos: read once, bounded, renewed when photos change, safe after a crash."""

from __future__ import annotations

import errno
import os
import resource
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from practicum.datamodules import ImageFolder
from practicum.datamodules.images.image_cache import index_images
from practicum.lightning_shim import MisconfigurationException

Ready = Callable[..., ImageFolder]
SavePhoto = Callable[[Path, str, int], Path]


def test_cached_and_fresh_pixels_are_the_same_and_a_second_start_decodes_nothing(
    ready: Ready, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = next(iter(ready(photos).val_dataloader()))[0]
    fresh = next(iter(ready(photos, cache_gb=0, num_workers=0).val_dataloader()))[0]
    assert torch.equal(cached, fresh)

    def never(*args: Any) -> None:
        raise AssertionError("decoded twice")

    monkeypatch.setattr("practicum.datamodules.images.photo_facts.decode_photo", never)
    assert torch.equal(next(iter(ready(photos).val_dataloader()))[0], cached)


def test_cache_is_bounded_and_half_written_entries_are_not_used(ready: Ready, photos: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    (cache / ".unfinished-photos-abc").mkdir(parents=True)
    (cache / ".unfinished-text-abc").mkdir()  # which another process may just be writing
    for size in (24, 28, 32):
        ready(photos, size=size, cache_gb=3e-4)
    kept = sum(file.stat().st_size for file in cache.glob("photos-*/*"))
    assert kept <= 3e5
    assert len(list(cache.glob("photos-*"))) < 3
    assert [each.name for each in cache.glob(".unfinished-*")] == [".unfinished-text-abc"]


def test_a_folder_that_is_called_like_an_entry_stays(ready: Ready, photos: Path, tmp_path: Path) -> None:
    own = tmp_path / "cache" / "photos-2024"
    shutil.copytree(photos, own)
    os.utime(own, (1000, 1000))
    (tmp_path / "cache" / "photos-notes").touch()
    for size in (24, 28, 32):
        ready(photos, size=size, cache_gb=3e-4)
    assert len([*own.rglob("*.jpg")]) == len([*photos.rglob("*.jpg")])
    assert (tmp_path / "cache" / "photos-notes").is_file()


def test_each_way_to_a_square_has_an_entry_and_a_border_takes_no_room(photos: Path, tmp_path: Path) -> None:
    paths = sorted(photos.rglob("*.jpg"))[:4]
    Image.new("RGB", (90, 30), "red").save(paths[0])
    found = {mode: index_images(paths, 30, tmp_path / "cache", crop_mode=mode) for mode in ("center", "squash", "border")}
    assert [found[mode].shape[0].tolist() for mode in found] == [[30, 90], [30, 30], [10, 30]]
    assert len({index.pixels for index in found.values()}) == 3
    assert index_images(paths, 30, tmp_path / "cache").pixels == found["center"].pixels


def test_changed_photos_are_read_anew(ready: Ready, photos: Path, save_photo: SavePhoto) -> None:
    before = ready(photos).provenance["sha256"]
    save_photo(photos / "train" / "red" / "0.jpg", "red", 999)
    assert ready(photos).provenance["sha256"] != before


def test_a_larger_bound_keeps_pixels_that_a_smaller_one_did_not(ready: Ready, photos: Path) -> None:
    assert ready(photos, cache_gb=1e-6).val_dataloader().dataset.store is None
    assert ready(photos, cache_gb=1.0).val_dataloader().dataset.store is not None
    assert ready(photos, cache_gb=1e-6).val_dataloader().dataset.store is None


def test_a_photo_that_could_not_be_opened_is_tried_again(ready: Ready, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*args: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("practicum.datamodules.images.photo_facts.decode_photo", locked)
    with pytest.raises(MisconfigurationException, match="no photo can be used"):
        ready(photos)
    monkeypatch.undo()
    assert len(ready(photos).row_names("train")) == 24


def entry_of(tmp_path: Path) -> Path:
    return next((tmp_path / "cache").glob("photos-*"))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def scramble(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["index.npz", "pixels.bin", "grey_ranges.json", "checksums.json"])
@pytest.mark.parametrize("damage", [truncate, scramble, Path.unlink, Path.touch, lambda path: path.write_bytes(b"")])
def test_a_damaged_cache_is_said_and_made_anew(
    ready: Ready, photos: Path, tmp_path: Path, name: str, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    wanted = [batch[0] for batch in ready(photos).val_dataloader()]
    before = entry_of(tmp_path)
    damage(before / name)
    again = [batch[0] for batch in ready(photos).val_dataloader()]
    assert all(torch.equal(a, b) for a, b in zip(wanted, again, strict=True))
    assert (f"{before}: this cache is damaged" in caplog.text) == (damage is not Path.touch)
    caplog.clear()
    ready(photos)
    assert "damaged" not in caplog.text


def test_a_file_in_the_place_of_an_entry_is_replaced(ready: Ready, photos: Path, tmp_path: Path) -> None:
    ready(photos)
    entry = entry_of(tmp_path)
    shutil.rmtree(entry)
    entry.write_text("x", encoding="utf-8")
    assert len(ready(photos).row_names("train")) == 24
    assert entry.is_dir()


def test_a_photo_replaced_by_one_of_the_same_size_and_time_is_read_anew(ready: Ready, photos: Path) -> None:
    path = photos / "train" / "red" / "0.jpg"
    before, content = path.stat(), path.read_bytes()
    digest = ready(photos).provenance["sha256"]
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert ready(photos).provenance["sha256"] != digest


@pytest.mark.parametrize("room", [0, 3_000, 60_000])
def test_a_full_disk_costs_the_cache_and_not_the_run(
    photos: Path, tmp_path: Path, room: int, caplog: pytest.LogCaptureFixture
) -> None:
    paths = sorted(photos.rglob("*.jpg"))
    wanted = index_images(paths, 37, tmp_path / "whole")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))  # as a full disk: no file may grow beyond
    try:
        found = index_images(paths, 37, tmp_path / "full")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert found.pixels is None
    assert found.sha256.tolist() == wanted.sha256.tolist()
    assert found.dhash.tolist() == wanted.dhash.tolist()
    assert "no room on the disk for the pixels" in caplog.text or "can't be written" in caplog.text
    assert not list((tmp_path / "full").glob(".unfinished-*"))


def test_room_is_reserved_before_pixels_are_written(
    ready: Ready, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []

    def none_left(file: int, start: int, size: int) -> None:
        written.append(os.fstat(file).st_size)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", none_left)
    assert ready(photos).datasets["train"].store is None
    assert written == [0]


def test_a_folder_that_cannot_be_written_is_said(
    ready: Ready, photos: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    data = ready(photos, cache=tmp_path / "file" / "cache", num_workers=0)
    assert len(data.row_names("train")) == 24
    assert f"{tmp_path / 'file' / 'cache'}: can't be written (Not a directory)" in caplog.text
    assert caplog.text.count("can't be written") == 1  # photos are read once, not by every step


def test_a_photo_that_vanishes_during_the_training_is_said_and_stood_in_for(
    ready: Ready, photos: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = ready(photos, cache_gb=0.0, num_workers=0)
    (photos / "valid" / "blue" / "0.jpg").unlink()
    (photos / "valid" / "blue" / "1.jpg").write_bytes(b"x")
    for _ in range(2):
        first = next(iter(data.val_dataloader()))[0]
    assert (first[:2] == 128).all()
    assert first[2].float().std() > 1
    assert caplog.text.count("0.jpg: was read when the run began and can't be now (No such file or directory)") == 1
    assert caplog.text.count("1.jpg: was read when the run began and can't be now (not an image)") == 1
