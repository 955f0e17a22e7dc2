"""Classes that may be mirror images of each other, which flips in training would make one."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import Any

from ..files.quoting import quoted

log = logging.getLogger(__name__)

_WORDS = (
    *(("left", "right"), ("l", "r"), ("links", "rechts"), ("gauche", "droite"), ("izquierda", "derecha"), ("izq", "der")),
    *(("sinistra", "destra"), ("esquerda", "direita"), ("lewo", "prawo"), ("west", "east"), ("clockwise", "counterclockwise")),
    *(("cw", "ccw"), ("clockwise", "anticlockwise"), ("b", "d"), ("p", "q")),
)


def mirrored_pair(classes: Iterable[str]) -> tuple[str, str] | None:
    """Return two classes whose names differ by a word and the word for its mirror image; ``None`` if there are none.

    Example:
        >>> from practicum.datamodules.images.mirrored_classes import mirrored_pair
        >>> mirrored_pair(["stop", "turn_left", "turn_right"]), mirrored_pair(["cats", "dogs"])
        (('turn_left', 'turn_right'), None)
    """
    # B and D are no mirror images, b and d are.
    by_words = {
        tuple(word if word in ("B", "D", "P", "Q") else word.casefold() for word in re.findall(r"[^\W_]+", name)): name
        for name in classes
    }
    for words, name in by_words.items():
        for one, other in _WORDS:
            swapped = tuple(other if word == one else word for word in words)
            if swapped != words and swapped in by_words:
                return name, by_words[swapped]
    return None


def warn_of_flips(classes: Iterable[str], augment: Any, where: object) -> None:
    """Warn if training photos are flipped although classes may be mirror images of each other.

    Args:
        classes: Their names.
        augment: What makes training views; one with ``hflip`` above 0, or ``dihedral``, flips.
        where: The data, for the message.
    """
    flips = getattr(augment, "hflip", 0) > 0 or getattr(augment, "dihedral", False)
    if flips and (pair := mirrored_pair(classes)) is not None:
        log.warning(
            f"{where}: {quoted(pair[0])} and {quoted(pair[1])} may be mirror images of each other, and training photos are "
            "mirrored at random; augment=basic (hflip=0) leaves left and right as they are."
        )
