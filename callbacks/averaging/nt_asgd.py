"""NT-ASGD: averages the weights of SGD from the moment on at which the validation loss no longer falls.

**What it does.** Runs plain SGD at a constant rate until the validation loss is no better than it was more than ``patience``
validations ago; from then on the mean of the weights of all steps is validated, saved and tested, while SGD continues.

**When to use it.** To train a language model to convergence, for hundreds of epochs, as the paper does; without a
learning-rate schedule.
For a few epochs one cycle is better.

**Defaults.** ``patience=5``, as in the paper.

**Source.** Merity, Keskar, Socher 2018, section 3 and algorithm 1; Polyak and Juditsky 1992. The averaging is torch's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer

from .weight_averaging import WeightAveragingBase


def non_monotonic_trigger(losses: Sequence[float], patience: int) -> bool:
    """Return whether the last loss is above the lowest of those more than ``patience`` validations before it."""
    earlier = losses[: max(0, len(losses) - 1 - patience)]
    return bool(earlier) and losses[-1] > min(earlier)


class NTASGD(WeightAveragingBase):
    """Non-monotonically triggered averaging of weights, for any LightningModule.

    Args:
        patience: Latest validations that are not compared with; the paper's non-monotone interval.
        monitor: The logged validation loss.

    Attributes:
        losses: The monitored losses so far.
        triggered: Whether averaging has begun.

    Raises:
        MisconfigurationException: ``patience`` is below 0, or ``monitor`` is not logged.

    Example:
        >>> from practicum.callbacks import NTASGD
        >>> callback = NTASGD(patience=2)  # one of the trainer's callbacks
        >>> from practicum.callbacks.averaging.nt_asgd import non_monotonic_trigger
        >>> non_monotonic_trigger([3.0, 2.0, 1.0, 1.0, 1.1], callback.patience)
        False
        >>> non_monotonic_trigger([3.0, 2.0, 1.0, 1.0, 1.1, 1.2], callback.patience)
        True
    """

    def __init__(self, patience: int = 5, monitor: str = "val/loss") -> None:
        super().__init__()
        if patience < 0:
            raise MisconfigurationException(f"NTASGD: patience={patience} must be at least 0.")
        self.patience, self.monitor = patience, monitor
        self.losses: list[float] = []
        self.triggered = False

    def begin(self) -> None:
        """Forget the losses of an earlier fit."""
        super().begin()
        self.losses, self.triggered = [], False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Check that something is validated.

        Raises:
            MisconfigurationException: Nothing is, so that averaging would never begin.
        """
        if not trainer.enable_validation:
            raise MisconfigurationException(
                f"NTASGD watches {self.monitor}, but {type(pl_module).__name__} has no validation (val_dataloader, "
                "validation_step), or limit_val_batches is 0."
            )

    def should_update(self) -> bool:
        """Return whether averaging has begun."""
        return self.triggered

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin averaging if the loss no longer falls."""
        super().on_validation_end(trainer, pl_module)
        if trainer.sanity_checking or self.triggered or self._average is None:
            return
        if self.monitor not in trainer.callback_metrics:
            raise MisconfigurationException(f"NTASGD: {type(pl_module).__name__} logs no {self.monitor} in validation.")
        self.losses.append(float(trainer.callback_metrics[self.monitor]))
        self.triggered = non_monotonic_trigger(self.losses, self.patience)

    def state_dict(self) -> dict[str, Any]:
        """Return the losses so far, and whether averaging has begun."""
        return {**super().state_dict(), "losses": list(self.losses), "triggered": self.triggered}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from them."""
        super().load_state_dict(state_dict)
        self.losses, self.triggered = list(state_dict["losses"]), state_dict["triggered"]
