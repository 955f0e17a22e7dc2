"""A torch scheduler that multiplies the rate of every parameter group by one function of the step, and may set momentum too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from ..trainer_internals.torch_names import set_last_lr


class FactorLR(LambdaLR):
    """``LambdaLR`` that may also set momentum: SGD's ``momentum``, or the first of Adam's ``betas``.

    Args:
        optimizer: The optimizer whose rates are set.
        multiplier: Function of the step (from 0); multiplies each group's own rate.
        momentum: Function of the step; ``None`` leaves momentum alone.
    """

    def __init__(
        self, optimizer: Optimizer, multiplier: Callable[[int], float], momentum: Callable[[int], float | None] | None = None
    ) -> None:
        self._momentum = momentum
        super().__init__(optimizer, multiplier)

    def get_lr(self) -> list[Any]:
        """Return the rates of this step and set its momentum."""
        momentum = self._momentum(self.last_epoch) if self._momentum else None
        if momentum is not None:
            for group in self.optimizer.param_groups:
                if "betas" in group:
                    group["betas"] = (momentum, *group["betas"][1:])
                else:
                    group["momentum"] = momentum
        factor = self.lr_lambdas[0](self.last_epoch)  # the same for every group
        return [base * factor for base in self.base_lrs]

    def refresh(self) -> None:
        """Set rates and momentum of the present step again, after the functions or the position have changed."""
        lrs = self.get_lr()
        set_last_lr(self, lrs)
        for group, lr in zip(self.optimizer.param_groups, lrs, strict=True):
            group["lr"] = lr

    def state_dict(self) -> dict[str, Any]:
        """Return the position; the functions belong to the schedule."""
        return {key: value for key, value in super().state_dict().items() if key != "_momentum"}


def momentum_of(group: dict[str, Any]) -> float | None:
    """Return a parameter group's momentum, or the first of its ``betas``; ``None`` where the optimizer has neither."""
    if "betas" in group:
        return float(group["betas"][0])
    return float(group["momentum"]) if "momentum" in group else None
