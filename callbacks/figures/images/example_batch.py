"""The first training batch as the network sees it, after augmentation, with its labels.

**What it shows.** Whether photos are upright, in the right colours, cropped sensibly, and labelled as expected: the quickest way
to find a broken data set. ``figures/example_batch.png``.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import Any

from practicum.lightning_shim import LightningModule, Trainer
from torch import Tensor

from ...files.output_path import output_path
from ...module_outputs.labels import label_of
from ..figure_callback import FigureCallback
from ..plain_text import shortened
from .draw_photo import photo_grid

_CAPTION = (
    "What the network is given, after augmentation: photos should be in their colours, under the right label and, where there is "
    "an up, upright; where they are not, mend the data before anything else."
)
_OF_FEATURES = (
    "The photos whose features the head is trained on: they should be in their colours, under the right label and, where there "
    "is an up, upright; where they are not, mend the data before anything else."
)


def labelled_photos(batch: Any, count: int, classes: Sequence[str] | None) -> tuple[list[Tensor], list[str]] | None:
    """Return the first photos of a batch ``(x, y)`` and their labels, or ``None`` where ``x`` is not ``[B, 3, H, W]``.

    Args:
        batch: What a training step gets.
        count: Number of photos, at most.
        classes: Class names. Default: numbers.
    """
    x, y = batch[0], batch[1]
    if not (isinstance(x, Tensor) and x.ndim == 4 and x.shape[1] == 3):
        return None
    count = min(count, len(x))
    return list(x[:count]), [label_of(target, classes, ", ") for target in y[:count]]


class ExampleBatch(FigureCallback):
    """Draws photos of the first training batch.

    Needs batches ``(x, y)`` with ``x`` of shape ``[B, 3, H, W]``, or a data module whose ``example_batch()`` returns one while
    features of photos are trained on; any other kind of batch is passed over. Class names are taken from the module's ``classes``
    where it has them.

    Args:
        folder: Folder of ``example_batch.png``, relative to ``trainer.default_root_dir``.
        count: Number of photos, at most.

    Example:
        >>> import torch
        >>> from practicum.callbacks import ExampleBatch
        >>> from practicum.callbacks.figures.images.example_batch import labelled_photos
        >>> callback = ExampleBatch(count=2)
        >>> batch = torch.rand(4, 3, 8, 8), torch.tensor([0, 1, 1, 0])
        >>> labelled_photos(batch, callback.count, ["ant", "bee"])[1]
        ['ant', 'bee']
    """

    def __init__(self, folder: str | os.PathLike[str] = "figures", count: int = 16) -> None:
        super().__init__()
        self.folder, self.count = folder, count

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Draw the first batch of a fit."""
        if trainer.global_step > 0 or batch_idx > 0 or not trainer.is_global_zero:
            return
        classes, caption = getattr(pl_module, "classes", None), _CAPTION
        shown = labelled_photos(batch, self.count, classes)
        data: Any = getattr(trainer, "datamodule", None)
        if shown is None and callable(getattr(data, "example_batch", None)):
            shown, caption = labelled_photos(data.example_batch(), self.count, classes), _OF_FEATURES
        if shown is not None:
            figure = photo_grid(*shown, columns=5, cell=(1.9, 2.1))
            labels = Counter(shown[1])
            counts = "; ".join(f"{count} of {shortened(label, 160)}" for label, count in labels.items())
            alt = f"{len(shown[1])} photos of the first batch: {counts}."
            path = output_path(trainer, self.folder, "example_batch.png")
            self.write_figure(figure, path, "First training batch", caption, alt)
