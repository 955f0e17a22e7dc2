"""Numbers with their nouns."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """A number with its noun in the singular or the plural.

    Args:
        count: The number.
        noun: The noun's singular, whose plural ends with an s.

    Example:
        >>> from practicum.callbacks.figures.counted import counted
        >>> counted(1, "epoch"), counted(1500, "step")
        ('1 epoch', '1,500 steps')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
