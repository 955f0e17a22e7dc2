"""Arrays on disk: room is reserved, and damage is found."""

from __future__ import annotations

import errno
import os
import resource
from pathlib import Path

import numpy as np
import pytest
from practicum.datamodules.tabular.array_files import create_array, disk_error, find_damage, is_full, seal


@pytest.mark.parametrize("shape", [(5,), (3, 2), (0,), (4, 0)])
def test_arrays_are_as_numpy_writes_them(tmp_path: Path, shape: tuple[int, ...]) -> None:
    array = create_array(tmp_path / "a.npy", np.int32, shape)
    array[...] = 7
    if isinstance(array, np.memmap):
        array.flush()
        assert os.stat(tmp_path / "a.npy").st_blocks > 0
    assert np.array_equal(np.load(tmp_path / "a.npy"), np.full(shape, 7, np.int32))


def test_a_full_disk_is_an_error_before_anything_is_written(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))  # a file can't become larger, as on a full disk
    try:
        with pytest.raises(OSError, match="File too large") as raised:
            create_array(tmp_path / "a.npy", np.float32, (1 << 20,))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert is_full(raised.value)
    assert f"{tmp_path}: the disk has no room for the cached table (" in str(disk_error(tmp_path, raised.value))


def test_errors_of_disks() -> None:
    assert is_full(OSError(errno.ENOSPC, "No space left on device"))
    assert is_full(ValueError("No space left on device (os error 28)"))
    assert not is_full(OSError(errno.EACCES, "Permission denied"))
    assert "can't be written (Permission denied); set cache=FOLDER" in str(
        disk_error(Path("x"), OSError(errno.EACCES, "Permission denied"))
    )


def test_damage_is_found(tmp_path: Path) -> None:
    def sealed(name: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        np.save(folder / "a.npy", np.arange(100))
        seal(folder)
        return folder

    assert find_damage(sealed("whole")) is None
    (sealed("gone") / "a.npy").unlink()
    assert find_damage(tmp_path / "gone") == "a.npy is missing"
    path = sealed("cut") / "a.npy"
    path.write_bytes(path.read_bytes()[:-1])
    assert "a.npy has 927 bytes instead of 928" in str(find_damage(path.parent))
    path = sealed("changed") / "a.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    assert "other contents" in str(find_damage(path.parent))
    for text in ("", "[]", "{", '{"a.npy": 1}'):
        (sealed(f"list{len(text)}") / "contents.json").write_text(text, encoding="utf-8")
        assert find_damage(tmp_path / f"list{len(text)}") is not None
