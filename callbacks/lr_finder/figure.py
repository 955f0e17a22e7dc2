"""The figure and the CSV of range tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from ..figures.canvas import BLUE, GRID, INK, ORANGE, SOFT, new_figure, save_figure
from ..figures.log_axis import label_log_axis
from ..files.atomic_file import write_csv
from .suggestions import readable_part


class Mark(NamedTuple):
    """A suggested rate on the curve."""

    name: str
    lr: float
    loss: float  # of the smoothed curve
    chosen: bool


class Panel(NamedTuple):
    """What the figure shows of one test."""

    title: str
    lrs: list[float]
    losses: list[float]
    smoothed: list[float]
    marks: list[Mark]
    limits: tuple[float, float]  # of the loss's axis


def curve_rows(tests: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Return the rows of ``lr_find.csv``: epoch, step, rate, loss and smoothed loss."""
    return [
        (test["epoch"], step, *row)
        for test in tests
        for step, row in enumerate(zip(test["lr"], test["loss"], test["smoothed"], strict=True))
    ]


def panel_of(test: dict[str, Any], suggest: str, steps: int) -> Panel:
    """Return what the figure shows of a test.

    Args:
        test: One of :attr:`.LRFinder.tests`.
        suggest: The rule whose rate is taken.
        steps: Steps of a whole test.
    """
    lrs, smoothed = test["lr"], test["smoothed"]
    marks = [
        Mark(name, lr, _loss_at(lr, lrs, smoothed), name == suggest and test["chosen"] is not None)
        for name, lr in test["suggestions"].items()
    ]
    shown = readable_part(lrs, smoothed, steps)[1] or smoothed
    if test["chosen"] is None:  # then the whole curve shows why
        low, high, above = min(smoothed), max(smoothed), 1
    else:
        low, high, above = min(shown), max(shown[0], smoothed[0]), 3
    margin = 0.25 * max(high - low, 1e-3 * abs(high), 1e-12)
    title = f"range test at epoch {test['epoch'] + 1}" + ("" if test["chosen"] is not None else ": no valley")
    return Panel(title, lrs, test["loss"], smoothed, marks, (low - margin, high + above * margin))


def write_curves(tests: Sequence[dict[str, Any]], path: Path) -> None:
    """Write the curves of all tests as a CSV."""
    write_csv(path, ("epoch", "step", "lr", "loss", "smoothed"), curve_rows(tests))


_CAPTION = (
    "The rate to take lies where the smoothed loss falls, well before it rises again; where the curve never falls, the rates "
    "tried are too high or too low: widen the range."
)


def _in_words(rule: str) -> str:
    """A rule's name; that of ``minimum`` would be read as the curve's."""
    return "a tenth of the minimum" if rule == "minimum" else rule


def describe_panels(panels: Sequence[Panel]) -> str:
    """Say in words what :func:`draw_curves` shows."""
    return " ".join(
        f"{panel.title.capitalize()}: rates from {panel.lrs[0]:.2g} to {panel.lrs[-1]:.2g}, smoothed loss between "
        f"{min(panel.smoothed):.4g} and {max(panel.smoothed):.4g}; "
        + ", ".join(f"{_in_words(mark.name)} at {mark.lr:.2g}{' (chosen)' if mark.chosen else ''}" for mark in panel.marks)
        + "."
        for panel in panels
    )


def draw_curves(panels: Sequence[Panel], path: Path | None, log_scale: bool = True) -> Figure:
    """Draw tests side by side.

    Args:
        panels: One for each test.
        path: The PNG; ``None``: none is written.
        log_scale: Whether the rate's axis is logarithmic.
    """
    figure = new_figure(max(6.2, 5 * len(panels)), 3.9)
    for number, panel in enumerate(panels, 1):
        axes = figure.add_subplot(1, len(panels), number)
        axes.plot(panel.lrs, panel.losses, color=SOFT, linewidth=1, label="loss of each step")
        axes.plot(panel.lrs, panel.smoothed, color=BLUE, linewidth=2, label="smoothed")
        for marker, mark in zip("osDv", panel.marks, strict=False):
            color, size = (ORANGE, 9) if mark.chosen else (INK, 5)
            label = f"{_in_words(mark.name)} {mark.lr:.2g}" + (" (chosen)" if mark.chosen else "")
            axes.plot(mark.lr, mark.loss, marker, color=color, markersize=size, label=label, zorder=3)
        if log_scale:
            axes.set_xscale("log")
            label_log_axis(axes.xaxis, min(panel.lrs), max(panel.lrs))
        axes.set_ylim(*panel.limits)
        axes.set_title(panel.title)
        axes.set_xlabel("learning rate")
        axes.set_ylabel("loss")
        axes.grid(color=GRID)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=8)
    if path is not None:
        save_figure(figure, path, "Learning-rate range test", _CAPTION, describe_panels(panels))
    return figure


def _loss_at(lr: float, lrs: Sequence[float], losses: Sequence[float]) -> float:
    return losses[min(range(len(lrs)), key=lambda i: abs(math.log(lrs[i] / lr)))]
