"""Which of the values that Lightning keeps are of the present epoch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_OF_VALIDATION = re.compile(r"val(id|idation)?[/_]")


def of_this_epoch(logged: Mapping[str, Any], validated: bool) -> dict[str, Any]:
    """What an epoch has logged: Lightning keeps the values of an earlier validation where there was none in this one.

    Args:
        logged: Values by name.
        validated: Whether there was a validation.

    Example:
        >>> from practicum.callbacks.figures.epoch_values import of_this_epoch
        >>> of_this_epoch({"train/loss": 0.5, "val/loss": 0.6, "valid_acc": 0.8}, validated=False)
        {'train/loss': 0.5}
    """
    return {name: value for name, value in logged.items() if validated or not _OF_VALIDATION.match(name)}
