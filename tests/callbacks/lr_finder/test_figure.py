"""What the figure and the CSV of range tests hold."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from practicum.callbacks import LRFinder
from practicum.callbacks.lr_finder.figure import curve_rows, draw_curves, panel_of, write_curves
from practicum.callbacks.lr_finder.suggestions import smooth, suggestions

LRS = [1e-6 * 10 ** (step / 10) for step in range(60)]
LOSSES = [2 - 1.5 / (1 + float(np.exp(-(step - 30) / 4))) + (0.2 * (step - 50) ** 2 if step > 50 else 0) for step in range(60)]


def range_test(epoch: int = 0, chosen: bool = True) -> dict[str, Any]:
    smoothed = smooth(LOSSES, 0.5)
    found = suggestions(LRS, smoothed, 60)
    return {
        "epoch": epoch,
        "lr": LRS,
        "loss": LOSSES,
        "smoothed": smoothed,
        "suggestions": found,
        "chosen": found["valley"] if chosen else None,
    }


def test_marks_lie_on_the_smoothed_curve_and_the_chosen_one_is_named() -> None:
    test = range_test(epoch=3)
    panel = panel_of(test, "valley", 60)
    assert panel.title == "range test at epoch 4"  # as logged: counted from 1
    assert (panel.lrs, panel.losses, panel.smoothed) == (LRS, LOSSES, test["smoothed"])
    assert {mark.name: mark.lr for mark in panel.marks} == test["suggestions"]
    assert [mark.name for mark in panel.marks if mark.chosen] == ["valley"]
    for mark in panel.marks:
        nearest = int(np.argmin(np.abs(np.log(np.array(LRS) / mark.lr))))
        assert mark.loss == test["smoothed"][nearest]


def test_limits_show_the_valley_and_cut_the_explosion() -> None:
    panel = panel_of(range_test(), "valley", 60)
    low, high = panel.limits
    assert low < min(panel.smoothed) < panel.smoothed[0] < high
    assert high < max(panel.losses)


def test_without_a_valley_the_whole_curve_is_shown() -> None:
    test = range_test(chosen=False)
    panel = panel_of(test, "valley", 60)
    assert panel.title.endswith("no valley")
    assert not any(mark.chosen for mark in panel.marks)
    assert panel.limits[0] < min(test["smoothed"])
    assert panel.limits[1] > max(test["smoothed"])


def test_rows_of_all_tests(tmp_path: Path) -> None:
    tests = [range_test(0), range_test(2)]
    rows = curve_rows(tests)
    assert [row[:2] for row in rows] == [(epoch, step) for epoch in (0, 2) for step in range(60)]
    assert rows[61][2:] == (LRS[1], LOSSES[1], tests[1]["smoothed"][1])
    write_curves(tests, tmp_path / "lr_find.csv")
    with open(tmp_path / "lr_find.csv", newline="", encoding="utf-8") as file:
        read = list(csv.DictReader(file))
    assert [float(row["loss"]) for row in read] == pytest.approx(LOSSES * 2)


def test_tests_lie_side_by_side(tmp_path: Path) -> None:
    draw_curves([panel_of(range_test(epoch), "valley", 60) for epoch in (0, 1)], tmp_path / "lr_find.png")
    with Image.open(tmp_path / "lr_find.png") as picture:
        assert picture.format == "PNG"
        assert picture.size[0] > 2 * picture.size[1]


def test_a_finder_plots_what_it_has_tested() -> None:
    finder = LRFinder(steps=60)
    finder.tests = [range_test(0), range_test(3)]
    assert [axes.get_title() for axes in finder.plot().axes] == ["range test at epoch 1", "range test at epoch 4"]
