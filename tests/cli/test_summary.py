"""The table that ends a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from practicum.cli.summary import FROM_SCRATCH, could_transfer, print_summary, summary_rows
from practicum.modules import EntityEmbeddingModel, ImageClassifier, TextClassifier

RECORD: dict[str, Any] = {
    "val/accuracy/kept": 0.91,
    "val/loss/kept": 0.3,
    "plain/accuracy": 0.9,
    "known/accuracy": 0.97,
    "tta/views": 4,
    "tests_on": "valid",
    "seconds": 61.2,
    "seconds/fit": 60.0,
    "seconds/test": 1.2,
    "epochs": 2,
    "steps": 12,
    "precision": "32-true",
    "devices": "1 x cpu",
    "weights/source": "random",
    "weights/pretrained": False,
    "data/source": "photos",
    "data/train": 24,
    "data/valid": 9,
}


def test_rows_tell_metrics_time_and_provenance() -> None:
    rows = dict(summary_rows(RECORD, "runs/x"))
    assert rows["accuracy on validation"] == "0.9100   (with 4 augmented views; without 0.9000)   (best possible: 0.9700)"
    harmed = dict(summary_rows({**RECORD, "plain/accuracy": 0.92, "plain/loss": 0.4}, "x"))
    assert "without 0.9200, which is better)" in harmed["accuracy on validation"]
    assert "without 0.4000)" in harmed["loss on validation"]
    assert rows["loss on validation"] == "0.3000"
    assert rows["measured on"] == "validation (it chose the epoch)"
    assert rows["seconds"] == "61 (fit 60, test 1); 2 epochs, 12 steps"
    once = summary_rows({**RECORD, "epochs": 1, "steps": 1500}, "x")
    assert dict(once)["seconds"] == "61 (fit 60, test 1); 1 epoch, 1,500 steps"
    assert rows["data"] == "photos (24 train, 9 valid, 0 left out)"
    assert rows["weights"] == "random"
    assert rows["page"] == "runs/x/report.html"
    left_out = dict(summary_rows({**RECORD, "tta/views": 0, "tta/val_loss": 0.5, "tta/val_loss/plain": 0.4}, "x"))
    assert left_out["accuracy on validation"] == "0.9100   (best possible: 0.9700)"
    assert "with them the log-loss of validation is 0.5, without 0.4" in left_out["test-time augmentation"]
    assert dict(summary_rows({**RECORD, "data/csv": "delimiter ';'"}, "x"))["csv"] == "delimiter ';'"
    assert dict(summary_rows({**RECORD, "weights/sha256": "0123456789abcdef"}, "x"))["weights"] == "random, SHA-256 0123456789ab"


def test_baselines_stand_beside_their_metric() -> None:
    found = {"baseline/prior/accuracy": 0.5, "baseline/linear/accuracy": 0.93, "baseline/sampled": "5 of 9 training photos"}
    rows = dict(summary_rows({**RECORD, **found}, "x"))
    assert rows["accuracy on validation"].endswith("   (linear model 0.9300, class frequencies 0.5000)   (best possible: 0.9700)")
    assert rows["loss on validation"] == "0.3000"
    assert rows["baselines"] == "of a sample: 5 of 9 training photos"


def test_a_test_is_called_a_test() -> None:
    record = {name: value for name, value in RECORD.items() if not name.startswith("val/")}
    rows = dict(summary_rows({**record, "tests_on": "test", "test/accuracy": 0.8}, "x"))
    assert rows["accuracy on test"].startswith("0.8000")
    assert "measured on" not in rows
    assert "few examples" not in rows
    assert "leak" not in rows
    leaky = dict(summary_rows({**record, "tests_on": "test", "test/accuracy": 0.8, "data/leaked/test": 2}, "x"))
    assert leaky["leak"] == "2 test examples that measure this result occur in another split, too"


def test_how_little_few_examples_tell_is_said() -> None:
    rows = dict(summary_rows(RECORD, "x"))
    assert rows["few examples"] == "9 examples measure this result: chance alone may move it far, an accuracy by .17"
    assert "few examples" not in dict(summary_rows({**RECORD, "data/valid": 50}, "x"))
    one = dict(summary_rows({**RECORD, "data/valid": 1}, "x"))
    assert one["few examples"].startswith("1 example measures this result: chance alone may move it far, an accuracy by .50")


@pytest.mark.parametrize("value", [None, float("nan")])
def test_a_metric_that_is_not_defined_is_said(value: float | None) -> None:
    assert dict(summary_rows({**RECORD, "val/auroc/kept": value}, "x"))["auroc on validation"] == "not defined"


def test_transfer_learning_is_advised_only_where_pretrained_weights_exist(capsys: pytest.CaptureFixture[str]) -> None:
    table = EntityEmbeddingModel({"shop": ["a", "b", "c"]}, classes=["no", "yes"])
    photos = ImageClassifier(["no", "yes"], backbone="test_resnet", weights="random")
    assert could_transfer(photos, RECORD)
    assert not could_transfer(photos, {**RECORD, "weights/pretrained": True})
    assert not could_transfer(table, RECORD)
    print_summary(RECORD, Path("runs/x"), table)
    assert FROM_SCRATCH not in capsys.readouterr().out
    print_summary(RECORD, Path("runs/x"), photos)
    assert FROM_SCRATCH in capsys.readouterr().out


def test_names_with_brackets_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    print_summary({**RECORD, "data/source": "photos [old]/[/b]"}, Path("runs/[v1]"), None)
    printed = capsys.readouterr().out
    assert "photos [old]/[/b] (24 train" in printed
    assert "runs/[v1]/report.html" in printed


def test_printed_at_the_end_of_a_run_on_photos(trained: Path) -> None:
    printed = (trained / "stdout.txt").read_text(encoding="utf-8")
    assert "accuracy on validation" in printed
    assert FROM_SCRATCH in printed


def test_texts_are_not_told_to_transfer(texts: Path) -> None:
    assert not could_transfer(TextClassifier(["no", "yes"], ["xxunk", "xxpad", "good"]), RECORD)
    assert FROM_SCRATCH not in (texts / "vectors.txt").read_text(encoding="utf-8")


def test_recommenders_are_not_told_to_transfer(rated: Path) -> None:
    assert FROM_SCRATCH not in (rated / "stdout.txt").read_text(encoding="utf-8")
