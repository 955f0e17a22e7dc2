"""How figures are made: without a display, in one style, with names as they are, and written atomically.

A figure is written twice: as PNG on white, with its title, alternative text and caption inside, and as SVG in the colours of the
reader's screen, light or dark, which the report shows. Both say the same.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from PIL import Image

from ..files.atomic_file import atomic_write
from .plain_text import PlainFigure, printable

INK, GRID, BLUE, ORANGE = "#222222", "#dddddd", "#3366cc", "#e07b39"
SOFT, PAPER = "#aab0bf", "#fefefe"  # what stands behind: bars, guides; the ground under a label
SHADES = LinearSegmentedColormap.from_list("shades", [f"{BLUE}00", f"{BLUE}ff"])  # from nothing to full, on any ground

_DARK = {INK: "#e8e8ee", GRID: "#3a3d4a", BLUE: "#7aa2ff", ORANGE: "#ffa05c", SOFT: "#5d6375", PAPER: "#16171c"}
_NAMES = {INK: "--ink", GRID: "--line", BLUE: "--accent", ORANGE: "--best", SOFT: "--back", PAPER: "--paper"}
_PX_PER_INCH = 96  # of CSS
_PNG_DPI = 120
_PHOTO = 85  # of WebP: photos on the page take a tenth of a PNG


def new_figure(width: float, height: float) -> PlainFigure:
    """Return an empty figure of ``width`` x ``height`` inches that belongs to no window and no global state.

    Text in it is drawn as it is: see :mod:`.plain_text`.
    """
    figure = PlainFigure(figsize=(width, height), dpi=_PNG_DPI, layout="constrained")
    FigureCanvasAgg(figure)  # so that text can be measured
    return figure


def save_figure(figure: Figure, path: Path, title: str | None = None, caption: str = "", alt: str = "") -> None:
    """Write a figure atomically, as PNG and, beside it, as SVG for the report.

    Args:
        figure: Of :func:`new_figure`.
        path: The PNG.
        title: Its heading in the report, in the file's ``Title``. Default: the report makes one of the file's name.
        caption: One sentence on how to read it and what to do about it, in the file's ``Comment``; what its font can't draw is
            added.
        alt: What is seen in it, with its numbers, for those who don't see it; in the file's ``Description``.
    """
    if isinstance(figure, PlainFigure):
        figure.make_all_plain()
        caption = " ".join(filter(None, (caption, figure.caption)))
    metadata = {"Title": title, "Description": alt, "Comment": caption}
    with atomic_write(path) as beside:
        figure.savefig(beside, format="png", metadata={key: printable(value) for key, value in metadata.items() if value})
    engine = figure.get_layout_engine()
    figure.set_layout_engine("none")  # everything has its place by now, and finding it takes half the time
    with atomic_write(path.with_suffix(".svg")) as beside:
        beside.write_text(themed_svg(figure), encoding="utf-8")
    figure.set_layout_engine(engine)


def save_text(text: str, path: Path) -> None:
    """Write a list as text atomically; bytes of file names that are no UTF-8 are escaped by :func:`.printable`."""
    with atomic_write(path) as beside:
        beside.write_text(printable(text) + "\n", encoding="utf-8")


def theme_css() -> str:
    """Colours of figures and pages as CSS variables, for light and for dark screens.

    Example:
        >>> from practicum.callbacks.figures.canvas import theme_css
        >>> theme_css().startswith(":root{--ink:#222222;")
        True
    """
    light = "".join(f"{name}:{colour};" for colour, name in _NAMES.items())
    dark = "".join(f"{name}:{_DARK[colour]};" for colour, name in _NAMES.items())
    return f":root{{{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}"


def themed_svg(figure: Figure) -> str:
    """Return a figure as SVG without a ground, in colours that follow the reader's screen; its text stays text.

    Args:
        figure: Its colours are those of this module; others stay as they are.
    """
    out = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "figure"}):
        no_date: Mapping[str, Any] = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(out, format="svg", transparent=True, metadata=no_date)
    svg = out.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.S)
    for colour, name in (*_NAMES.items(), ("#000000", "--ink")):  # black is matplotlib's own ink
        svg = svg.replace(colour, f"var({name})")
    svg = re.sub(r"data:image/png;base64,([A-Za-z0-9+/=\s]+)", _as_photo, svg)
    return svg.replace(">", f"><style>{theme_css()}text{{fill:var(--ink)}}</style>", 1)


def data_url(svg: str) -> str:
    """An SVG as the ``src`` of an ``<img>``, in which nothing runs and nothing is loaded."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def css_pixels(png_pixels: int) -> int:
    """Width or height on the page of a figure, by that of its PNG."""
    return round(png_pixels * _PX_PER_INCH / _PNG_DPI)


def _as_photo(match: re.Match[str]) -> str:
    """A picture within an SVG as WebP, where that is smaller."""
    png, out = base64.b64decode(match[1]), io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        picture.save(out, "WEBP", quality=_PHOTO)
    if len(out.getvalue()) >= len(png):
        return match[0]
    return f"data:image/webp;base64,{base64.b64encode(out.getvalue()).decode()}"
