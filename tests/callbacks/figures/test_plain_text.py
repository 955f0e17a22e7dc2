"""Text of figures: taken literally, shortened, and either drawn or named in the caption, without a flood of warnings."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from matplotlib.font_manager import fontManager
from practicum.callbacks.figures import plain_text
from practicum.callbacks.figures.canvas import new_figure, save_figure
from practicum.callbacks.figures.plain_text import PlainFigure, printable, shortened

MATHS = ["<$50k", "50k_$75k", "$x^{$", "$$", "$a_$", "\\alpha", "\\$", "$\\frac{$", "^_{}", "$50_k$", "%", "{", "_hidden"]


@pytest.fixture(autouse=True)
def no_font_has_hangul(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As on a machine without such a font, whatever is installed here."""
    remembered: tuple[Any, ...] = (plain_text._fonts, plain_text._family_for, plain_text._say_once)
    for each in remembered:
        each.cache_clear()
    shipped = [entry for entry in fontManager.ttflist if "mpl-data" in entry.fname]
    monkeypatch.setattr(plain_text.font_manager, "fontManager", SimpleNamespace(ttflist=shipped))
    yield
    for each in remembered:
        each.cache_clear()


def figure_with(names: list[str], log_scale: bool = False) -> PlainFigure:
    figure = new_figure(5, 5)
    axes = figure.add_subplot()
    axes.bar(range(len(names)), np.arange(len(names)) + 1)
    axes.set_xticks(range(len(names)), names)
    axes.set_title(names[0])
    axes.set_xlabel(names[-1])
    axes.text(0, 1, names[0])
    axes.plot([0], [1], label=f"of {names[0]}")
    axes.legend()
    if log_scale:
        axes.set_yscale("log")
    return figure


def texts(figure: PlainFigure) -> list[str]:
    (axes,) = figure.axes
    return [*(label.get_text() for label in axes.get_xticklabels()), axes.get_title(), axes.get_xlabel()]


@pytest.mark.parametrize("name", MATHS)
def test_nothing_is_a_formula(name: str, tmp_path: Path) -> None:
    figure = figure_with([name, "b", name])
    save_figure(figure, tmp_path / "a.png")
    assert texts(figure) == [name, "b", name, name, name]
    assert not figure.axes[0].title.get_parse_math()
    assert not any(label.get_parse_math() for label in figure.axes[0].get_xticklabels())


def test_powers_of_ten_stay_formulas(tmp_path: Path) -> None:
    figure = figure_with(["$50k", "$75k"], log_scale=True)
    save_figure(figure, tmp_path / "a.png")
    labels = figure.axes[0].get_yticklabels()
    assert all("mathdefault" in label.get_text() and label.get_parse_math() for label in labels)


def test_what_no_font_has_is_numbered_and_named_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    names = ["고양이 (0.9)", "plain", "犬 고양이: 犬, 犬"]
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")
        for _ in range(2):
            figure = figure_with(names)
            save_figure(figure, tmp_path / "a.png")
            save_figure(figure, tmp_path / "b.png")  # the same again
    assert texts(figure) == ["[1] (0.9)", "plain", "[2] [1]: [2], [2]", "[1] (0.9)", "[2] [1]: [2], [2]"]
    assert figure.caption == "[1] 고양이, [2] 犬"
    assert caplog.text.count("no installed font") == 1


def test_letters_that_a_font_has_are_drawn_in_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = next(entry for entry in fontManager.ttflist if entry.name == "DejaVu Serif" and entry.style == "normal")
    has = plain_text._has
    monkeypatch.setattr(plain_text, "_has", lambda path, each: (each == "고" and path == other.fname) or has(path, each))
    monkeypatch.setattr(plain_text, "_fonts", lambda: [(other.name, other.fname)])
    monkeypatch.setattr(plain_text, "_loads", lambda path, each: True)
    figure = figure_with(["고", "b"])
    figure.make_all_plain()
    assert texts(figure)[0] == "고"
    assert "DejaVu Serif" in figure.axes[0].title.get_fontfamily()
    assert figure.caption == ""


def test_usual_names_are_drawn_as_ever(tmp_path: Path) -> None:
    figure = figure_with(["Größe", "a b", "été"])
    save_figure(figure, tmp_path / "a.png")
    assert texts(figure) == ["Größe", "a b", "été", "Größe", "été"]
    assert figure.caption == ""


def test_what_is_no_text_is_escaped(tmp_path: Path) -> None:
    assert printable("caf\udce9 a\x00b\nc") == "caf\\udce9 a\\x00b\nc"
    assert printable("Größe, 고양이") == "Größe, 고양이"
    figure = figure_with(["caf\udce9", "a\x00b", "a\tb"])
    save_figure(figure, tmp_path / "a.png")
    assert texts(figure)[:2] == ["caf\\udce9", "a\\x00b"]


@pytest.mark.parametrize(("text", "short"), [("shop", "shop"), ("a\nb", "a b"), ("", ""), ("x" * 49, None)])
def test_long_names_keep_their_ends(text: str, short: Any) -> None:
    assert shortened(text) == (short if short is not None else f"{'x' * 31}…{'x' * 16}")
    assert shortened("begin" + "x" * 240 + "end", 20) == "beginxxxxxxxx…xxxend"
