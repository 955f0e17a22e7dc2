"""Which strategies let parameters take no part in a backward pass."""

from __future__ import annotations

from pathlib import Path

import pytest
from practicum.callbacks.trainer_internals.strategies import allows_unused_parameters
from practicum.lightning_shim import Trainer


@pytest.mark.parametrize(
    ("strategy", "devices", "allowed"),
    [("auto", 1, True), ("ddp", 2, False), ("ddp_find_unused_parameters_true", 2, True)],
)
def test_only_plain_ddp_does_not(strategy: str, devices: int, allowed: bool, tmp_path: Path) -> None:
    trainer = Trainer(
        accelerator="cpu",
        devices=devices,
        strategy=strategy,
        logger=False,
        enable_checkpointing=False,
        default_root_dir=tmp_path,
    )
    assert allows_unused_parameters(trainer) is allowed
