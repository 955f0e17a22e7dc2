"""Top losses: the photos of a test with the highest loss, with their predicted and true labels.

**What it shows.** Mislabelled photos, odd views, and what the model has not learnt: usually the most useful figure of a run.
``figures/top_losses.png``.

**Source.** fast.ai's ``plot_top_losses``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from practicum.lightning_shim import LightningModule, Trainer
from torch import Tensor

from ...files.output_path import output_path
from ..highest_loss_examples import HighestLossExamples
from ..worst_rows import Mistake
from .draw_photo import photo_grid


def photo_titles(mistakes: Sequence[Mistake], names: Sequence[str] | None) -> list[str]:
    """Return the title of each photo: its prediction, its label, its loss and the end of its path."""
    titles = [f"predicted {each.predicted}\ntrue {each.true} (loss {each.loss:.2f})" for each in mistakes]
    if names is None:
        return titles
    return [f"{title}\n{os.sep.join(Path(name).parts[-2:])[-34:]}" for title, name in zip(titles, names, strict=True)]


class TopLosses(HighestLossExamples):
    r"""Draws the photos of a test that have the highest loss; holds only those in memory.

    Needs batches ``(x, y)`` with ``x`` of shape ``[B, 3, H, W]`` (others are passed over) and ``test_step`` to return a
    dictionary with ``logits`` and ``target``. Class names are taken from the module's ``classes``, names of photos from the data
    module's ``row_names(tests_on)``, where they have them. Under several processes the first one shows its own rows.

    Args:
        folder: Folder of ``top_losses.png``, relative to ``trainer.default_root_dir``.
        count: Number of photos, at most.

    Raises:
        MisconfigurationException: ``count`` is below 1, or ``test_step`` returns something else.

    Example:
        >>> import torch
        >>> from practicum.callbacks import TopLosses
        >>> from practicum.callbacks.figures.images.top_losses import photo_titles
        >>> from practicum.callbacks.figures.worst_rows import Mistake
        >>> callback = TopLosses(count=8)  # Trainer(callbacks=[callback]) draws figures/top_losses.png after a test
        >>> photo_titles([Mistake(6.0, 4, torch.zeros(3, 8, 8), "ant (1.00)", "bee")], ["photos/bee/4.jpg"])
        ['predicted ant (1.00)\ntrue bee (loss 6.00)\nbee/4.jpg']
    """

    def accepts(self, x: Tensor, pl_module: LightningModule) -> bool:
        """Whether rows of ``x`` are photos."""
        return x.ndim == 4 and x.shape[1] == 3

    def show(
        self, trainer: Trainer, pl_module: LightningModule, mistakes: Sequence[Mistake], names: Sequence[str] | None
    ) -> None:
        """Draw the photos."""
        figure = photo_grid([each.x for each in mistakes], photo_titles(mistakes, names), columns=4, cell=(2.2, 2.75))
        self.write_figure(figure, output_path(trainer, self.folder, "top_losses.png"))
