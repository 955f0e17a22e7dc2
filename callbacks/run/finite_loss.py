"""End a training that has gone astray: once the loss is no number, nothing that is trained on is worth keeping.

**What it does.** After each epoch, refuses to go on if a training loss is NaN or infinite, in one sentence; so such a run is
never taken for a finished one. The checkpoints of earlier epochs stay as they are.

**When to use it.** Always; it looks once an epoch, at a number that is there already.
"""

from __future__ import annotations

from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, Trainer


class FiniteLoss(Callback):
    """Stops with a sentence where a ``train/...`` value of an epoch is not finite.

    Raises:
        MisconfigurationException: It is not.
    """

    watches_only = True

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Look."""
        for name, value in trainer.callback_metrics.items():
            if name.startswith("train/") and not bool(value.isfinite().all()):
                raise MisconfigurationException(
                    f"Training has gone astray: {name} is {float(value)} after epoch {trainer.current_epoch}; lower optimizer.lr "
                    "(callbacks=[default,lr_find] finds one), clip gradients (trainer.gradient_clip_val=1), or look for values "
                    "in the data that are far out."
                )
