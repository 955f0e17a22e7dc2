"""What a run was trained on is kept, and told when it is scored or trained on again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from practicum.datamodules import ImageFolder
from practicum.datamodules.images.split_record import trained_on
from practicum.lightning_shim import MisconfigurationException

Ready = Callable[..., ImageFolder]


def test_scored_photos_that_the_run_was_trained_on_are_counted(
    ready: Ready, photos: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = ready(photos, artifacts_dir=tmp_path / "run")
    assert len(trained_on(tmp_path / "run")) == len(data.row_names("train"))
    shutil.copytree(photos / "train", tmp_path / "new")
    for name in ("0.jpg", "1.jpg"):  # renamed, and so told by its content
        shutil.copy(photos / "valid" / "red" / name, tmp_path / "new" / "red" / f"new {name}")
    caplog.clear()
    data.for_scoring(photos / "valid", ["blue", "red"])
    assert "trained on" not in caplog.text
    data.for_scoring(tmp_path / "new", ["blue", "red"])
    assert "Of 26 photos that are scored this run was trained on 24" in caplog.text


def test_held_out_photos_that_an_earlier_run_was_trained_on_are_counted(
    ready: Ready, photos: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ready(photos / "train", artifacts_dir=tmp_path / "run", seed=1)
    same = ready(photos / "train", seed=1)
    same.note_earlier_run(tmp_path / "run")
    assert "seen_before/valid" not in same.provenance
    assert "trained on" not in caplog.text
    other = ready(photos / "train", seed=2)
    other.note_earlier_run(tmp_path / "run")
    count = other.provenance["seen_before/valid"]
    assert 1 <= count <= len(other.row_names("valid"))
    assert f"{tmp_path / 'run'}, whose weights are taken, was trained on {count} photos that are in valid here" in caplog.text
    other.note_earlier_run(tmp_path / "run" / "checkpoints" / "best.ckpt")
    assert other.provenance["seen_before/valid"] == count
    other.note_earlier_run(tmp_path)  # a folder without a record
    assert "seen_before/valid" not in other.provenance


def test_a_damaged_record_is_refused(tmp_path: Path) -> None:
    (tmp_path / "splits.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(MisconfigurationException, match=r"splits.csv: has no columns file, split, sha256; restore it"):
        trained_on(tmp_path)
