"""The record of a run: what it holds, and how the run ended."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.callbacks import Calibration, RunRecord
from practicum.lightning_shim import LightningDataModule, Trainer
from torch import Tensor


def test_record_holds_last_and_best_and_how_it_ended(
    tmp_path: Path, known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer]
) -> None:
    trainer = make_trainer(max_epochs=2, callbacks=[RunRecord(tmp_path)])
    module = known_classifier()
    trainer.fit(module, known_photos, known_photos)
    record = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert record["status"] == "trained"
    assert record["val/loss/best"] <= record["val/loss"] + 1e-9
    trainer.test(module, known_photos, verbose=False)
    record = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert record["status"] == "finished"
    assert record["test/accuracy"] == pytest.approx(4 / 6)
    assert record["weights/source"] == "nowhere"
    assert record["epochs"] == 2
    assert record["version/torch"] == version("torch")


def test_the_best_training_loss_is_that_of_an_epoch(
    tmp_path: Path, known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer]
) -> None:
    class Logging(known_classifier):  # type: ignore[misc]
        losses = iter([5.0, 1.0, 3.0, 4.0, 2.0, 6.0] * 9)  # the second epoch's last step is the lowest of all

        def training_step(self, batch: Any, batch_idx: int) -> Tensor:
            loss = super().training_step(batch, batch_idx)
            self.log("fit/loss", next(self.losses), on_step=True, on_epoch=True, batch_size=1)
            return loss

    photos = [known_photos[0]] * 2 if isinstance(known_photos, list) else known_photos
    trainer = make_trainer(max_epochs=3, limit_train_batches=2, callbacks=[RunRecord(tmp_path)])
    trainer.fit(Logging(), photos, photos)
    record = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert record["fit/loss/best"] == pytest.approx(3.0)  # of the means 3, 3.5 and 4
    assert "fit/loss_step/best" not in record


def test_testing_a_checkpoint_does_not_roll_the_record_back(
    tmp_path: Path, known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer]
) -> None:
    """Lightning loads callbacks' states with a checkpoint that is tested; seconds and last values are those of the fit."""
    trainer = make_trainer(max_epochs=1, callbacks=[RunRecord(tmp_path)])
    module = known_classifier()
    trainer.fit(module, known_photos, known_photos)
    trainer.save_checkpoint(tmp_path / "early.ckpt")
    trainer.fit_loop.max_epochs = 4
    trainer.fit(module, known_photos, known_photos)
    before = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    trainer.test(module, known_photos, ckpt_path=tmp_path / "early.ckpt", weights_only=True, verbose=False)
    after = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert after["val/loss"] == before["val/loss"]
    assert after["seconds/fit"] == before["seconds/fit"]


def test_record_of_a_resumed_run_is_that_of_the_whole(
    tmp_path: Path, known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer]
) -> None:
    trainer = make_trainer(max_epochs=2, callbacks=[RunRecord(tmp_path)])
    trainer.fit(known_classifier(), known_photos, known_photos)
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    first = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    resumed = make_trainer(max_epochs=3, callbacks=[RunRecord(tmp_path)])
    resumed.fit(known_classifier(), known_photos, known_photos, ckpt_path=tmp_path / "a.ckpt", weights_only=True)
    record = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert record["seconds/fit"] >= first["seconds/fit"]
    assert record["epochs"] == 3


def test_what_was_done_before_the_fit_counts_once_in_each_of_its_parts(
    tmp_path: Path, known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer]
) -> None:
    trainer = make_trainer(max_epochs=1, callbacks=[first := RunRecord(tmp_path)])
    first.seconds_before = {"data": 100.0}
    trainer.fit(known_classifier(), known_photos, known_photos)
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    trainer.fit_loop.max_epochs = 2
    trainer.fit(known_classifier(), known_photos, known_photos)
    record = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert record["seconds/data"] == 100
    assert record["seconds"] == pytest.approx(100 + record["seconds/fit"], abs=0.02)
    resumed = make_trainer(max_epochs=3, callbacks=[second := RunRecord(tmp_path)])
    second.seconds_before = {"data": 11.0}
    resumed.fit(known_classifier(), known_photos, known_photos, ckpt_path=tmp_path / "a.ckpt", weights_only=True)
    assert json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))["seconds/data"] == 111


