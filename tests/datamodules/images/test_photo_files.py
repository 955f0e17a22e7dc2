"""Files below a folder: sorted, without leftovers, links followed once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from practicum.datamodules.images.photo_files import class_name, files_below, is_leftover, is_own, printable, subfolders
from practicum.datamodules.loading.cache_folder import seal
from practicum.lightning_shim import MisconfigurationException


def test_files_are_sorted_and_leftovers_are_skipped_at_every_depth(tmp_path: Path) -> None:
    for name in ("b/2.jpg", "a.jpg", "b/1.jpg", "b/.hidden/3.jpg", "__MACOSX/4.jpg", "b/Thumbs.db", "b/c/$RECYCLE.BIN/5.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "b" / "loop").symlink_to(tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in files_below(tmp_path)] == ["a.jpg", "b/1.jpg", "b/2.jpg"]
    assert not is_leftover("thumbs.jpg")


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", denied)
    with pytest.raises(MisconfigurationException, match=r"this folder can't be read \(Permission denied\)"):
        files_below(tmp_path)


def test_names_are_printable_and_composed() -> None:
    assert printable(os.fsdecode(b"a/\xe9\xff.jpg")) == "a/\\xe9\\xff.jpg"
    assert printable("ü.jpg") == "ü.jpg"
    assert class_name(Path("x/u\u0308")) == "ü"


def test_what_runs_and_caches_left_among_photos_is_skipped_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    ours = "data:\n  _target_: practicum.datamodules.ImageFolder\n"
    seal(_written(tmp_path / "data" / "cache" / "x" / "pixels.bin", "0").parent)
    _written(tmp_path / "data" / "cache" / "features-train-0.npy")
    _written(tmp_path / "cats" / "1.jpg")
    _written(tmp_path / "runs" / "a" / "b" / ".hydra" / "config.yaml", ours)
    _written(tmp_path / "runs" / "a" / "b" / "figures" / "x.png")
    _written(tmp_path / "sweep" / "multirun.yaml", "searchpath: [pkg://practicum.conf]")
    (tmp_path / "empty").mkdir()
    _written(tmp_path / "arrays" / "x.npy")
    with caplog.at_level("INFO", logger="practicum"):
        assert [each.name for each in subfolders(tmp_path)] == ["arrays", "cats", "empty"]
    assert "data, runs, sweep not read: runs and caches of this program" in caplog.text
    assert [str(path.relative_to(tmp_path)) for path in files_below(tmp_path)] == ["arrays/x.npy", "cats/1.jpg"]
    _written(tmp_path / "runs" / "dog.jpg")  # a folder of photos, in which runs are
    assert not is_own(tmp_path / "runs")
    assert [path.name for path in files_below(tmp_path / "runs")] == ["dog.jpg"]
    assert [path.name for path in files_below(tmp_path / "runs" / "a" / "b" / "figures")] == ["x.png"]  # asked for


def test_files_of_the_same_names_from_elsewhere_hide_no_photos(tmp_path: Path) -> None:
    _written(tmp_path / "a" / "checksums.json", '{"1.jpg": "d41d8cd98f00b204e9800998ecf8427e"}')
    _written(tmp_path / "b" / ".hydra" / "config.yaml", "model: {_target_: theirs.GAN}\n")
    _written(tmp_path / "c" / "multirun.yaml", "seed: 1\n")
    assert [each.name for each in subfolders(tmp_path)] == ["a", "b", "c"]


def _written(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
