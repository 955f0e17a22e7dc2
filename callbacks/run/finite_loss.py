"""Stop a training that diverged: once the loss is NaN or infinite, nothing that is trained on is worth keeping.

**What it does.** After each epoch, raises if a training loss is NaN or infinite, so that such a run is never taken for a finished
one. The checkpoints of earlier epochs stay as they are. Keras calls it ``TerminateOnNaN``.

**When to use it.** Always; it costs one look an epoch at a value that is logged already.
"""

from __future__ import annotations

from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer

from ..roles import Watcher

_TRAINING = ("train/", "train_", "training/", "training_")


class FiniteLoss(Watcher):
    """Raises after an epoch in which a logged value of training, ``train/...`` or ``train_...``, is NaN or infinite.

    Raises:
        MisconfigurationException: Training diverged; the message says in which epoch, and what to try.

    Example:
        >>> import torch
        >>> from types import SimpleNamespace
        >>> from practicum.callbacks import FiniteLoss
        >>> from practicum.lightning_shim import MisconfigurationException
        >>> callback = FiniteLoss()  # Trainer(callbacks=[callback])
        >>> trainer = SimpleNamespace(callback_metrics={"train/loss": torch.tensor(float("nan"))}, current_epoch=2)
        >>> try:
        ...     callback.on_train_epoch_end(trainer, None)
        ... except MisconfigurationException as error:
        ...     print(error)
        Training diverged: train/loss is nan in epoch 3; ...
    """

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Check the epoch's values."""
        for name, value in trainer.callback_metrics.items():
            if name.startswith(_TRAINING) and not bool(value.isfinite().all()):
                raise MisconfigurationException(
                    f"Training diverged: {name} is {float(value)} in epoch {trainer.current_epoch + 1}; lower the "
                    "learning rate (LRFinder, callbacks=[default,lr_find], finds one), clip gradients (the trainer's "
                    "gradient_clip_val=1), or look for outliers in the data."
                )
