"""Patience lasts for so many steps at least, however short an epoch is, and also after a resume."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.callbacks import Patience
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset


class Rising(LightningModule):
    """Its validation loss rises from the first epoch on."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1)

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        return self.layer(batch[0]).mean()

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self.log("val/loss", float(self.current_epoch))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.0)


def epochs(
    batches: int,
    folder: Path,
    max_epochs: int = 100,
    ckpt_path: Path | None = None,
    checks: dict[str, Any] | None = None,
    **options: int,
) -> int:
    loader = DataLoader(TensorDataset(torch.zeros(batches, 1)), batch_size=1)
    trainer = Trainer(
        accelerator="cpu",
        max_epochs=max_epochs,
        callbacks=[Patience("val/loss", **options)],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        default_root_dir=folder,
        **(checks or {}),
    )
    trainer.fit(Rising(), loader, loader, ckpt_path=ckpt_path, weights_only=ckpt_path is not None)
    trainer.save_checkpoint(folder / "last.ckpt")
    return int(trainer.current_epoch)


def test_short_epochs_count_by_their_steps(tmp_path: Path) -> None:
    assert epochs(2, tmp_path, patience=3, least_steps=20) == 11  # the first one is the best, then ten of two steps
    assert epochs(10, tmp_path, patience=3, least_steps=20) == 4
    assert epochs(2, tmp_path, patience=3, least_steps=0) == 4


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        ({"val_check_interval": 0.25}, 5),  # 2 steps apart, so that 32 steps are 16 validations
        ({"check_val_every_n_epoch": 3}, 9),  # 24 steps apart: two validations after the first
        ({"val_check_interval": 12, "check_val_every_n_epoch": None}, 6),  # at step 12, then three more
    ],
)
def test_validations_may_be_more_or_fewer_than_epochs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, checks: dict[str, Any], expected: int
) -> None:
    with caplog.at_level(logging.INFO, logger="practicum"):
        assert epochs(8, tmp_path, checks=checks, patience=2, least_steps=32) == expected
    assert "validations." in caplog.text


def test_it_says_that_it_stopped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="practicum"):
        epochs(10, tmp_path, max_epochs=3, patience=3)
        assert "Stopped" not in caplog.text
        epochs(10, tmp_path, patience=3, least_steps=20)
    assert "Stopped after epoch 4: val/loss not better than 0 for 3 epochs." in caplog.text


def test_a_resumed_training_waits_as_long(tmp_path: Path) -> None:
    assert epochs(2, tmp_path, max_epochs=6, patience=3, least_steps=20) == 6
    assert epochs(2, tmp_path, ckpt_path=tmp_path / "last.ckpt", patience=3, least_steps=20) == 11


def test_a_negative_number_is_refused() -> None:
    with pytest.raises(MisconfigurationException, match="least_steps=-1 must be at least 0"):
        Patience(least_steps=-1)


def test_a_further_fit_with_the_same_object_has_its_own_patience(tmp_path: Path) -> None:
    callback = Patience(patience=3, least_steps=40)
    for batches, wanted in ((1, 40), (100, 3)):
        trainer = Trainer(
            accelerator="cpu",
            max_epochs=1,
            callbacks=[callback],
            default_root_dir=tmp_path,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        loader = DataLoader(TensorDataset(torch.zeros(batches, 1)))
        trainer.fit(Rising(), loader, loader)
        assert callback.patience == wanted
