"""The confusion matrix of a test."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from practicum.callbacks import ConfusionMatrix, PerClass, TopLosses
from practicum.callbacks.figures.classification.confusion_matrix import draw_confusion_matrix, most_confused
from practicum.lightning_shim import MisconfigurationException, Trainer

COUNTS = np.array([[5, 1, 0], [3, 4, 2], [0, 0, 6]])
NAMES = ["ant", "bee", "wasp"]


def test_pairs_are_listed_by_count() -> None:
    assert most_confused(COUNTS, NAMES) == [("bee", "ant", 3), ("bee", "wasp", 2), ("ant", "bee", 1)]
    assert most_confused(np.diag([1, 2]), ["a", "b"]) == []


def test_the_figure_holds_counts_and_shares() -> None:
    axes, *_ = draw_confusion_matrix(COUNTS, NAMES).axes
    shares = np.asarray(axes.get_images()[0].get_array())
    assert shares == pytest.approx(COUNTS / COUNTS.sum(1, keepdims=True))
    assert [int(text.get_text()) for text in axes.texts] == COUNTS.flatten().tolist()
    assert axes.get_title() == "15 of 21 correct (71.4%)"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true")
    assert [label.get_text() for label in axes.get_yticklabels()] == NAMES


def test_of_many_classes_some_are_named() -> None:
    names = [f"a_class_{n}" for n in range(120)]
    axes, *_ = draw_confusion_matrix(np.diag([1] * 120), names).axes
    for axis in (axes.xaxis, axes.yaxis):
        assert [label.get_text() for label in axis.get_ticklabels()] == names[::3]
    axes.figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in axes.get_yticklabels()]
    assert not any(a.overlaps(b) for a, b in itertools.pairwise(boxes))


def test_counts_of_a_test(
    known_classifier: Any,
    known_photos: Any,
    make_trainer: Callable[..., Trainer],
    tmp_path: Path,
    rows_of: Callable[[Path], list[dict[str, str]]],
    is_png: Callable[[Path], bool],
) -> None:
    trainer = make_trainer(callbacks=[ConfusionMatrix(tmp_path)])
    for _ in range(2):  # a second test starts anew
        trainer.test(known_classifier(), known_photos, verbose=False)
        assert [tuple(row.items()) for row in rows_of(tmp_path / "confusion.csv")] == [
            (("true", "ant"), ("predicted", "bee"), ("count", "1")),
            (("true", "bee"), ("predicted", "ant"), ("count", "1")),
        ]
    assert is_png(tmp_path / "confusion.png")


def test_a_module_that_returns_something_else_is_told_what_is_needed(
    silent_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer]
) -> None:
    with pytest.raises(MisconfigurationException, match='ConfusionMatrix needs .*"logits"'):
        make_trainer(callbacks=[ConfusionMatrix()]).test(silent_classifier, known_photos, verbose=False)


@pytest.mark.parametrize(
    "names",
    [["<$50k", "50k_$75k", "$75k"], ["a" * 240, "b", "$x^{$"], ["caf\udce9", "고양이", "\\alpha"], ["{ant}", "{0}{", "%s"]],
)
def test_classes_of_any_name(
    known_classifier: Any,
    known_photos: Any,
    make_trainer: Callable[..., Trainer],
    tmp_path: Path,
    is_png: Callable[[Path], bool],
    names: list[str],
) -> None:
    class Named(known_classifier):  # type: ignore[misc]
        classes = names[:2]

    make_trainer(callbacks=[ConfusionMatrix(), PerClass(), TopLosses()]).test(Named(), known_photos, verbose=False)
    for name in ("confusion.png", "per_class.png", "top_losses.png"):
        assert is_png(tmp_path / "figures" / name)
    figure = draw_confusion_matrix(COUNTS, names)
    figure.draw_without_rendering()
    assert all(axis.get_position().width > 0.2 for axis in figure.axes[:1])


def test_short_names_leave_the_figure_its_size() -> None:
    assert draw_confusion_matrix(COUNTS, NAMES).get_size_inches().tolist() == pytest.approx([4.75, 3.95])
