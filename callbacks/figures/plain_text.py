"""Text of figures as it is: no mathematics in ``$50k``, no boxes in place of letters that the font lacks.

**What it does.** Before a figure is drawn, every text in it that does not come from matplotlib's own tick formatters is taken
literally. Letters that matplotlib's font lacks are drawn in another installed font that has them; where none has, the word is
numbered, ``[1]``, and stands in the figure's caption.

**Why.** matplotlib reads ``$...$`` as a formula, and ends a program with a parser's error where it isn't one; of each letter that
it can't draw it warns, and draws a box.
"""

from __future__ import annotations

import functools
import io
import logging
import re
import unicodedata
import warnings
from typing import Any

from matplotlib import font_manager
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, FuncFormatter

log = logging.getLogger(__name__)

# Fonts of many scripts, tried first; "Last Resort", which draws boxes, never.
_BROAD = ("Noto Sans", "Source Han", "WenQuanYi", "Droid Sans Fallback", "Hiragino", "Malgun", "YaHei", "Arial Unicode")
_BOXES = "Last Resort"
_WEIGHTS = (400, "normal", "regular", "book")


def printable(text: str) -> str:
    r"""Return a text without characters that can't be drawn or written: ``\udce9`` for a byte that is no UTF-8, ``\x00`` for NUL.

    Args:
        text: Of one or more lines.
    """
    if text.isprintable():
        return text
    return "".join(each if each in "\n\t" or unicodedata.category(each) not in ("Cc", "Cs") else _escaped(each) for each in text)


def shortened(text: str, length: int = 48) -> str:
    """Return a text in one line of at most ``length`` characters, from whose middle the rest is left out."""
    text = printable(" ".join(text.splitlines()) or text)
    if len(text) <= length:
        return text
    end = length // 3
    return f"{text[: length - 1 - end]}…{text[len(text) - end :]}"


class PlainFigure(Figure):
    """A figure that draws its text as it is.

    Attributes:
        caption: Of the figure as drawn: the words that no installed font can draw, by their numbers; empty where there are none.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._numbers: dict[str, int] = {}

    @property
    def caption(self) -> str:
        """``[1] word, [2] word``, or nothing."""
        return ", ".join(f"[{number}] {word}" for word, number in self._numbers.items())

    def _repr_png_(self) -> bytes:
        """What a notebook shows: without ``pyplot``, which makes figures that are shown, IPython knows no picture of a figure."""
        picture = io.BytesIO()
        self.savefig(picture, format="png")
        return picture.getvalue()

    def draw(self, renderer: Any) -> None:
        """Draw, with all text as it is."""
        self.make_all_plain()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"Glyph \d+|Matplotlib currently does not support")  # said once already
            warnings.filterwarnings("ignore", "constrained_layout not applied")  # labels too long for the figure: cut off
            super().draw(renderer)

    def make_all_plain(self) -> None:
        """Have all text of this figure drawn as it is, and know its caption."""
        axes = [axis for axes in self.axes for axis in (axes.xaxis, axes.yaxis)]
        ticks = {id(text) for axis in axes for text in self._plain_ticks(axis)}
        for text in self.findobj(Text):
            if id(text) not in ticks:
                self.make_plain(text)

    def make_plain(self, text: Text) -> None:
        """Have a text of this figure drawn as it is; :meth:`draw` does it to all, this is for one that is measured before.

        Args:
            text: Any text but a tick's.
        """
        text.set_parse_math(False)
        text.set_text(self._drawable(text.get_text(), text))

    def _plain_ticks(self, axis: Axis) -> list[Text]:
        """Have an axis's tick labels drawn as they are if they are given ones; return all of them."""
        formatter = axis.get_major_formatter()
        labels = [*axis.get_majorticklabels(), *axis.get_minorticklabels(), axis.get_offset_text()]
        if not isinstance(formatter, FixedFormatter | FuncFormatter):
            return labels  # of a logarithmic axis they are formulas: 10²
        given = [label.get_text() for label in axis.get_majorticklabels()]
        drawn = [self._drawable(each, label) for each, label in zip(given, labels, strict=False)]
        if drawn != given:
            axis.set_major_formatter(FixedFormatter(drawn))
        for tick in axis.get_major_ticks():
            tick.label1.set_parse_math(False)
            tick.label2.set_parse_math(False)
        return labels

    def _drawable(self, text: str, artist: Text) -> str:
        """Return what can be drawn of a text, after choosing a font for it."""
        text = printable(text.expandtabs(4))
        if text.isascii():
            return text
        own = font_manager.findfont(artist.get_fontproperties())
        lacking = {each for each in text if not each.isspace() and not _has(own, each)}
        if not lacking:
            return text
        families = {each: _family_for(each) for each in lacking}
        found = sorted({family for family in families.values() if family is not None})
        if found:
            known = artist.get_fontfamily()
            artist.set_fontfamily([*known, *(family for family in found if family not in known)])
        boxes = "".join(re.escape(each) for each, family in families.items() if family is None)
        if not boxes:
            return text
        _say_once()
        return re.sub(rf"[^\s():,]*[{boxes}][^\s():,]*", lambda match: f"[{self._number_of(match[0])}]", text)

    def _number_of(self, word: str) -> int:
        return self._numbers.setdefault(word, len(self._numbers) + 1)


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


@functools.lru_cache(4096)
def _has(path: str, character: str) -> bool:
    try:
        return font_manager.get_font(path).get_char_index(ord(character)) > 0
    except (OSError, RuntimeError):  # a damaged font, or a kind that matplotlib doesn't read
        return False


@functools.lru_cache(4096)
def _family_for(character: str) -> str | None:
    """Return the family of an installed font that has a character, or ``None``."""
    for family, path in _fonts():
        if _has(path, character) and _loads(path, character):
            return family
    return None


@functools.cache
def _fonts() -> list[tuple[str, str]]:
    """Return family and file of the installed fonts, upright ones of usual weight, those of many scripts first."""
    usual: dict[str, str] = {}
    for entry in font_manager.fontManager.ttflist:
        if (entry.style, entry.stretch) == ("normal", "normal") and entry.weight in _WEIGHTS and _BOXES not in entry.name:
            usual.setdefault(entry.name, entry.fname)
    return sorted(usual.items(), key=lambda font: (not any(each in font[0] for each in _BROAD), font[0]))


def _loads(path: str, character: str) -> bool:
    """Return whether a glyph can be rendered: those of colour fonts can't."""
    try:
        font = font_manager.get_font(path)
        font.set_size(10, 72)
        font.load_char(ord(character))
    except (OSError, RuntimeError, ValueError):
        return False
    return True


@functools.cache
def _say_once() -> None:
    log.warning(
        "Figures: no installed font has some of the letters in the data's names, so these names are numbered, and named below "
        "each figure in the report; a font that has them (e.g. Noto Sans CJK) changes that."
    )


def forget_said() -> None:
    """Let what is said once in a process be said once more: another run begins in it."""
    _say_once.cache_clear()
