"""Augmentation examples: one training photo in eight versions, as the network may be shown it.

**What it shows.** Whether the augmentation fits the data: every version should still be a photo that could be met in use. If
spiders stand on their heads, or a tumour leaves the picture, another preset is wanted. ``figures/augmentation.png``.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

from practicum.lightning_shim import Callback, LightningModule, Trainer

from ..canvas import new_figure, save_figure
from .example_batch import draw_photo


class AugmentationExamples(Callback):
    """Draws a photo as it is and several times as augmentation makes it, when a fit begins.

    Asks the data module's ``example_views(count)`` for them: ``[1 + count, 3, H, W]``, the plain one first, or ``None`` where
    there is no augmentation. Draws nothing where the data module has no such method.

    Args:
        folder: Where ``augmentation.png`` goes.
        count: Versions.
    """

    watches_only = True  # has no part in a training step

    def __init__(self, folder: str | os.PathLike[str], count: int = 8) -> None:
        super().__init__()
        self.path = Path(folder) / "augmentation.png"
        self.count = count

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw."""
        datamodule: Any = getattr(trainer, "datamodule", None)
        if not trainer.is_global_zero or not hasattr(datamodule, "example_views"):
            return
        views = datamodule.example_views(self.count)
        if views is None:
            return
        columns = min(3, len(views))
        rows = math.ceil(len(views) / columns)
        figure = new_figure(2.1 * columns, 2.3 * rows)
        for place, view in enumerate(views):
            axes = figure.add_subplot(rows, columns, place + 1)
            draw_photo(axes, view, "as it is" if place == 0 else f"version {place}")
        save_figure(figure, self.path)
