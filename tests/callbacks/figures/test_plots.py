"""Figures at hand: what a callback has drawn, as a figure that a notebook shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from practicum.callbacks import SGDR, ConfusionMatrix, LRFinder, TopTexts
from practicum.callbacks.figures.canvas import new_figure
from practicum.callbacks.figures.figure_callback import FigureCallback
from practicum.lightning_shim import MisconfigurationException


def test_a_figure_that_is_written_is_kept_by_the_name_of_its_file(tmp_path: Path) -> None:
    first, second = new_figure(2, 1), new_figure(2, 1)
    drawing, other = FigureCallback(), FigureCallback()
    with pytest.raises(MisconfigurationException, match=r"^FigureCallback: nothing is drawn yet; plot\(\) shows what a fit or"):
        drawing.plot()
    drawing.write_figure(first, tmp_path / "one.png")
    assert drawing.plot() is drawing.plot("one") is first
    assert (tmp_path / "one.png").is_file()
    drawing.write_figure(second, tmp_path / "two.png")
    assert drawing.plot("two") is second
    with pytest.raises(MisconfigurationException, match=r"there are several figures; plot\(name\) with one of one, two\."):
        drawing.plot()
    with pytest.raises(MisconfigurationException, match="there is no figure three; there is one, two"):
        drawing.plot("three")
    with pytest.raises(MisconfigurationException, match="nothing is drawn yet"):
        other.plot()


def test_a_list_is_kept_as_it_is_written(tmp_path: Path) -> None:
    listing = TopTexts()
    with pytest.raises(MisconfigurationException, match="TopTexts: nothing is listed yet"):
        _ = listing.text
    listing.write_list("predicted neg", tmp_path / "top.txt")
    assert (listing.text, (tmp_path / "top.txt").read_text(encoding="utf-8")) == ("predicted neg", "predicted neg\n")


def test_a_figure_shows_itself_in_a_notebook() -> None:
    assert new_figure(1, 1)._repr_png_()[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("callback", [ConfusionMatrix(), LRFinder(), SGDR()])
def test_before_a_run_there_is_nothing_to_plot(callback: ConfusionMatrix | LRFinder | SGDR) -> None:
    with pytest.raises(MisconfigurationException, match=rf"^{type(callback).__name__}: nothing is drawn yet"):
        callback.plot()
