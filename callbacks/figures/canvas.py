"""How figures are made: without a display, in one style, and written atomically."""

from __future__ import annotations

import os
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from practicum.lightning_shim import Trainer

from ..run.atomic_file import atomic_write

INK, GRID, BLUE, ORANGE = "#222222", "#dddddd", "#3366cc", "#e07b39"


def output_path(trainer: Trainer, folder: str | os.PathLike[str], name: str) -> Path:
    """Return the path of a file that a callback writes.

    Args:
        trainer: Its ``default_root_dir`` is what a relative folder is relative to.
        folder: Where the file goes; an absolute path stays as it is.
        name: The file's name.
    """
    return Path(trainer.default_root_dir) / folder / name


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of ``width`` x ``height`` inches that belongs to no window and no global state."""
    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)  # so that text can be measured
    return figure


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG atomically."""
    with atomic_write(path) as beside:
        figure.savefig(beside, format="png")
