"""Classes that are what programs write where there is no label."""

from __future__ import annotations

from collections.abc import Iterable

_MARKS = {"nan", "na", "n/a", "#n/a", "null", "none", "nil", "-"}


def missing_label(classes: Iterable[str]) -> str | None:
    """Return the first class that may mean that a label is missing; ``None`` if there is none.

    Example:
        >>> from practicum.datamodules.loading.missing_labels import missing_label
        >>> missing_label(["cat", "nan"]), missing_label(["cat", "dog"])
        ('nan', None)
    """
    return next((each for each in classes if each.lower() in _MARKS), None)
