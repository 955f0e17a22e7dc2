r"""What a file holds, in a message of one line: long values are shortened, and line ends are written as ``\n``."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence

_LONGEST = 80  # characters of a value


def quoted(value: object, longest: int = _LONGEST) -> str:
    r"""A value as ``repr`` writes it, shortened: a field of a damaged file may hold the rest of the file.

    Args:
        value: A field, a column's name, a label.
        longest: Characters of it that are shown.

    Example:
        >>> from practicum.datamodules.files.quoting import quoted
        >>> print(quoted("two\nlines"), quoted("x" * 100, longest=4), quoted(5))
        'two\nlines' 'xxxx...' 5
    """
    if isinstance(value, str):
        return repr(value if len(value) <= longest else f"{value[:longest]}...")
    text = repr(value)
    return text if len(text) <= longest else f"{text[:longest]}..."


def plain(name: str, longest: int = _LONGEST) -> str:
    """A name as :func:`quoted` has it, without the quotes; as it is if it can be printed."""
    short = name if len(name) <= longest else f"{name[:longest]}..."
    return short if short.isprintable() else repr(short)[1:-1]


def listed(names: Collection[str], most: int = 8) -> str:
    """Names with commas between them, each shortened; of many the first ``most`` and ``...``.

    Example:
        >>> from practicum.datamodules.files.quoting import listed
        >>> listed(["id", "text", "label"], most=2)
        'id, text, ...'
    """
    shown = [plain(name, 40) for name, _ in zip(names, range(most), strict=False)]
    return ", ".join(shown) + (", ..." if len(names) > most else "")


def did_you_mean(name: str, names: Sequence[str]) -> str:
    """The end of a sentence that says that ``name`` is not among ``names``: the most similar one, where one is.

    Example:
        >>> from practicum.datamodules.files.quoting import did_you_mean
        >>> did_you_mean("prize", ["price", "city"]), did_you_mean("x", ["price", "city"])
        ("; did you mean 'price'?", '.')
    """
    near = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {quoted(near[0])}?" if near else "."
