r"""Character classes of the world's scripts: what is a letter of a word, and which scripts put no spaces between words.

**What it does.** Python's ``\w`` holds no combining marks, that of the tokenizers (Oniguruma) does, and neither knows where a
word ends in a script without spaces. The classes here are written by code point or script, never by literal characters: editors
normalize those (U+F900 turned into U+8C48 in this place once, and all of Hangul was read as Han).

- Hangul, Arabic, Devanagari and other scripts with spaces: words with their marks and joiners.
- Han and Kana: single characters. Thai, Lao, Khmer, Myanmar: a letter with its marks.
- Emoji: whole sequences (skin tones, families, flags, keycaps).

**Source.** Unicode Standard Annexes 29 (text segmentation) and 51 (emoji).
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable

# Iteration marks, Kana, Kana extensions, Han with extension A, compatible Han, half-width Kana, Han of planes 2 and 3.
_CJK = (
    (0x3005, 0x3007),
    (0x3040, 0x30FF),
    (0x31F0, 0x31FF),
    (0x3400, 0x9FFF),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),
    (0x20000, 0x3FFFD),
)
_SOUTHEAST = r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_SOUTHEAST_BLOCKS = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF))
_CJK_PUNCTUATION = ((0x3000, 0x303F), (0xFF00, 0xFF0F), (0xFF1A, 0xFF20), (0xFF3B, 0xFF40), (0xFF5B, 0xFF65))


def _in_oniguruma(ranges: tuple[tuple[int, int], ...]) -> str:
    return "".join(rf"\x{{{first:X}}}-\x{{{last:X}}}" for first, last in ranges)


def _in_python(ranges: tuple[tuple[int, int], ...]) -> str:
    return "".join(rf"\U{first:08x}-\U{last:08x}" for first, last in ranges)


def _ranges(belongs: Callable[[str], bool]) -> tuple[tuple[int, int], ...]:
    """Return the ranges of code points that belong to a class; beyond the planes that hold scripts there are none."""
    ranges: list[tuple[int, int]] = []
    for code in range(0x41, min(sys.maxunicode, 0x1F000)):
        if belongs(chr(code)):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1] = (ranges[-1][0], code)
            else:
                ranges.append((code, code))
    return tuple(ranges)


#: Contents of a character class of Python's ``re``: combining marks, capital letters, scripts without spaces between words.
MARKS_CLASS = _in_python(_ranges(lambda char: unicodedata.category(char)[0] == "M"))
CAPITALS_CLASS = _in_python(_ranges(lambda char: unicodedata.category(char) in ("Lu", "Lt")))
SPACELESS_CLASS = _in_python((*_CJK, *_CJK_PUNCTUATION, *_SOUTHEAST_BLOCKS))

# Patterns of Oniguruma, for the tokenizers.
_LETTER = rf"[^\W{_in_oniguruma(_CJK)}{_SOUTHEAST}]"  # of a script with spaces; digits, marks and _ included
_WORD = rf"{_LETTER}+(?:[\x{{200C}}\x{{200D}}]{_LETTER}+)*"  # joiners shape letters, in Persian and Hindi, and end no word
_PICTURE = r"(?!\w)\p{Extended_Pictographic}[\x{1F3FB}-\x{1F3FF}\x{E0020}-\x{E007F}]*"
_EMOJI = rf"[\x{{1F1E6}}-\x{{1F1FF}}]{{2}}|{_PICTURE}(?:\x{{200D}}{_PICTURE})*"
_CHARACTER = (
    rf"[{_in_oniguruma(_CJK)}]\p{{M}}*"
    rf"|[{_SOUTHEAST}&&\p{{L}}](?:\x{{17D2}}\p{{Khmer}}|\x{{1039}}\p{{Myanmar}}|[\p{{M}}\x{{E33}}\x{{EB3}}])*"
)
#: Pattern of the tokens of normalized text: "do" "n't"; "it" "'s"; 1,000.50; words; emoji; signs.
WORDS = (
    rf"[\d#*]\x{{20E3}}|{_LETTER}+(?=n't\b)|n't\b|'(?:s|re|ve|ll|d|m)\b|\d+(?:[.,]\d+)*"
    rf"|{_CHARACTER}|{_WORD}|{_EMOJI}|\n|[^\w\s]|\w"
)
