"""Scatter plots with names beside their points, none on top of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.transforms import Bbox
from torch import Tensor

from .canvas import GRID, PAPER, SOFT
from .plain_text import PlainFigure, shortened

_LONGEST = 28  # characters of a name
_GAP = 2  # pixels between names side by side
_WIDER = 0.07  # on each side of a name, as a browser's letters are wider than those measured
_DOT = 3  # pixels of a point's radius
CROWD = 300  # points from which on those without a name are drawn pale: else nobody sees whose a name is


def labelled_scatter(axes: Axes, points: Tensor, names: Sequence[str], colour: Any) -> dict[int, Bbox]:
    """Draw points, and the names of as many as fit; those farthest from the mean come first.

    A name is tried in four places beside its point, towards the centre of the plot first. One that would overlap others in each
    of them, or leave the plot, is left out. Of many points in one colour those without a name are pale.

    Args:
        axes: Of a figure from :func:`.new_figure`.
        points: ``[N, 2]``.
        names: ``N``; empty for a point without a name.
        colour: One for all points, or numbers ``[N]`` for a colour map. Of many points it is that of the named ones.

    Returns:
        Where names stand, in pixels, by row of ``points``.
    """
    axes.grid(color=GRID)
    axes.set_axisbelow(True)
    crowded = isinstance(colour, str) and len(points) > CROWD
    axes.scatter(
        points[:, 0].numpy(),
        points[:, 1].numpy(),
        s=14 if isinstance(colour, str) else 40,
        c=SOFT if crowded else colour,
        alpha=0.4 if crowded else 1,
        cmap=None if isinstance(colour, str) else "cool",
    )
    axes.margins(0.08)
    canvas: Any = axes.figure.canvas
    canvas.figure.draw_without_rendering()  # positions are known only then
    renderer = canvas.get_renderer()
    taken: dict[int, Bbox] = {}
    dots = {row: axes.transData.transform(points[row].tolist()) for row, name in enumerate(names) if name}
    frame = axes.get_window_extent(renderer)
    centre = float(points[:, 0].mean())
    for row in (points - points.mean(0)).norm(dim=1).argsort(descending=True).tolist():
        if not names[row]:
            continue
        x, y = points[row].tolist()
        sides = ("right", "left") if x > centre else ("left", "right")
        for side, up in ((side, up) for side in sides for up in (4, -11)):
            offset = (-4 if side == "right" else 4, up)
            label = axes.annotate(
                shortened(names[row], _LONGEST), (x, y), offset, textcoords="offset points", fontsize=8, ha=side
            )
            if isinstance(axes.figure, PlainFigure):
                axes.figure.make_plain(label)  # it is measured before the figure is drawn
            label.set_bbox({"facecolor": PAPER, "alpha": 0.6, "edgecolor": "none", "pad": 0.5})
            box = label.get_window_extent(renderer)
            gap = _GAP + _WIDER * box.width
            wide = Bbox.from_extents(box.x0 - gap, box.y0, box.x1 + gap, box.y1)
            inside = frame.x0 <= wide.x0 and wide.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
            free = not any(wide.overlaps(other) for other in taken.values())
            if inside and free and not any(wide.padded(_DOT).contains(*dot) for other, dot in dots.items() if other != row):
                taken[row] = box
                break
            label.remove()
    if crowded:
        named = list(taken)
        axes.scatter(points[named, 0].numpy(), points[named, 1].numpy(), s=14, c=colour, zorder=4)  # above the grounds of names
    return taken
