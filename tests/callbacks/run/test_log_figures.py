"""Figures go to the loggers that show pictures; loggers of the interfaces of the real ones, which need not be installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from practicum.callbacks import LogFigures, RunLog
from practicum.lightning_shim import Callback, Logger, Trainer


class Kept(Logger):
    name = version = ""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[tuple[Any, ...]] = []

    def log_metrics(self, *args: Any, **kwargs: Any) -> None: ...

    def log_hyperparams(self, *args: Any, **kwargs: Any) -> None: ...


class Wandb(Kept):
    def log_image(self, key: str, images: list[Any], step: int | None = None) -> None:
        self.got.append((key, images[0]))


class TensorBoard(Kept):
    @property
    def experiment(self) -> Any:
        return self

    def add_image(self, tag: str, pixels: Any, step: int, dataformats: str) -> None:
        self.got.append((tag, pixels.shape, step, dataformats))


class MLflow(Kept):
    run_id = "run"

    @property
    def experiment(self) -> Any:
        return self

    def log_artifact(self, run_id: str, path: str, folder: str) -> None:
        self.got.append((run_id, path, folder))


class Broken(Wandb):
    def log_image(self, key: str, images: list[Any], step: int | None = None) -> None:
        raise ConnectionError("no network")


class Draws(Callback):
    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        _draw(Path(trainer.default_root_dir) / "figures/curves.png")

    def on_test_end(self, trainer: Any, pl_module: Any) -> None:
        _draw(Path(trainer.default_root_dir) / "figures/by/rows.png")


def _draw(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGBA", (30, 20)).save(path)


def test_each_figure_goes_to_each_logger_once(
    tmp_path: Path,
    known_classifier: Any,
    known_photos: Any,
    make_trainer: Callable[..., Trainer],
    caplog: pytest.LogCaptureFixture,
) -> None:
    loggers = [Broken(), Wandb(), RunLog(tmp_path), TensorBoard(), MLflow()]
    trainer = make_trainer(
        max_epochs=1, callbacks=[LogFigures(), Draws()], logger=loggers, default_root_dir=tmp_path
    )  # before those that draw
    module = known_classifier()
    trainer.fit(module, known_photos)
    trainer.test(module, known_photos, verbose=False)
    _, wandb, _, board, mlflow = loggers
    curves, rows = (str(tmp_path / "figures" / name) for name in ("curves.png", "by/rows.png"))
    assert wandb.got == [("figures/curves", curves), ("figures/by/rows", rows)]
    assert board.got == [("figures/curves", (20, 30, 3), 2, "HWC"), ("figures/by/rows", (20, 30, 3), 2, "HWC")]
    assert mlflow.got == [("run", curves, "figures"), ("run", rows, "figures/by")]
    warned = [each.getMessage() for each in caplog.records if each.name.endswith("log_figures")]
    assert len(warned) == 2  # the others got theirs
    assert "Broken took no figures (ConnectionError: no network)" in warned[0]


def test_a_figure_that_is_drawn_anew_is_given_again(
    tmp_path: Path, known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer]
) -> None:
    wandb = Wandb()
    trainer = make_trainer(max_epochs=1, callbacks=[LogFigures()], logger=[wandb], default_root_dir=tmp_path)
    for _ in range(2):
        _draw(tmp_path / "figures/rows.png")
        trainer.test(known_classifier(), known_photos, verbose=False)
    trainer.test(known_classifier(), known_photos, verbose=False)
    assert len(wandb.got) == 2
