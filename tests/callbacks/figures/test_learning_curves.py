"""Curves by panel, from the values that a fit logs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from practicum.callbacks import LearningCurves
from practicum.callbacks.figures.learning_curves import curves_by_panel, describe_curves, draw_curves
from practicum.lightning_shim import Trainer, classes

BoringModel = classes("demos.boring_classes.BoringModel")[0]


def test_panels_hold_both_stages_and_the_loss_comes_first() -> None:
    history = {"val/auroc": [(1, 0.5)], "train/loss": [(1, 2.0), (2, 1.0)], "val/loss": [(1, 2.5), (2, 2.0)]}
    panels = curves_by_panel(history)
    assert list(panels) == ["loss", "auroc"]
    assert panels["loss"] == {"training": [(1, 2.0), (2, 1.0)], "validation": [(1, 2.5), (2, 2.0)]}
    assert panels["auroc"] == {"validation": [(1, 0.5)]}
    assert describe_curves(panels).endswith("; AUROC: validation 0.5.")
    axes = draw_curves(panels).axes
    assert [each.get_title() for each in axes] == ["loss", "AUROC"]
    assert [list(line.get_ydata()) for line in axes[0].get_lines()] == [[2.0, 1.0], [2.5, 2.0]]


def test_many_metrics_have_rows() -> None:
    figure = draw_curves({name: {"validation": [(1, 0.5), (2, 0.4)]} for name in ("loss", "a", "b", "c", "d")})
    assert {each.get_subplotspec().get_geometry()[:2] for each in figure.axes} == {(2, 3)}  # type: ignore[union-attr]


def test_one_epoch_has_bars_with_their_values() -> None:
    (axes,) = draw_curves({"loss": {"training": [(1, 0.75)], "validation": [(1, 0.5)]}}).axes
    assert [bar.get_height() for bar in axes.patches] == [0.75, 0.5]
    assert [text.get_text() for text in axes.texts] == ["0.75", "0.5"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["training", "validation"]
    assert draw_curves({"loss": {}}).axes[0].get_title() == "loss"


def test_values_of_a_fit(
    known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer], tmp_path: Path, is_png: Callable[[Path], bool]
) -> None:
    callback = LearningCurves()
    make_trainer(max_epochs=2, callbacks=[callback]).fit(known_classifier(), known_photos, known_photos)
    assert set(callback.history) == {"train/loss", "val/loss"}
    assert [epoch for epoch, _ in callback.history["val/loss"]] == [1, 2]
    assert is_png(tmp_path / "figures" / "curves.png")
    resumed = LearningCurves()
    resumed.load_state_dict(callback.state_dict())
    assert resumed.history == callback.history


def test_an_epoch_without_validation_has_no_value_of_it(
    known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer]
) -> None:
    callback = LearningCurves()
    trainer = make_trainer(max_epochs=5, callbacks=[callback], check_val_every_n_epoch=2)
    trainer.fit(known_classifier(), known_photos, known_photos)
    assert [epoch for epoch, _ in callback.history["train/loss"]] == [1, 2, 3, 4, 5]
    assert [epoch for epoch, _ in callback.history["val/loss"]] == [2, 4]


def test_what_is_logged_by_step_too_has_one_value_an_epoch(make_trainer: Callable[..., Trainer]) -> None:
    class Logs(BoringModel):  # type: ignore[misc, valid-type]
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            loss = super().training_step(batch, batch_idx)["loss"]
            self.log("train/loss", float(batch_idx), on_step=True, on_epoch=True)
            return loss

    callback = LearningCurves()
    make_trainer(max_epochs=2, limit_train_batches=3, callbacks=[callback], log_every_n_steps=1).fit(Logs())
    assert callback.history["train/loss"] == [(1, 1.0), (2, 1.0)]


def test_each_fit_has_curves_of_its_own(known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer]) -> None:
    callback = LearningCurves()
    for _ in range(2):
        trainer = make_trainer(max_epochs=2, callbacks=[callback], enable_checkpointing=True)
        trainer.fit(known_classifier(), known_photos, known_photos)
        assert [epoch for epoch, _ in callback.history["val/loss"]] == [1, 2]
    path = trainer.checkpoint_callback.best_model_path  # type: ignore[union-attr]
    again = make_trainer(max_epochs=3, callbacks=[callback])
    again.fit(known_classifier(), known_photos, known_photos, ckpt_path=path, weights_only=True)
    assert [epoch for epoch, _ in callback.history["val/loss"]] == [1, 2, 3]
