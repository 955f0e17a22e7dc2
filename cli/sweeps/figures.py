"""Figures of a sweep as SVG for the page: each swept value against the metric, and all of them together.

Their colours are those of the reader's screen, light or dark (:func:`.themed_svg`); each is narrow enough for a telephone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from practicum.callbacks.figures.canvas import BLUE, GRID, INK, ORANGE, PAPER, new_figure, themed_svg
from practicum.callbacks.figures.four_digits import four_digits
from practicum.callbacks.figures.log_axis import label_log_axis
from practicum.callbacks.figures.plain_text import PlainFigure, printable

from .rows import RunRow, best_run, shortened, swept, value_of

_LOG_FROM = 30  # largest / smallest value from which an axis is logarithmic
_LABELS = 12  # as many categories are named; more would overlap
_MARKS = 6  # as many different numbers are named along an axis
_APART = 0.07  # of labels, as shares of an axis
_NAME = 16  # characters of a category that fit


class SweepFigure(NamedTuple):
    """A figure of the page: how it is read, what is seen in words, and its drawing."""

    title: str
    caption: str
    alt: str
    svg: str


class _Scale(NamedTuple):
    """Values of a setting as places on an axis."""

    places: list[float]
    labels: list[str] | None  # of categories
    logarithmic: bool


def scale_of(values: Sequence[Any]) -> _Scale:
    """Place values on an axis: numbers by their size, their logarithm where they span much, anything else one after another.

    Args:
        values: As they were typed.
    """
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError):
        names = list(dict.fromkeys(str(value) for value in values))
        return _Scale([float(names.index(str(value))) for value in values], names, False)
    finite = all(math.isfinite(number) for number in numbers)
    return _Scale(numbers, None, finite and min(numbers) > 0 and max(numbers) / min(numbers) >= _LOG_FROM)


def sweep_figures(rows: Sequence[RunRow], metric: str | None, lower: bool) -> list[SweepFigure]:
    """Draw a sweep.

    Args:
        rows: Its runs.
        metric: What runs are compared by.
        lower: Whether lower is better.

    Returns:
        One figure for each swept key, ``seed`` only where nothing else was swept, and one of all keys together where there are
        two or more. Empty where fewer than two runs have the metric.
    """
    measured = [row for row in rows if value_of(row, metric) is not None]
    if metric is None or len(measured) < 2:
        return []
    keys = [key for key in swept(measured) if key != "seed"] or swept(measured)
    best = best_run(measured, metric, lower)
    figures = [_against(measured, key, metric, best, lower) for key in keys]
    return figures if len(keys) < 2 else [*figures, _parallel(measured, keys, metric, best, lower)]


def _against(rows: Sequence[RunRow], key: str, metric: str, best: RunRow | None, lower: bool) -> SweepFigure:
    scale, reached = scale_of([row.settings.get(key, "") for row in rows]), [_value(row, metric) for row in rows]
    figure = new_figure(3.5, 2.7)
    axes = _axes(figure)
    axes.set_xlabel(key)
    axes.set_ylabel(metric)
    if scale.logarithmic:
        axes.set_xscale("log")
        label_log_axis(axes.xaxis, min(scale.places), max(scale.places))
    if scale.labels is not None:
        _name_places(axes, scale.labels)
    axes.scatter(scale.places, reached, s=26, color=BLUE, alpha=0.75, linewidths=0)
    means = {
        place: fmean(value for at, value in zip(scale.places, reached, strict=True) if at == place)
        for place in sorted(set(scale.places))
    }
    if len(means) < len(reached):
        axes.plot(list(means), list(means.values()), color=INK, linewidth=1, marker="_", markersize=14)
    here = next(place for place, row in zip(scale.places, rows, strict=True) if row is best)
    axes.scatter([here], [_value(best, metric)], s=70, facecolors="none", edgecolors=ORANGE, linewidths=2)
    where = best.settings.get(key) if best is not None else None
    line = " The line joins the means of runs with the same value." if len(means) < len(reached) else ""
    caption = f"{metric} of each finished run, {'lower' if lower else 'higher'} is better; the ring is the best run.{line}"
    low, high = four_digits(min(reached)), four_digits(max(reached))
    alt = f"{len(rows)} runs: {metric} from {low} to {high}, best at {key}={shortened(where)}"
    return SweepFigure(f"{key}", caption, printable(alt), themed_svg(figure))


def _parallel(rows: Sequence[RunRow], keys: Sequence[str], metric: str, best: RunRow | None, lower: bool) -> SweepFigure:
    """Parallel coordinates: an axis for each swept key and for the metric, a line for each run."""
    columns = {key: scale_of([row.settings.get(key, "") for row in rows]) for key in keys}
    reached = [_value(row, metric) for row in rows]
    columns[metric] = _Scale(reached, None, False)
    heights = [_heights(each) for each in columns.values()]
    figure = new_figure(1.1 * len(columns) + 0.3, 3.0)
    axes = _axes(figure)
    axes.set_axis_off()
    axes.set_xlim(-0.3, len(columns) - 0.5)
    axes.set_ylim(-0.16, 1.12)
    shade = Normalize(min(reached), max(reached) if max(reached) > min(reached) else min(reached) + 1)
    order = sorted(range(len(rows)), key=lambda index: reached[index], reverse=lower)  # the best ones on top
    for index in order:
        good = 1 - float(shade(reached[index])) if lower else float(shade(reached[index]))
        is_best = rows[index] is best
        axes.plot(
            range(len(columns)),
            [each[index] for each in heights],
            color=ORANGE if is_best else BLUE,
            alpha=1 if is_best else 0.35 + 0.45 * good,
            linewidth=2.4 if is_best else 1.3,
        )
    for place, (key, scale) in enumerate(columns.items()):
        axes.plot([place, place], [0, 1], color=INK, linewidth=1)
        axes.text(place, -0.13, _short(key.rpartition(".")[2] if key != metric else key, 20), ha="center", color=INK, fontsize=8)
        for height, label in _marks(scale):
            ground = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.5, "alpha": 0.6}
            axes.text(place + 0.06, height, label, va="center", color=INK, fontsize=7.5, bbox=ground)
    caption = (
        f"A line is a run: where it crosses an axis is its value there; the stronger, the better by {metric}, the orange one is "
        "the best. Lines that end well and cross an axis in one place show what matters."
    )
    alt = f"Parallel coordinates of {', '.join(keys)} and {metric} for {len(rows)} runs"
    return SweepFigure("All settings together", caption, printable(alt), themed_svg(figure))


def _heights(scale: _Scale) -> list[float]:
    """Places on an axis from 0 to 1."""
    places = [math.log(each) for each in scale.places] if scale.logarithmic else scale.places
    low, high = min(places), max(places)
    return [0.5 if high == low else (each - low) / (high - low) for each in places]


def _marks(scale: _Scale) -> list[tuple[float, str]]:
    """Heights and labels along an axis: categories, or the ends of numbers and those between that have room."""
    pairs = dict(zip(_heights(scale), scale.places, strict=True))
    if scale.labels is not None and len(scale.labels) <= _LABELS:
        return [(height, _short(scale.labels[int(place)], 10)) for height, place in pairs.items()]
    ends = {min(pairs), max(pairs)}
    shown: list[float] = []
    for height in sorted(pairs if len(pairs) <= _MARKS else ends):
        if height in ends or all(abs(height - other) >= _APART for other in (*shown, *ends)):
            shown.append(height)
    return [(height, f"{pairs[height]:.3g}") for height in shown]


def _axes(figure: PlainFigure) -> Axes:
    axes = figure.add_subplot()
    axes.tick_params(labelsize=8)
    axes.xaxis.label.set_fontsize(9)
    axes.yaxis.label.set_fontsize(9)
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def _name_places(axes: Axes, labels: Sequence[str]) -> None:
    every = math.ceil(len(labels) / _LABELS)
    shown = range(0, len(labels), every)
    long = sum(min(_NAME, len(labels[place])) for place in shown) > 34
    axes.set_xticks(
        list(shown),
        [_short(labels[place], _NAME) for place in shown],
        rotation=30 if long else 0,
        ha="right" if long else "center",
    )
    axes.set_xlim(-0.5, len(labels) - 0.5)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _value(row: RunRow | None, metric: str) -> float:
    value = None if row is None else value_of(row, metric)
    assert value is not None
    return value
