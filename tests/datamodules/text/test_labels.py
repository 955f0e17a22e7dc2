"""Classes are those of the training texts."""

from __future__ import annotations

import numpy as np
import pytest
from practicum.datamodules.text.labels import class_names
from practicum.datamodules.text.token_cache import TokenSplit
from practicum.lightning_shim import MisconfigurationException


def texts(*labels: str | None) -> TokenSplit:
    return TokenSplit(np.zeros(0), np.zeros(1), list(labels), [f"{number}.txt" for number in range(len(labels))])


def test_classes_are_sorted_and_those_of_training() -> None:
    assert class_names({"train": texts("b", "a", "b"), "valid": texts("a")}, "root") == ["a", "b"]


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ({"train": texts("a", "a")}, r"root: found only one class \(a\)"),
        ({"train": texts(None)}, "root: found no labelled text"),
        ({"train": texts("a", "b"), "test": texts("a", "c")}, r"1.txt: its label 'c' does not occur in training \(a, b\)"),
        ({"train": texts("a", "b"), "valid": texts(None)}, "0.txt: its label None does not occur in training"),
    ],
)
def test_errors_say_what_is_wrong(splits: dict[str, TokenSplit], message: str) -> None:
    with pytest.raises(MisconfigurationException, match=message):
        class_names(splits, "root")


def test_a_mark_for_missing_labels_is_said(caplog: pytest.LogCaptureFixture) -> None:
    assert class_names({"train": texts("pos", "NaN")}, "marks.csv") == ["NaN", "pos"]
    assert "marks.csv: 'NaN' is a class; if it means that a label is missing, leave the cell empty." in caplog.text
    caplog.clear()
    class_names({"train": texts("pos", "neg")}, "marks.csv")
    assert not caplog.text
