"""Classes that are written in several ways: they are kept apart, and that is said."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from ..files.quoting import quoted

_SHOWN = 3  # groups
_NUMERAL = re.compile(r"[+-]?\d{1,15}(\.\d{0,15})?", re.ASCII)


def similar_classes(classes: Iterable[str], where: object) -> str | None:
    """Say which classes differ in upper and lower case, spaces, the encoding of a letter or the notation of a number only.

    Args:
        classes: Their names.
        where: The data, for the message.

    Returns:
        One sentence; ``None`` if there are none.

    Example:
        >>> from practicum.datamodules.loading.similar_classes import similar_classes
        >>> print(similar_classes(["Yes", "no", "yes"], "answers.csv"))
        answers.csv: 'Yes' and 'yes' are classes of their own, as they are written; write them alike if they are the same.
        >>> similar_classes(["yes", "no"], "answers.csv")
    """
    groups: dict[str, list[str]] = {}
    for each in classes:
        key = "".join(unicodedata.normalize("NFKC", str(each)).casefold().split())
        groups.setdefault(_number(key) or key, []).append(str(each))
    alike = [" and ".join(map(quoted, group)) for group in groups.values() if len(group) > 1]
    if not alike:
        return None
    more = f" and {len(alike) - _SHOWN:,} more such groups" if len(alike) > _SHOWN else ""
    return (
        f"{where}: {', '.join(alike[:_SHOWN])}{more} are classes of their own, as they are written; write them alike if they are "
        "the same."
    )


def _number(text: str) -> str | None:
    """A numeral by its value: 1 and 1.0 are the same."""
    return f"{float(text):.15g}" if _NUMERAL.fullmatch(text) else None
