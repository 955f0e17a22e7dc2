"""Pictures and records of a test: what they hold, on a module whose answers are known."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from PIL import Image
from practicum.callbacks import ConfusionMatrix, ExampleBatch, LearningCurves, PredictionsTable, RunRecord, TopLosses
from practicum.callbacks.run.atomic_file import atomic_write
from practicum.callbacks.run.run_record import better
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

# What the module says of each of six photos, and what they are: photos 1 and 4 are wrong, 4 by far.
LOGITS = torch.tensor([[3.0, 0.0], [0.0, 0.5], [0.0, 2.0], [2.0, 0.0], [6.0, 0.0], [0.0, 1.0]])
TARGET = torch.tensor([0, 0, 1, 0, 1, 1])


class Known(pl.LightningModule):
    """Its logits are written into the photos' first pixels."""

    classes = ("ant", "bee")
    provenance = {"source": "nowhere"}  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :2, 0, 0] * self.scale

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        loss = nn.functional.cross_entropy(self(batch[0]), batch[1])
        self.log("train/loss", loss, on_step=True, on_epoch=True)
        return loss

    def validation_step(self, batch: list[Tensor], batch_idx: int) -> None:
        self.log("val/loss", nn.functional.cross_entropy(self(batch[0]), batch[1]))

    def test_step(self, batch: list[Tensor], batch_idx: int) -> dict[str, Tensor]:
        logits = self(batch[0])
        self.log("test/accuracy", (logits.argmax(1) == batch[1]).float().mean())
        return {"logits": logits, "target": batch[1]}

    def probabilities(self, logits: Tensor) -> Tensor:
        return logits.softmax(1)

    def prediction_table(self, probabilities: Tensor) -> dict[str, list[Any]]:
        return {"predicted": [self.classes[i] for i in probabilities.argmax(1)], "p": probabilities[:, 0].tolist()}

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def loader() -> DataLoader[Any]:
    x = torch.zeros(6, 3, 8, 8)
    x[:, :2, 0, 0] = LOGITS
    return DataLoader(TensorDataset(x, TARGET), batch_size=4)


def test_confusion_matrix_counts(tmp_path: Path, make_trainer: Callable[..., pl.Trainer]) -> None:
    make_trainer(callbacks=[ConfusionMatrix(tmp_path)]).test(Known(), loader(), verbose=False)
    with open(tmp_path / "confusion.csv", newline="") as file:
        assert list(csv.reader(file))[1:] == [["ant", "bee", "1"], ["bee", "ant", "1"]]
    with Image.open(tmp_path / "confusion.png") as picture:
        assert picture.size[0] > 200


def test_top_losses_keeps_the_worst_only(tmp_path: Path, make_trainer: Callable[..., pl.Trainer]) -> None:
    callback = TopLosses(tmp_path, count=2)
    kept: list[tuple[int, str, str]] = []

    class Look(pl.Callback):
        def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
            kept.extend((w.row, w.said, w.true) for w in sorted(callback._worst, reverse=True))

    make_trainer(callbacks=[callback, Look()]).test(Known(), loader(), verbose=False)
    assert kept == [(4, "ant 1.00", "bee"), (1, "bee 0.62", "ant")]
    assert (tmp_path / "top_losses.png").stat().st_size > 1000