def test_a_second_training_with_the_same_object_has_a_record_of_its_own(
    tmp_path: Path, known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer]
) -> None:
    record = RunRecord(tmp_path)

    class Logs(known_classifier):  # type: ignore[misc]
        def __init__(self, name: str, value: float) -> None:
            super().__init__()
            self.name, self.value = name, value

        def on_validation_epoch_end(self) -> None:
            self.log(self.name, self.value)

    for name, value in (("val/recall", 0.9), ("val/f1", 0.8), ("val/f1", 0.3)):  # as in k-fold
        make_trainer(max_epochs=1, callbacks=[record]).fit(Logs(name, value), known_photos, known_photos)
    content = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert content["val/f1"] == content["val/f1/best"] == pytest.approx(0.3)
    assert "val/recall" not in content
    assert content["seconds"] == pytest.approx(record.seconds["fit"], abs=0.01)


def test_facts_that_a_later_callback_finds_at_the_end_of_a_test_are_in_the_file(
    tmp_path: Path, known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer]
) -> None:
    trainer = make_trainer(callbacks=[RunRecord(tmp_path), Calibration(folder=None)])
    trainer.test(known_classifier(), known_photos, verbose=False)
    record = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert record["status"] == "finished"
    assert 0 <= record["calibration/ece"] <= 1


def test_the_record_tells_its_data_before_the_first_epoch_ends(
    tmp_path: Path, known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer]
) -> None:
    class Data(LightningDataModule):
        provenance = {"sha256": "abc"}  # noqa: RUF012

        def train_dataloader(self) -> Any:
            return known_photos

    class Looks(known_classifier):  # type: ignore[misc]
        def on_train_epoch_start(self) -> None:
            record = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
            assert (record["status"], record["data/sha256"]) == ("running", "abc")
            assert record["threads"] == torch.get_num_threads()

    make_trainer(max_epochs=1, callbacks=[RunRecord(tmp_path)]).fit(Looks(), Data())


@pytest.mark.parametrize(("key", "value"), [("threads", 99), ("devices", "8 x cuda"), ("version/torch", "1.0")])
def test_another_machine_is_said_when_a_run_continues(
    tmp_path: Path,
    known_classifier: Any,
    known_photos: Any,
    make_trainer: Callable[..., Trainer],
    caplog: pytest.LogCaptureFixture,
    key: str,
    value: Any,
) -> None:
    trainer = make_trainer(max_epochs=1, callbacks=[RunRecord(tmp_path)])
    trainer.fit(known_classifier(), known_photos, known_photos)
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    path = tmp_path / "metrics.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    for content, said in ((record, False), ({**record, key: value}, True)):
        path.write_text(json.dumps(content), encoding="utf-8")
        caplog.clear()
        resumed = make_trainer(max_epochs=2, callbacks=[RunRecord(tmp_path)])
        with caplog.at_level("WARNING", logger="practicum"):
            resumed.fit(known_classifier(), known_photos, known_photos, ckpt_path=tmp_path / "a.ckpt", weights_only=True)
        assert (f"This run began with {key} {value}, now {record[key]}" in caplog.text) == said
    path.write_text("[", encoding="utf-8")
    resumed = make_trainer(max_epochs=2, callbacks=[RunRecord(tmp_path)])
    with caplog.at_level("WARNING", logger="practicum"):
        resumed.fit(known_classifier(), known_photos, known_photos, ckpt_path=tmp_path / "a.ckpt", weights_only=True)
    assert "metrics.json is damaged" in caplog.text


def test_record_says_that_a_run_failed(
    tmp_path: Path, known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer]
) -> None:
    class Fails(known_classifier):  # type: ignore[misc]
        def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        make_trainer(callbacks=[RunRecord(tmp_path)]).fit(Fails(), known_photos)
    assert json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))["status"] == "failed: RuntimeError"


