"""Where a callback's file goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from practicum.callbacks.files.output_path import output_path
from practicum.lightning_shim import Trainer


def test_a_relative_folder_is_below_the_trainers(make_trainer: Callable[..., Trainer], tmp_path: Path) -> None:
    trainer = make_trainer(default_root_dir=tmp_path / "run")
    assert output_path(trainer, "figures", "a.png") == tmp_path / "run" / "figures" / "a.png"
    assert output_path(trainer, tmp_path / "else", "a.png") == tmp_path / "else" / "a.png"
