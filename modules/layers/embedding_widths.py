"""How wide the embedding of each column of a table is."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Mapping, Sequence

from practicum.lightning_shim import MisconfigurationException

from .entity_embeddings import embedding_width

log = logging.getLogger(__name__)

_MANY = 1_000_000  # levels of a column from which its memory is worth a warning


def embedding_widths(categories: Mapping[str, Sequence[str]], given: Mapping[str, int], most: int) -> list[int]:
    """Of each column, with a warning where a column's vectors take much memory.

    Args:
        categories: Levels by column.
        given: Widths by column; others follow :func:`.embedding_width`.
        most: None by that rule is wider.

    Raises:
        MisconfigurationException: A width for a column that is not there, or below 1.
    """
    for column, width in given.items():
        if column not in categories:
            near = difflib.get_close_matches(column, categories, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(categories) or 'none'}."
            raise MisconfigurationException(f"model.widths.{column}: there is no such categorical column{hint}")
        if width < 1:
            raise MisconfigurationException(f"model.widths.{column}={width} must be at least 1.")
    widths = []
    for column, levels in categories.items():
        width = given.get(column) or min(most, embedding_width(len(levels) + 1))
        widths.append(width)
        if len(levels) >= _MANY:
            log.warning(
                f"{column} has {len(levels):,} levels: its vectors take {len(levels) * width * 4 / 1e9:.1f} GB, and three "
                "times as much again while they are trained; data.min_count=5 leaves rare ones out, "
                "model.max_width=8 narrows them."
            )
    return widths
