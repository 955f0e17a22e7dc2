"""Atomic writes: a file is complete or absent, and the old one stays after an error."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from practicum.datamodules.files.atomic_file import atomic_write


def test_a_file_appears_when_the_block_succeeds(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.txt"
    with atomic_write(path) as temporary:
        temporary.write_text("new", encoding="utf-8")
        assert not path.exists()
    assert path.read_text(encoding="utf-8") == "new"
    assert [each.name for each in path.parent.iterdir()] == ["a.txt"]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")

    def interrupted() -> None:
        with atomic_write(path) as temporary:
            temporary.write_text("ne", encoding="utf-8")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text(encoding="utf-8") == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]


def test_a_name_may_be_as_long_as_a_file_system_allows(tmp_path: Path) -> None:
    path = tmp_path / ("ü" * 127)  # 254 bytes
    with atomic_write(path) as temporary:
        temporary.write_text("new", encoding="utf-8")
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_what_was_written_is_synced_before_it_gets_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    sync, rename = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda *args: (done.append("sync"), sync(*args)))
    monkeypatch.setattr(os, "replace", lambda *args: (done.append("rename"), rename(*args)))
    with atomic_write(tmp_path / "a.txt") as temporary:
        temporary.write_text("new", encoding="utf-8")
    assert done == ["sync", "rename"]


def test_a_full_disk_is_named_by_its_file(tmp_path: Path) -> None:
    def fill() -> None:
        with atomic_write(tmp_path / "a.csv") as beside:
            beside.touch()
            raise OSError(errno.ENOSPC, "No space left on device")  # as a write raises it

    with pytest.raises(OSError, match="No space left") as caught:
        fill()
    assert caught.value.filename == str(tmp_path / "a.csv")
    assert not list(tmp_path.iterdir())