def test_the_epoch_of_the_weights_that_are_tested(
    tmp_path: Path, known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer]
) -> None:
    callback = RunRecord(tmp_path)
    trainer = make_trainer(max_epochs=2, callbacks=[callback], enable_checkpointing=True)
    trainer.fit(known_classifier(), known_photos, known_photos)
    assert "weights/epoch" not in json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    trainer.test(known_classifier(), known_photos, ckpt_path="best", weights_only=True, verbose=False)
    assert json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))["weights/epoch"] == 2
    make_trainer(max_epochs=1, callbacks=[callback]).fit(known_classifier(), known_photos, known_photos)
    assert "weights/epoch" not in json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))  # of the test before


def test_plain_values_facts_and_known_answers_stand_beside(
    tmp_path: Path, known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer]
) -> None:
    class Data(LightningDataModule):
        tests_on = "valid"
        known_answer = {"accuracy": 0.9, "rmse": 0.5}  # noqa: RUF012
        provenance = {"sha256": "abc", "loss": float("nan")}  # noqa: RUF012

        def test_dataloader(self) -> Any:
            return known_photos

    class Views(RunRecord):
        facts = {"tta/views": 4}  # noqa: RUF012

    callback = RunRecord(tmp_path)
    trainer = make_trainer(callbacks=[callback, Views(tmp_path / "other")])
    for _ in range(2):
        trainer.test(known_classifier(), Data(), verbose=False)
        callback.keep_plain()
    record = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert record["plain/accuracy"] == record["val/accuracy/kept"] == pytest.approx(4 / 6)
    assert record["known/accuracy"] == 0.9
    assert "known/rmse" not in record  # which nothing measures
    assert record["tta/views"] == 4
    assert (record["data/sha256"], record["data/loss"], record["tests_on"]) == ("abc", None, "valid")


def test_a_test_in_a_process_of_its_own_keeps_what_the_training_recorded(
    tmp_path: Path, known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer]
) -> None:
    trainer = make_trainer(max_epochs=2, callbacks=[RunRecord(tmp_path)])
    trainer.fit(known_classifier(), known_photos, known_photos)
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    before = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    other = make_trainer(callbacks=[RunRecord(tmp_path)])
    other.test(known_classifier(), known_photos, ckpt_path=tmp_path / "a.ckpt", weights_only=True, verbose=False)
    after = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert after["status"] == "finished"
    assert "test/accuracy" in after
    for name in ("val/loss", "val/loss/best", "seconds/fit", "epochs", "steps"):
        assert after[name] == before[name]
    assert after["seconds"] == pytest.approx(after["seconds/fit"] + after["seconds/test"], abs=0.011)


def test_a_start_that_fails_leaves_the_record(
    tmp_path: Path, known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer]
) -> None:
    make_trainer(max_epochs=1, callbacks=[RunRecord(tmp_path)]).fit(known_classifier(), known_photos, known_photos)
    before = (tmp_path / "metrics.json").read_bytes()
    with pytest.raises(FileNotFoundError):
        make_trainer(max_epochs=2, callbacks=[RunRecord(tmp_path)]).fit(
            known_classifier(), known_photos, known_photos, ckpt_path=tmp_path / "lats.ckpt", weights_only=True
        )
    assert (tmp_path / "metrics.json").read_bytes() == before


def test_a_checkpoint_that_was_validated_is_no_part_of_the_next_fit(
    tmp_path: Path, known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer]
) -> None:
    trainer = make_trainer(max_epochs=1, callbacks=[RunRecord(tmp_path)])
    trainer.fit(known_classifier(), known_photos, known_photos)
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    state = torch.load(tmp_path / "a.ckpt", weights_only=True)
    state["callbacks"]["RunRecord"]["best"]["val/loss"] = -7.0  # to be told from this fit's
    torch.save(state, tmp_path / "a.ckpt")
    again = make_trainer(max_epochs=1, callbacks=[RunRecord(tmp_path)])
    again.validate(known_classifier(), known_photos, ckpt_path=tmp_path / "a.ckpt", weights_only=True, verbose=False)
    again.fit(known_classifier(), known_photos, known_photos)
    assert json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))["val/loss/best"] > 0
