"""NT-ASGD: averages the weights of SGD from the moment on at which validation no longer falls.

**What it does.** Plain SGD at a constant rate, until the validation loss is no better than it was more than ``patience``
validations ago; from then on the mean of the weights of all steps is what is validated, kept and tested, while SGD itself goes
on.

**When to use it.** To train a language model to its end, for hundreds of epochs, as the paper does; with ``schedule=none``. For a
few epochs one cycle does better.

**Defaults.** ``patience=5``, as the paper.

**Source.** Merity, Keskar, Socher 2018, section 3 and algorithm 1; Polyak and Juditsky 1992. The averaging is torch's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer

from .weight_averaging import WeightAveragingBase


def non_monotonic_trigger(losses: Sequence[float], patience: int) -> bool:
    """Whether the last loss is above the lowest of those more than ``patience`` validations before it."""
    earlier = losses[: max(0, len(losses) - 1 - patience)]
    return bool(earlier) and losses[-1] > min(earlier)


class NTASGD(WeightAveragingBase):
    """Non-monotonically triggered averaging of weights, for any LightningModule.

    Args:
        patience: Validations that are passed over; the paper's non-monotone interval.
        monitor: The loss.

    Raises:
        MisconfigurationException: ``patience`` below 0, or ``monitor`` is not logged.
    """

    def __init__(self, patience: int = 5, monitor: str = "val/loss") -> None:
        super().__init__()
        if patience < 0:
            raise MisconfigurationException(f"NTASGD: patience={patience} must be at least 0.")
        self.patience, self.monitor = patience, monitor
        self.losses: list[float] = []
        self.triggered = False

    def should_update(self) -> bool:
        """After each step, once triggered."""
        return self.triggered

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Look whether the loss still falls."""
        if trainer.sanity_checking or self.triggered or self._average is None:
            return
        if self.monitor not in trainer.callback_metrics:
            raise MisconfigurationException(f"NTASGD: {type(pl_module).__name__} logs no {self.monitor} in validation.")
        self.losses.append(float(trainer.callback_metrics[self.monitor]))
        self.triggered = non_monotonic_trigger(self.losses, self.patience)

    def state_dict(self) -> dict[str, Any]:
        """Losses so far, and whether they have triggered."""
        return {**super().state_dict(), "losses": list(self.losses), "triggered": self.triggered}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from them."""
        super().load_state_dict(state_dict)
        self.losses, self.triggered = list(state_dict["losses"]), state_dict["triggered"]
