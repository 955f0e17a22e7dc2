"""A figure that fails is a warning and a line of the report; the run goes on, and a mistake before training is still refused."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from practicum.callbacks import ConfusionMatrix, ExampleBatch, LearningCurves, PerClass, RunRecord, TopLosses
from practicum.callbacks.figures.classification import confusion_matrix
from practicum.callbacks.figures.figure_callback import FigureCallback, failed_figures, never_fatal
from practicum.callbacks.run.report import write_report
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer

MakeTrainer = Callable[..., Trainer]


class Broken(FigureCallback):
    """Raises in the hook that it is told to."""

    def __init__(self, hook: str, error: BaseException) -> None:
        super().__init__()
        self.hook, self.error, self.calls = hook, error, list[str]()

    def _raise(self, hook: str) -> None:
        self.calls.append(hook)
        if hook == self.hook:
            raise self.error

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._raise("on_fit_start")

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        self._raise("on_train_batch_start")

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._raise("on_fit_end")

    def on_test_batch_end(self, *args: Any) -> None:
        self._raise("on_test_batch_end")

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._raise("on_test_end")


def run(make_trainer: MakeTrainer, module: Any, photos: Any, *callbacks: Any) -> Trainer:
    trainer = make_trainer(max_epochs=1, callbacks=list(callbacks))
    trainer.fit(module, photos, photos)
    trainer.test(module, photos, verbose=False)
    return trainer


HOOKS = ["on_fit_start", "on_train_batch_start", "on_fit_end", "on_test_batch_end", "on_test_end"]


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("error", [ValueError("a $ in\nthe label"), MemoryError(), OSError(28, "No space left on device")])
def test_the_run_is_finished_and_its_report_says_what_failed(
    known_classifier: Any, known_photos: Any, make_trainer: MakeTrainer, tmp_path: Path, hook: str, error: Exception
) -> None:
    run(make_trainer, known_classifier(), known_photos, Broken(hook, error), RunRecord(tmp_path), ConfusionMatrix())
    assert json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))["status"] == "finished"
    assert (tmp_path / "figures" / "confusion.png").is_file()
    page = write_report(tmp_path).read_text(encoding="utf-8")
    when = "" if "test" in hook else " in training"
    assert f"<p class=warn>Not drawn: Broken{when} ({type(error).__name__}: " in page
    again = Broken("", error)
    run(make_trainer, known_classifier(), known_photos, again, RunRecord(tmp_path))
    assert "Not drawn" not in write_report(tmp_path).read_text(encoding="utf-8")


def test_it_is_said_once_and_the_rest_of_its_hooks_passed_over(
    known_classifier: Any, known_photos: Any, make_trainer: MakeTrainer, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Broken("on_test_batch_end", ValueError("first line\nsecond"))
    with caplog.at_level(logging.WARNING):
        trainer = run(make_trainer, known_classifier(), known_photos, broken)
    assert broken.calls.count("on_test_batch_end") == 1
    assert "on_test_end" not in broken.calls
    assert caplog.text.count("Broken: nothing is drawn, and the run goes on: ValueError: first line second") == 1
    broken.hook = ""
    trainer.test(known_classifier(), known_photos, verbose=False)
    assert broken.calls.count("on_test_batch_end") == 3  # another test, another chance
    assert broken.calls[-1] == "on_test_end"
    assert failed_figures(Path(trainer.default_root_dir) / "figures") == {}


@pytest.mark.parametrize("name", ["draw_confusion_matrix", "output_path", "write_csv"])
def test_drawing_of_ours_may_fail(
    known_classifier: Any,
    known_photos: Any,
    make_trainer: MakeTrainer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    def fail(*args: Any) -> None:
        raise RuntimeError("no figure today")

    monkeypatch.setattr(confusion_matrix, name, fail)
    run(make_trainer, known_classifier(), known_photos, ConfusionMatrix(), PerClass(), TopLosses(), LearningCurves())
    assert failed_figures(tmp_path / "figures") == {"ConfusionMatrix": "RuntimeError: no figure today"}
    assert {"per_class.png", "top_losses.png", "curves.png"} <= {path.name for path in (tmp_path / "figures").iterdir()}


def test_a_folder_that_cant_be_written_costs_no_run(
    known_classifier: Any, known_photos: Any, make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    (tmp_path / "figures").write_text("a file where the folder should be", encoding="utf-8")
    figures = [ConfusionMatrix(), PerClass(), TopLosses(), LearningCurves(), ExampleBatch()]
    run(make_trainer, known_classifier(), known_photos, *figures)
    assert (tmp_path / "figures").read_text(encoding="utf-8") == "a file where the folder should be"


@pytest.mark.parametrize("hook", HOOKS)
def test_an_interruption_passes(known_classifier: Any, known_photos: Any, make_trainer: MakeTrainer, hook: str) -> None:
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        run(make_trainer, known_classifier(), known_photos, Broken(hook, SystemExit(130)))


def test_a_mistake_is_refused_before_training_but_not_after(
    known_classifier: Any, silent_classifier: Any, known_photos: Any, make_trainer: MakeTrainer, caplog: pytest.LogCaptureFixture
) -> None:
    mistake = MisconfigurationException("Broken: there is no such column.")
    with pytest.raises(MisconfigurationException, match="no such column"):
        run(make_trainer, known_classifier(), known_photos, Broken("on_fit_start", mistake))
    with caplog.at_level(logging.WARNING):
        run(make_trainer, known_classifier(), known_photos, Broken("on_test_end", mistake))
        run(make_trainer, silent_classifier, known_photos, ConfusionMatrix(), TopLosses(), PerClass())
    assert "the run goes on: Broken: there is no such column." in caplog.text
    assert caplog.text.count("needs test_step to return a dictionary") == 3


def test_a_hook_that_calls_its_bases_fails_once(known_classifier: Any, known_photos: Any, make_trainer: MakeTrainer) -> None:
    class Further(Broken):
        went_on = False

        def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
            super().on_test_end(trainer, pl_module)
            self.went_on = True

    further = Further("on_test_end", ValueError("x"))
    run(make_trainer, known_classifier(), known_photos, further)
    assert not further.went_on


def test_parts_fail_by_themselves(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    trainer = make_trainer()
    for part in ("a", "b"):
        with never_fatal(trainer, f"Maps of {part}"):
            raise KeyError(part)
    assert failed_figures(tmp_path / "figures") == {"Maps of a": "KeyError: 'a'", "Maps of b": "KeyError: 'b'"}
    (tmp_path / "figures" / "failed.json").write_text("[half", encoding="utf-8")
    assert failed_figures(tmp_path / "figures") == {}
