"""New input may be one source or several, which are read one after another."""

from __future__ import annotations

from typing import Any


def each_input(source: Any) -> list[Any]:
    """The sources: those of a list or tuple, else the one.

    Example:
        >>> from practicum.datamodules.loading.inputs import each_input
        >>> each_input("a.csv"), each_input(["a.csv", "b.csv"])
        (['a.csv'], ['a.csv', 'b.csv'])
    """
    return list(source) if isinstance(source, list | tuple) else [source]


def input_name(source: Any) -> str:
    """What messages call a source, or several.

    Example:
        >>> from practicum.datamodules.loading.inputs import input_name
        >>> input_name(["a.csv", "b.csv", "c.csv"])
        'a.csv and 2 more'
    """
    sources = each_input(source)
    first = str(sources[0]) if sources else "no input"
    return first if len(sources) < 2 else f"{first} and {len(sources) - 1} more"
