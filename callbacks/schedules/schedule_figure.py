"""The figure of a schedule: what was planned and what the optimizer was given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..figures.canvas import BLUE, GRID, ORANGE, new_figure, save_figure

_CAPTION = (
    "The line is what the schedule plans, the dots what the optimizer was given: they should agree; if training's loss rose or "
    "jumped in epochs in which the rate was high, lower optimizer.lr."
)
_PLANNED_POINTS = 1000
_ACTUAL_POINTS = 60
_TURNS = 6  # that are told one by one in words


class Curve(NamedTuple):
    """One panel: a quantity by optimizer step."""

    name: str
    steps: list[int]
    planned: list[float]
    actual: list[tuple[int, float | None]]  # step and value


def schedule_curves(
    lr: Callable[[int], float],
    momentum: Callable[[int], float | None],
    history: Sequence[tuple[int, float, float | None]],
    last: int = 1,
) -> list[Curve]:
    """Return the curves of the figure.

    Args:
        lr: The planned rate of a step.
        momentum: The planned momentum of a step; ``None`` where the schedule leaves it alone.
        history: Step, rate and momentum as they were, in order.
        last: Step of the end, where there is no history.

    Returns:
        The curve of the rate, and where the schedule sets it that of momentum; both up to the last recorded step.
    """
    last = max(history[-1][0] if history else last, 1)
    steps = sorted({round(last * i / _PLANNED_POINTS) for i in range(_PLANNED_POINTS + 1)})
    marks = history[:: max(1, len(history) // _ACTUAL_POINTS)]
    curves = [Curve("learning rate", steps, [lr(step) for step in steps], [(each[0], each[1]) for each in marks])]
    momenta = [momentum(step) for step in steps]
    if momenta[0] is not None:
        planned = [each for each in momenta if each is not None]
        curves.append(Curve("momentum", steps, planned, [(each[0], each[2]) for each in marks]))
    return curves


def describe_schedule(curves: Sequence[Curve], title: str, planned: int | None = None) -> str:
    """Say in words what :func:`draw_schedule` shows, which takes the same arguments.

    Example:
        >>> from practicum.callbacks.schedules.schedule_figure import Curve, describe_schedule
        >>> describe_schedule([Curve("learning rate", [0, 1, 2], [0.1, 1.0, 0.0], [(0, 0.1)])], "OneCycle")
        'OneCycle over 3 steps: learning rate from 0.1, up to 1 at step 1, down to 0 at step 2.'
        >>> describe_schedule([Curve("learning rate", [0, 1], [0.1, 1.0], [(0, 0.1)])], "OneCycle", 9)
        'OneCycle over 2 of 9 planned steps: learning rate from 0.1, up to 1 at step 1.'
    """
    courses = "; ".join(f"{name} {_course(steps, values)}" for name, steps, values, _ in curves)
    taken = curves[0].steps[-1] + 1
    length = f"{taken:,} steps" if planned is None else f"{taken:,} of {planned:,} planned steps"
    return f"{title} over {length}: {courses}."


def _course(steps: Sequence[int], planned: Sequence[float]) -> str:
    """A curve from turn to turn; of many turns the first ones and their number."""
    turns = _turns(planned)
    ends = [0, *turns[:_TURNS], *([] if len(turns) > _TURNS else [len(planned) - 1])]
    legs = [
        f"{'up' if planned[end] > planned[begin] else 'down'} to {planned[end]:.3g} at step {steps[end]:,}"
        for begin, end in pairwise(ends)
        if planned[end] != planned[begin]
    ]
    more = [f"and so on, {len(turns)} turns in all, to {planned[-1]:.3g}"] if len(turns) > _TURNS else []
    return ", ".join([f"from {planned[0]:.3g}", *legs, *more]) if legs else f"{planned[0]:.3g} throughout"


def _turns(values: Sequence[float]) -> list[int]:
    """Places after which a curve that rose falls, or one that fell rises."""
    turns, before = [], 0
    for place, (one, other) in enumerate(pairwise(values)):
        way = (other > one) - (other < one)
        if before * way < 0:
            turns.append(place)
        before = way or before
    return turns


def draw_schedule(curves: Sequence[Curve], title: str, path: Path | None, planned: int | None = None) -> Figure:
    """Draw curves side by side.

    Args:
        curves: Of :func:`schedule_curves`.
        title: Name of the schedule.
        path: The PNG; ``None``: none is written.
        planned: Steps of the training as it was planned, where it ended before.
    """
    figure = new_figure(4.4 * len(curves) + 1.2, 3.2)
    for number, curve in enumerate(curves, 1):
        axes = figure.add_subplot(1, len(curves), number)
        axes.plot(curve.steps, curve.planned, color=BLUE, label="planned", linewidth=1.5)
        if curve.actual:
            axes.plot(*zip(*curve.actual, strict=True), ".", color=ORANGE, label="actual", markersize=5)
        axes.set_title(f"{curve.name} by step ({title})")
        axes.set_xlabel("optimizer step")
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
        axes.set_ylim(bottom=0 if curve.name == "learning rate" else None)
        axes.grid(color=GRID)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
    if path is not None:
        heading, taken = " and ".join(each.name for each in curves).capitalize(), curves[0].steps[-1] + 1
        early = "" if planned is None else f" The training ended after {taken:,} of {planned:,} planned steps."
        save_figure(figure, path, heading, _CAPTION + early, describe_schedule(curves, title, planned))
    return figure
