"""How strong the penalty on vectors learnt from clicks is: the stronger the fewer they are.

Why these numbers: docs/defaults.md.
"""

from __future__ import annotations

import math

_MANY = 100_000  # clicks from which the weakest penalty suits
_WEAKEST, _STRONGEST = 0.02, 0.08


def suggested_l2(clicks: int) -> float:
    """The option ``l2`` of a model for some number of clicks in training.

    Args:
        clicks: At least 1.

    Example:
        >>> from practicum.datamodules.ratings.suggested_l2 import suggested_l2
        >>> [suggested_l2(clicks) for clicks in (1_000, 25_000, 1_000_000)]
        [0.08, 0.04, 0.02]
    """
    suited = _WEAKEST * math.sqrt(_MANY / max(clicks, 1))
    return float(f"{min(_STRONGEST, max(_WEAKEST, suited)):.2g}")
