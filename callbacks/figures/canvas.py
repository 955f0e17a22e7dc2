"""How figures are made: without a display, in one style, with names as they are, and written atomically."""

from __future__ import annotations

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..files.atomic_file import atomic_write
from .plain_text import PlainFigure, printable

INK, GRID, BLUE, ORANGE = "#222222", "#dddddd", "#3366cc", "#e07b39"


def new_figure(width: float, height: float) -> PlainFigure:
    """Return an empty figure of ``width`` x ``height`` inches that belongs to no window and no global state.

    Text in it is drawn as it is: see :mod:`.plain_text`.
    """
    figure = PlainFigure(figsize=(width, height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)  # so that text can be measured
    return figure


def save_figure(figure: Figure, path: Path, title: str | None = None) -> None:
    """Write a figure as PNG atomically.

    Args:
        figure: Of :func:`new_figure`. What its font can't draw stands in the file's ``Description``.
        path: The PNG.
        title: The file's ``Title``, by which the report names it. Default: the report makes one of the file's name.
    """
    caption = ""
    if isinstance(figure, PlainFigure):
        figure.make_all_plain()
        caption = figure.caption
    metadata = {"Title": title, "Description": caption}
    with atomic_write(path) as beside:
        figure.savefig(beside, format="png", metadata={key: printable(value) for key, value in metadata.items() if value})


def save_text(text: str, path: Path) -> None:
    """Write a list as text atomically; bytes of file names that are no UTF-8 are escaped by :func:`.printable`."""
    with atomic_write(path) as beside:
        beside.write_text(printable(text) + "\n", encoding="utf-8")
