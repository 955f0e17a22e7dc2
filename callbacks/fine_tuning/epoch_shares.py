"""Points of a training, as epochs or as shares of it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from practicum.lightning_shim import MisconfigurationException, Trainer


def check_epochs(name: str, option: str, at: Sequence[float]) -> None:
    """Raise unless these are points of a training in rising order.

    Args:
        name: Of the callback, for messages.
        option: Its option.
        at: Epochs from 0, or shares of the training between 0 and 1.

    Raises:
        MisconfigurationException: They are not.
    """
    whole = all(point >= 0 and (point < 1 or point == int(point)) for point in at)
    if list(at) != sorted(set(at)) or not whole:
        raise MisconfigurationException(
            f"{name}: {option}={list(at)} must be epochs (from 0) in rising order, or shares of the training between 0 and 1."
        )


def epochs_of(name: str, option: str, at: Sequence[float], epochs: int | None) -> list[int]:
    """Return points of a training as epochs, at whose start something changes.

    A share is rounded to an epoch; not to the first one, nor beyond the last, so that both sides of it are trained.

    Args:
        name: Of the callback, for messages.
        option: Its option.
        at: See :func:`check_epochs`.
        epochs: Of the training; ``None`` where their number is not known.

    Raises:
        MisconfigurationException: There are shares, and the number of epochs is not known.

    Example:
        >>> from practicum.callbacks.fine_tuning.epoch_shares import epochs_of
        >>> epochs_of("GradualUnfreezing", "at", [0.25, 0.8], epochs=10), epochs_of("GradualUnfreezing", "at", [0.8], epochs=2)
        ([2, 8], [1])
        >>> epochs_of("GradualUnfreezing", "at", [1, 2], epochs=10)
        [1, 2]
    """
    if not any(0 < point < 1 for point in at):
        return [int(point) for point in at]
    if epochs is None:
        raise MisconfigurationException(
            f"{name}: {option}={list(at)} has shares of the training, but its number of epochs is not known; give epochs, or "
            "train for a number of epochs (max_epochs)."
        )
    last = max(1, epochs - 1)
    return [min(last, max(1, round(point * epochs))) if 0 < point < 1 else int(point) for point in at]


def planned_epochs(trainer: Trainer) -> int | None:
    """Return the number of epochs that a trainer plans, the last one perhaps in part; ``None`` if nothing says so.

    With ``max_steps`` and manual optimization nothing does: how many steps a batch makes is the module's business.

    Args:
        trainer: Of a fit that has begun to train.
    """
    if trainer.max_steps != -1 and not trainer.lightning_module.automatic_optimization:
        return None
    batches, steps = trainer.num_training_batches, trainer.estimated_stepping_batches
    if math.isinf(batches) or math.isinf(steps) or batches == 0:
        return trainer.max_epochs if (trainer.max_epochs or -1) > 0 else None
    return math.ceil(steps / math.ceil(batches / trainer.accumulate_grad_batches))
