"""Augmentation examples: one training photo, plain and in several augmented versions.

**What it shows.** Whether the augmentation fits the data: every version should still be a photo that could occur in use. If
spiders stand on their heads, or a tumour leaves the picture, choose another preset. ``figures/augmentation.png``.
"""

from __future__ import annotations

import os
from typing import Any

from practicum.lightning_shim import LightningModule, Trainer

from ...files.output_path import output_path
from ..figure_callback import FigureCallback
from .draw_photo import photo_grid

_CAPTION = (
    "Every version should still be a photo that could occur in use; where the subject is lost or, though it has an up, stands on "
    "its head, choose another preset (augment=...)."
)


class AugmentationExamples(FigureCallback):
    """Draws a photo and augmented versions of it when a fit begins.

    Calls the data module's ``example_views(count)``, which returns ``[1 + count, 3, H, W]`` with the plain photo first, or
    ``None`` where there is no augmentation. Draws nothing if the data module has no such method.

    Args:
        folder: Folder of ``augmentation.png``, relative to ``trainer.default_root_dir``.
        count: Number of augmented versions.

    Example:
        >>> from practicum.callbacks import AugmentationExamples
        >>> callback = AugmentationExamples(count=5)
        >>> callback.titles(3)
        ['as in a test', 'augmented 1', 'augmented 2']
    """

    def __init__(self, folder: str | os.PathLike[str] = "figures", count: int = 8) -> None:
        super().__init__()
        self.folder, self.count = folder, count

    @staticmethod
    def titles(count: int) -> list[str]:
        """Return the titles of ``count`` views, the plain one first."""
        return ["as in a test", *(f"augmented {number}" for number in range(1, count))]

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw."""
        datamodule: Any = getattr(trainer, "datamodule", None)
        if not trainer.is_global_zero or not hasattr(datamodule, "example_views"):
            return
        views = datamodule.example_views(self.count)
        if views is None:
            return
        figure = photo_grid(views, self.titles(len(views)), columns=5, cell=(1.9, 2.1))
        alt = f"A training photo and {len(views) - 1} augmented versions of it."
        path = output_path(trainer, self.folder, "augmentation.png")
        self.write_figure(figure, path, "A photo and its augmented versions", _CAPTION, alt)
