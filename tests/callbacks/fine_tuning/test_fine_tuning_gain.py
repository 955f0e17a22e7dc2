"""FineTuningGain: compares with the head alone, stops where nothing is gained, says so, and goes on after a resume."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from hydra import compose, initialize_config_module
from practicum.callbacks import FineTuningGain, GradualUnfreezing
from practicum.lightning_shim import Callback, MisconfigurationException, Trainer

from .test_gradual_unfreezing import GROUPS, Foreign, loader


class Scripted(Foreign):
    """Its validation loss in each epoch is given."""

    def __init__(self, losses: Sequence[float]) -> None:
        super().__init__()
        self.losses = losses

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self.log("val/loss", torch.tensor(self.losses[self.current_epoch]))


def gained(before: float, after: float) -> Any:
    return pytest.approx({"fine_tuning/monitor": "val/loss", "fine_tuning/before": before, "fine_tuning/after": after})


def fit(
    make_trainer: Callable[..., Trainer], losses: Sequence[float], gain: FineTuningGain, *others: Callback, **options: Any
) -> Trainer:
    trainer = make_trainer(
        max_epochs=len(losses), num_sanity_val_steps=0, callbacks=[GradualUnfreezing(at=[2], groups=GROUPS), gain, *others]
    )
    trainer.fit(Scripted(losses), loader(), loader(), **options)
    return trainer


@pytest.mark.parametrize(
    ("losses", "patience", "epochs"),
    [
        ([0.5, 0.4, 0.45, 0.3, 0.2], 1, 3),  # the first epoch after unfreezing is no better
        ([0.5, 0.4, 0.45, 0.3, 0.2], 2, 5),
        ([0.5, 0.4, 0.3, 0.2, 0.1], 1, 5),
        ([0.5, 0.4, 0.3, 0.35, 0.1], 1, 4),  # gained, then no more
        ([0.4, 0.5, 0.45, 0.3, 0.2], 1, 3),  # by the head's best epoch, not by its last
    ],
)
def test_it_stops_where_nothing_is_gained(
    make_trainer: Callable[..., Trainer], losses: list[float], patience: int, epochs: int
) -> None:
    assert fit(make_trainer, losses, FineTuningGain(patience=patience)).current_epoch == epochs


def test_an_epoch_without_validation_is_no_epoch_without_gain(make_trainer: Callable[..., Trainer]) -> None:
    losses, gain = [0.9, 0.5, 0.9, 0.4, 0.9, 0.6, 0.9, 0.1], FineTuningGain()
    options = {"max_epochs": 8, "check_val_every_n_epoch": 2, "num_sanity_val_steps": 0}
    trainer = make_trainer(**options, callbacks=[GradualUnfreezing(at=[2], groups=GROUPS), gain])
    trainer.fit(Scripted(losses), loader(), loader())
    assert trainer.current_epoch == 6  # .5, .4, then .6; not at the third epoch, whose value is still .5
    assert gain.facts == gained(0.5, 0.4)


def test_what_was_gained_is_said(make_trainer: Callable[..., Trainer], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    gain = FineTuningGain()
    fit(make_trainer, [0.5, 0.4, 0.3, 0.25], gain)
    assert "Fine-tuning: val/loss 0.4000 -> 0.2500." in caplog.messages
    assert gain.facts == pytest.approx(
        {"fine_tuning/monitor": gain.monitor, "fine_tuning/before": 0.4, "fine_tuning/after": 0.25}
    )
    fit(make_trainer, [0.5, 0.4, 0.6, 0.1], gain)  # the same object in another fit
    assert any("Fine-tuning gained nothing: val/loss 0.4000" in message for message in caplog.messages)
    fit(make_trainer, [0.5, 0.4], gain)
    assert gain.facts == {}


def test_a_test_of_the_best_epoch_leaves_what_was_gained(make_trainer: Callable[..., Trainer], tmp_path: Path) -> None:
    class Save(Callback):
        def on_train_epoch_end(self, trainer: Trainer, pl_module: Any) -> None:
            if trainer.current_epoch == 1:
                trainer.save_checkpoint(tmp_path / "best.ckpt")

    class Tested(Scripted):
        def test_step(self, batch: Any, batch_idx: int) -> None:
            pass

    gain = FineTuningGain()
    trainer = make_trainer(
        max_epochs=4, num_sanity_val_steps=0, callbacks=[GradualUnfreezing(at=[2], groups=GROUPS), gain, Save()]
    )
    model = Tested([0.5, 0.4, 0.45, 0.3])
    trainer.fit(model, loader(), loader())
    trainer.test(model, loader(), ckpt_path=tmp_path / "best.ckpt", weights_only=True, verbose=False)
    assert gain.facts == pytest.approx(
        {"fine_tuning/monitor": gain.monitor, "fine_tuning/before": 0.4, "fine_tuning/after": 0.45}
    )


def test_a_resumed_training_compares_with_the_head_of_the_interrupted_one(
    make_trainer: Callable[..., Trainer], tmp_path: Path
) -> None:
    class Save(Callback):
        def on_train_epoch_end(self, trainer: Trainer, pl_module: Any) -> None:
            if trainer.current_epoch == 1:
                trainer.save_checkpoint(tmp_path / "one.ckpt")

    losses = [0.5, 0.4, 0.45, 0.3]
    fit(make_trainer, losses, FineTuningGain(), Save())
    resumed = FineTuningGain()
    assert fit(make_trainer, losses, resumed, ckpt_path=tmp_path / "one.ckpt", weights_only=True).current_epoch == 3
    assert resumed.facts == pytest.approx(
        {"fine_tuning/monitor": "val/loss", "fine_tuning/before": 0.4, "fine_tuning/after": 0.45}
    )


@pytest.mark.parametrize(("monitor", "mode"), [("val/loss", "min"), ("val/accuracy", "max")])
def test_what_is_better_is_known_by_the_name(monitor: str, mode: str) -> None:
    assert FineTuningGain(monitor).mode == mode
    assert FineTuningGain(monitor, mode="max").mode == "max"


def test_no_monitor_is_the_loss_of_validation() -> None:
    callback = FineTuningGain(monitor=None)
    assert (callback.monitor, callback.mode) == ("val/loss", "min")


@pytest.mark.parametrize(
    ("typed", "monitor"),
    [
        ([], "val/loss"),
        (["callbacks.checkpoint.monitor=val/accuracy"], "val/accuracy"),
        (["callbacks.checkpoint=null"], "val/loss"),
    ],
)
def test_fine_tuning_is_judged_by_what_keeps_the_weights(typed: list[str], monitor: str) -> None:
    with initialize_config_module("practicum.conf", version_base="1.3"):
        cfg = compose("train", [*typed, "experiment=spiders", "name=test", "paths.run=run"])
    assert cfg.callbacks.gain.monitor == monitor


def test_a_metric_that_is_not_logged_is_named(make_trainer: Callable[..., Trainer]) -> None:
    with pytest.raises(MisconfigurationException, match="monitor=val/auc is not logged; logged are val/loss"):
        fit(make_trainer, [0.5, 0.4, 0.3], FineTuningGain(monitor="val/auc"))
    with pytest.raises(MisconfigurationException, match="patience=0"):
        FineTuningGain(patience=0)
