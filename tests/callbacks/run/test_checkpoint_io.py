"""Checkpoints are there whole or not at all."""

from __future__ import annotations

import errno
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from practicum.callbacks import WholeFileCheckpointIO


def test_checkpoint_is_whole_or_not_there(tmp_path: Path) -> None:
    writer, path = WholeFileCheckpointIO(), tmp_path / "folder" / "a.ckpt"
    writer.save_checkpoint({"x": torch.ones(3)}, path)
    with pytest.raises(AttributeError):
        writer.save_checkpoint({"x": lambda: None}, path)  # can't be pickled: fails half-way
    assert torch.equal(torch.load(path, weights_only=True)["x"], torch.ones(3))
    assert [each.name for each in path.parent.iterdir()] == ["a.ckpt"]


@pytest.fixture
def small_disk() -> Iterator[None]:
    """Files of at most 1 MB: what is beyond is refused in the middle of writing, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_named_by_the_checkpoint(tmp_path: Path, small_disk: None) -> None:
    writer, path = WholeFileCheckpointIO(), tmp_path / "a.ckpt"
    writer.save_checkpoint({"x": torch.ones(3)}, path)
    with pytest.raises(OSError, match="a.ckpt") as caught:
        writer.save_checkpoint({name: torch.ones(100_000) for name in "abcdefgh"}, path)
    assert caught.value.errno == errno.EFBIG
    assert caught.value.filename == str(path)
    assert torch.equal(torch.load(path, weights_only=True)["x"], torch.ones(3))
    assert [each.name for each in tmp_path.iterdir()] == ["a.ckpt"]


def test_storage_options_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="WholeFileCheckpointIO writes local files"):
        WholeFileCheckpointIO().save_checkpoint({}, tmp_path / "a.ckpt", storage_options=1)
