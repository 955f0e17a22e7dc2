"""Checkpoints are there whole or not at all."""

from __future__ import annotations

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


def test_storage_options_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="WholeFileCheckpointIO writes local files"):
        WholeFileCheckpointIO().save_checkpoint({}, tmp_path / "a.ckpt", storage_options=1)
