"""The first training batch as the network sees it, after augmentation, with its labels.

**What it shows.** Whether photos are upright, in the right colours, cut sensibly, and labelled as one thinks. The quickest way
to find a broken data set. ``figures/example_batch.png``.
"""

from __future__ import annotations

import math
import os
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from matplotlib.axes import Axes
from numpy.typing import NDArray
from practicum.lightning_shim import Callback, LightningModule, Trainer
from torch import Tensor

from ..canvas import new_figure, save_figure


def to_picture(photo: Tensor) -> NDArray[Any]:
    """A photo ``[3, H, W]``, ``uint8`` or in 0..1, as ``[H, W, 3]`` for drawing. Other ranges are stretched to 0..1."""
    photo = photo.detach().cpu()
    if photo.dtype != torch.uint8:
        photo = photo.float()
        low, high = float(photo.min()), float(photo.max())
        if low < 0 or high > 1:
            photo = (photo - low) / max(high - low, 1e-6)
    return photo.permute(1, 2, 0).numpy()


def label_of(target: Tensor, classes: Sequence[str] | None) -> str:
    """A target in words: a class, or for multi-label every class it holds."""
    if target.ndim == 0:
        return classes[int(target)] if classes else str(int(target))
    held = [i for i, value in enumerate(target.tolist()) if value]
    return " ".join(classes[i] if classes else str(i) for i in held) or "none"


def draw_photo(axes: Axes, photo: Tensor, title: str) -> None:
    """One photo with a title above it, in as many lines as it takes, and no frame."""
    axes.imshow(to_picture(photo))
    lines = [part for line in title.split("\n") for part in textwrap.wrap(line, 34) or [""]]
    axes.set_title("\n".join(lines), fontsize=8)
    axes.set_axis_off()


class ExampleBatch(Callback):
    """Draws up to 16 photos of the first training batch.

    Needs batches ``(x, y)`` with ``x`` of shape ``[B, 3, H, W]``; any other kind of batch is passed over. Class names are taken
    from the module's ``classes`` where it has them.

    Args:
        folder: Where ``example_batch.png`` goes.
        count: Photos, at most.
    """

    watches_only = True  # has no part in a training step

    def __init__(self, folder: str | os.PathLike[str], count: int = 16) -> None:
        super().__init__()
        self.path = Path(folder) / "example_batch.png"
        self.count = count

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Draw the first batch of a fit."""
        if trainer.global_step > 0 or batch_idx > 0 or not trainer.is_global_zero:
            return
        x, y = batch[0], batch[1]
        if not (isinstance(x, Tensor) and x.ndim == 4 and x.shape[1] == 3):
            return
        count = min(self.count, len(x))
        columns = min(4, count)
        figure = new_figure(1.9 * columns, 2.1 * math.ceil(count / columns))
        for place in range(count):
            axes = figure.add_subplot(math.ceil(count / columns), columns, place + 1)
            draw_photo(axes, x[place], label_of(y[place], getattr(pl_module, "classes", None)))
        save_figure(figure, self.path)
