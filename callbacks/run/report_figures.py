"""The figures, tables and lists of a run as its page shows them: in sections, in order, with what each says of itself."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from ..figures.canvas import css_pixels, data_url
from ..figures.figure_callback import FAILED
from ..figures.page_table import PageTable, read_tables

_SECTIONS = {  # stems of files, in the order of the page; embeddings_* and the like by their beginning
    "Training": ("curves", "lr_find", "schedule"),
    "Quality": ("predicted_true", "residuals", "error_by", "confusion", "per_class", "calibration", "long_tail"),
    "Mistakes": ("top_losses", "most_wrong", "grad_cam", "tta"),
    "What the model has learnt": ("samples", "person", "importance", "item_biases", "nearest_words", "embeddings"),
    "Data": ("example_batch", "augmentation"),
}
_OTHERS = "More"
_SUFFIXED = ("embeddings_", "error_by_")  # one of a column each
_KINDS = (".png", ".svg", ".json", ".txt", ".csv")  # of files that callbacks write there


class ReportFigure(NamedTuple):
    """A figure, tables or a list on the page.

    Attributes:
        title: Its heading.
        image: The ``src`` of the figure; empty for tables and lists.
        text: Of a list.
        caption: How it is read, and what to do about it.
        alt: What is seen in the figure.
        size: Of the figure, in CSS pixels.
        tables: In place of a figure.
        stem: Of its file.
    """

    title: str
    image: str
    text: str
    caption: str = ""
    alt: str = ""
    size: tuple[int, int] | None = None
    tables: Sequence[PageTable] = ()
    stem: str = ""

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return "figure-" + re.sub(r"\W+", "-", self.stem or self.title)


def report_figures(paths: Iterable[Path]) -> list[ReportFigure]:
    """Read figures (``.png``, with an ``.svg`` beside), tables (``.json``) and lists (``.txt``), in the page's order.

    A PNG's own ``Title``, ``Comment`` and ``Description`` are its title, caption and alternative text, where it has them. Tables
    take the place of a list of the same name. Other files are left out.

    Args:
        paths: Files of a run's figures folder.
    """
    found: dict[str, ReportFigure] = {}
    for path in sorted(paths, key=lambda path: path.suffix):  # .json before .txt
        title = path.stem[:1].upper() + path.stem[1:].replace("_", " ")
        if path.suffix == ".png":
            found[path.stem] = _figure(path, title)
        elif path.suffix == ".json" and (sheet := read_tables(path)) is not None:
            found[path.stem] = ReportFigure(sheet.title, "", "", sheet.caption, tables=sheet.tables, stem=path.stem)
        elif path.suffix == ".txt" and path.stem not in found:
            text = path.read_text(encoding="utf-8", errors="replace")
            found[path.stem] = ReportFigure(title, "", text, stem=path.stem)
    order = [stem for stems in _SECTIONS.values() for stem in stems]
    return sorted(found.values(), key=lambda each: (_place(each.stem, order), each.stem))


def remove_figures(folder: Path) -> None:
    """Remove figures, tables and lists that an earlier run has left; files of other names stay.

    Args:
        folder: The run's folder of figures, which need not be there.
    """
    order = [stem for stems in _SECTIONS.values() for stem in stems]
    for path in folder.glob("*.*"):
        ours = path.stem in order or path.stem.startswith(_SUFFIXED)
        if path.name == FAILED or (path.suffix in _KINDS and ours):
            path.unlink()


def _place(stem: str, order: Sequence[str]) -> int:
    return next((place for place, name in enumerate(order) if stem == name or stem.startswith(f"{name}_")), len(order))


def sections(figures: Iterable[ReportFigure]) -> dict[str, list[ReportFigure]]:
    """Group figures by what they tell about; sections without any are left out."""
    found: dict[str, list[ReportFigure]] = {title: [] for title in (*_SECTIONS, _OTHERS)}
    for each in figures:
        title = next((title for title, stems in _SECTIONS.items() if _place(each.stem, stems) < len(stems)), _OTHERS)
        found[title].append(each)
    return {title: held for title, held in found.items() if held}


def _figure(path: Path, title: str) -> ReportFigure:
    try:
        with Image.open(path) as picture:
            said, size = dict(getattr(picture, "text", {})), (css_pixels(picture.width), css_pixels(picture.height))
    except (OSError, ValueError, SyntaxError):  # no PNG, or a damaged one: it is shown as it is
        said, size = {}, None
    svg = path.with_suffix(".svg")
    if svg.is_file():
        image = data_url(svg.read_text(encoding="utf-8"))
    else:  # drawn by somebody else
        image = f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"
    title = said.get("Title", title)
    return ReportFigure(title, image, "", said.get("Comment", ""), said.get("Description", title), size, stem=path.stem)
