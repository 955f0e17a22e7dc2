"""How pictures are made here: without a display, in one style, written whole or not at all."""

from __future__ import annotations

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..run.atomic_file import atomic_write

INK, GRID, BLUE, ORANGE = "#222222", "#dddddd", "#3366cc", "#e07b39"


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of ``width`` x ``height`` inches that belongs to no window and no global state."""
    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)  # so that the size of a text can be asked for
    return figure


def save_figure(figure: Figure, path: Path) -> None:
    """Write a PNG, whole or not at all."""
    with atomic_write(path) as beside:
        figure.savefig(beside, format="png")
