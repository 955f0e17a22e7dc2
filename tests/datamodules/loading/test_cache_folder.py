"""A folder of a cache is whole, or is said to be damaged and made again."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from practicum.datamodules.loading.cache_folder import damage, seal, whole_folder
from practicum.lightning_shim import MisconfigurationException


def make(work: Path) -> None:
    (work / "a.bin").write_bytes(bytes(range(200)))
    (work / "b.json").write_text("{}", encoding="utf-8")


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_it_is_made_once(tmp_path: Path) -> None:
    folder = whole_folder(tmp_path / "cache" / "one", make)

    def unmade(work: Path) -> None:
        raise AssertionError("it is there")

    assert whole_folder(folder, unmade) == folder
    assert damage(folder) is None
    assert [path.name for path in folder.parent.iterdir() if path.is_dir()] == ["one"]


def truncate(folder: Path) -> None:
    os.truncate(folder / "a.bin", 7)


def flip(folder: Path) -> None:
    raw = bytearray((folder / "a.bin").read_bytes())
    raw[100] ^= 1
    (folder / "a.bin").write_bytes(raw)


def empty(folder: Path) -> None:
    (folder / "b.json").write_bytes(b"")


def unlink(folder: Path) -> None:
    (folder / "a.bin").unlink()


def unseal(folder: Path) -> None:
    (folder / "checksums.json").unlink()


def scramble(folder: Path) -> None:
    (folder / "checksums.json").write_bytes(b"\xff\x00[1]")


def nothing(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def replace(folder: Path) -> None:
    nothing(folder)
    folder.rmdir()
    folder.write_text("a file", encoding="utf-8")


@pytest.mark.parametrize("harm", [truncate, flip, empty, unlink, unseal, scramble, nothing, replace])
def test_a_damaged_one_is_said_and_made_again(
    harm: Callable[[Path], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = whole_folder(tmp_path / "one", make)
    before = content(folder)
    harm(folder)
    with caplog.at_level(logging.WARNING):
        whole_folder(folder, make)
    assert content(folder) == before
    assert f"{folder}: damaged" in caplog.text


def test_a_failure_leaves_nothing_and_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    def full(work: Path) -> None:
        make(work)
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(MisconfigurationException, match=r"no room on the disk.*cache=FOLDER"):
        whole_folder(tmp_path / "one", full)

    def broken(work: Path) -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        whole_folder(tmp_path / "one", broken)
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


def test_a_cache_that_can_t_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    with pytest.raises(MisconfigurationException, match=r"can't be written.*cache=FOLDER"):
        whole_folder(tmp_path / "file" / "cache" / "one", make)


def test_every_file_is_sealed(tmp_path: Path) -> None:
    make(tmp_path)
    seal(tmp_path)
    assert damage(tmp_path) is None
    (tmp_path / "b.json").write_text("[]", encoding="utf-8")
    assert damage(tmp_path) == "b.json has another content than was written"