def test_predictions_table_has_a_row_for_each_photo(tmp_path: Path, make_trainer: Callable[..., pl.Trainer]) -> None:
    make_trainer(callbacks=[PredictionsTable(tmp_path / "p.csv")]).test(Known(), loader(), verbose=False)
    with open(tmp_path / "p.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["true"] for row in rows] == ["ant", "ant", "bee", "ant", "bee", "bee"]
    assert [float(row["p"]) for row in rows] == pytest.approx(LOGITS.softmax(1)[:, 0].tolist())


def test_record_holds_last_and_best_and_how_it_ended(tmp_path: Path, make_trainer: Callable[..., pl.Trainer]) -> None:
    trainer = make_trainer(max_epochs=2, callbacks=[RunRecord(tmp_path), LearningCurves(tmp_path), ExampleBatch(tmp_path)])
    module = Known()
    trainer.fit(module, loader(), loader())
    record = json.loads((tmp_path / "metrics.json").read_text())
    assert record["status"] == "trained"
    assert record["val/loss/best"] <= record["val/loss"] + 1e-9
    trainer.test(module, loader(), verbose=False)
    record = json.loads((tmp_path / "metrics.json").read_text())
    assert record["status"] == "finished"
    assert record["test/accuracy"] == pytest.approx(4 / 6)
    assert record["weights/source"] == "nowhere"
    assert record["epochs"] == 2
    assert {"curves.png", "example_batch.png"} <= {path.name for path in tmp_path.iterdir()}


def test_testing_a_checkpoint_does_not_roll_the_record_back(tmp_path: Path, make_trainer: Callable[..., pl.Trainer]) -> None:
    """Lightning loads callbacks' states with a checkpoint that is tested; seconds and last values are those of the fit."""
    trainer = make_trainer(max_epochs=1, callbacks=[RunRecord(tmp_path)])
    module = Known()
    trainer.fit(module, loader(), loader())
    trainer.save_checkpoint(tmp_path / "early.ckpt")
    trainer.fit_loop.max_epochs = 4
    trainer.fit(module, loader(), loader())
    before = json.loads((tmp_path / "metrics.json").read_text())
    trainer.test(module, loader(), ckpt_path=tmp_path / "early.ckpt", weights_only=True, verbose=False)
    after = json.loads((tmp_path / "metrics.json").read_text())
    assert after["val/loss"] == before["val/loss"]
    assert after["seconds/fit"] == before["seconds/fit"]


def test_record_of_a_resumed_run_is_that_of_the_whole(tmp_path: Path, make_trainer: Callable[..., pl.Trainer]) -> None:
    trainer = make_trainer(max_epochs=2, callbacks=[RunRecord(tmp_path)])
    trainer.fit(Known(), loader(), loader())
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    first = json.loads((tmp_path / "metrics.json").read_text())
    resumed = make_trainer(max_epochs=3, callbacks=[RunRecord(tmp_path)])
    resumed.fit(Known(), loader(), loader(), ckpt_path=tmp_path / "a.ckpt", weights_only=True)
    record = json.loads((tmp_path / "metrics.json").read_text())
    assert record["seconds/fit"] >= first["seconds/fit"]
    assert record["epochs"] == 3


def test_record_says_that_a_run_failed(tmp_path: Path, make_trainer: Callable[..., pl.Trainer]) -> None:
    class Fails(Known):
        def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        make_trainer(callbacks=[RunRecord(tmp_path)]).fit(Fails(), loader())
    assert json.loads((tmp_path / "metrics.json").read_text())["status"] == "failed: RuntimeError"


def test_better_is_lower_for_losses_and_higher_for_the_rest() -> None:
    assert better("val/loss", 1, than=2)
    assert better("val/rmspe", 1, than=2)
    assert better("val/accuracy", 2, than=1)
    assert not better("test/ndcg@10", 1, than=2)


@pytest.mark.parametrize("callback", [ConfusionMatrix, TopLosses, PredictionsTable])
def test_a_module_that_returns_something_else_is_told_what_is_needed(
    callback: Callable[[Path], pl.Callback], tmp_path: Path, make_trainer: Callable[..., pl.Trainer]
) -> None:
    class Silent(Known):
        def test_step(self, batch: list[Tensor], batch_idx: int) -> None:  # type: ignore[override]
            pass

    with pytest.raises(MisconfigurationException, match='"logits"'):
        make_trainer(callbacks=[callback(tmp_path / "x")]).test(Silent(), loader(), verbose=False)


def test_whole_file_leaves_the_old_one_when_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fails() -> None:
        with atomic_write(path) as beside:
            beside.write_text("ne")
            raise RuntimeError("disk")

    with pytest.raises(RuntimeError, match="disk"):
        fails()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
