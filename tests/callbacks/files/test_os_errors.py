"""What libraries say of a full disk is an error of the system."""

from __future__ import annotations

import errno
import resource
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from practicum.callbacks.files.os_errors import as_os_error
from safetensors.torch import save_file

FULL = Path("/dev/full")  # each write to it fails as on a full disk


def test_full_disks() -> None:
    if not FULL.is_char_device():
        pytest.fail("no /dev/full here")
    with pytest.raises(Exception, match="No space left") as parquet:
        pl.DataFrame({"a": np.arange(100_000)}).write_parquet(FULL)
    found = as_os_error(parquet.value)
    assert found is not None
    assert found.errno == errno.ENOSPC


def test_an_array_that_is_written_in_part(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))  # the header fits
    try:
        with open(tmp_path / "a.npy", "wb") as file, pytest.raises(OSError, match="requested and") as array:
            np.save(file, np.arange(1000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert array.value.errno is None
    found = as_os_error(array.value)
    assert found is not None
    assert found.errno == errno.ENOSPC


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="os error 2") as weights:
        save_file({"a": torch.zeros(3)}, tmp_path / "none" / "a.safetensors")
    found = as_os_error(weights.value)
    assert isinstance(found, FileNotFoundError)


def test_a_file_that_is_named(tmp_path: Path) -> None:
    found = as_os_error(RuntimeError("Permission denied (os error 13): /data/in.parquet"))
    assert isinstance(found, PermissionError)
    assert found.filename == "/data/in.parquet"


def test_other_errors_are_none() -> None:
    full = OSError(errno.ENOSPC, "full")
    assert as_os_error(full) is full
    plain = OSError("neither number nor size")
    assert as_os_error(plain) is plain
    assert as_os_error(ValueError("os error")) is None
