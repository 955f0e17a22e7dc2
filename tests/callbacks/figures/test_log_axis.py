"""Logarithmic axes: labels of decades, and of few of them round numbers, none on top of another."""

from __future__ import annotations

from itertools import pairwise

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from practicum.callbacks.figures.log_axis import label_log_axis


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (20, 300, ["20", "50", "100", "200"]),  # 30, 40, 60 ... would overlap
        (0.002, 0.005, ["0.002", "0.003", "0.004", "0.005"]),  # no decade in it
        (1, 99, ["1", "2", "5", "10", "20", "50"]),
        (1e-7, 10, None),  # powers of ten, as matplotlib writes them
    ],
)
def test_labels_have_room(low: float, high: float, expected: list[str] | None) -> None:
    figure = Figure(figsize=(3.5, 2.7))
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.plot([low, high], [0, 1])
    axes.set_xscale("log")
    label_log_axis(axes.xaxis, low, high)
    canvas.draw()
    labels = [each for each in axes.get_xticklabels() if each.get_text() and low <= each.get_position()[0] <= high]
    if expected is not None:
        assert [each.get_text() for each in labels] == expected
    assert len(labels) >= 2
    boxes = [each.get_window_extent(canvas.get_renderer()) for each in labels]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    assert not any(each.get_text() for each in axes.get_xticklabels(minor=True))
