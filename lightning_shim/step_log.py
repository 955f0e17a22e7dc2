"""``self.log`` of a training step's loss, without what Lightning does again at every step.

``LightningModule.log`` checks each value, and walks and copies everything that it holds under the name, to move it to the value's
device: as long as forward and backward of a small network together. All of that matters for an epoch's first value only. Those
that follow go where the first one went. The names used here are Lightning's private ones, of the versions in
:data:`practicum.lightning_shim.TESTED`; a test names each.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor


def log_step(module: Any, name: str, value: Tensor, batch_size: int) -> None:
    """Log a value of a training step, and its mean over the epoch: in logs, in ``callback_metrics`` and in progress bars.

    The same as ``module.log(name, value, on_step=True, on_epoch=True, prog_bar=True, batch_size=batch_size)``, in fewer steps.

    Args:
        module: A LightningModule, in its ``training_step``.
        name: Such as ``train/loss``.
        value: A scalar; detached here.
        batch_size: Its weight in the mean.
    """
    results: Any = None if module._trainer is None else module._trainer._results
    logged: Any = None if results is None else results.get(f"training_step.{name}")
    if logged is None or logged.has_reset:  # the first one of an epoch
        module.log(name, value, on_step=True, on_epoch=True, prog_bar=True, batch_size=batch_size)
    else:
        results.update_metrics(f"training_step.{name}", value.detach(), batch_size)
