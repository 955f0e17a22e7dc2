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
from ..counted import counted
from ..highest_loss_examples import HighestLossExamples
from ..plain_text import shortened
from ..worst_rows import Mistake
from .draw_photo import photo_grid

_CAPTION = (
    "The photos whose label the model found least likely, the worst first, though it may have got some right: correct wrong "
    "labels, leave out what can't be told, and get more photos of the kind that remains."
)


_LINE = 28  # characters of a line of a title
_LONGEST_NAME = 56  # characters of a folder, and of a file, in two lines
_LONGEST = 160  # characters of the labels of a photo in words


def describe_mistakes(mistakes: Sequence[Mistake]) -> str:
    """Say in words what the photos of the highest loss are.

    Example:
        >>> import torch
        >>> from practicum.callbacks.figures.images.top_losses import describe_mistakes
        >>> from practicum.callbacks.figures.worst_rows import Mistake
        >>> describe_mistakes([Mistake(6.0, 4, torch.zeros(3, 8, 8), "ant (1.00)", "bee")])
        '1 photo of the highest loss: predicted ant (1.00), true bee, loss 6.00.'
    """
    each = "; ".join(
        f"{', '.join(shortened(line, _LONGEST) for line in _differences(mistake))}, loss {mistake.loss:.2f}"
        for mistake in mistakes
    )
    return f"{counted(len(mistakes), 'photo')} of the highest loss: {each}."


def photo_titles(mistakes: Sequence[Mistake], names: Sequence[str] | None) -> list[str]:
    """Return the title of each photo: its prediction, its label, its loss, its folder and its file.

    Of a photo that may hold several labels, only those that were missed or added stand there. The blank before the loss is one
    at which no line breaks.
    """
    titles = ["\n".join([*_differences(each)[:-1], f"{_differences(each)[-1]} (loss\u00a0{each.loss:.2f})"]) for each in mistakes]
    if names is None:
        return titles
    return [f"{title}\n{_place(Path(name))}" for title, name in zip(titles, names, strict=True)]


def _place(path: Path) -> str:
    """Folder and file of a photo, in a line where they are short."""
    parts = [shortened(part, _LONGEST_NAME) for part in path.parts[-2:]]
    return f"{os.sep}\n".join(parts) if len(os.sep.join(parts)) > _LINE else os.sep.join(parts)


def _differences(mistake: Mistake) -> Sequence[str]:
    return mistake.differences or (f"predicted {mistake.predicted}", f"true {mistake.true}")


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
        ['predicted ant (1.00)\ntrue bee (loss\xa06.00)\nbee/4.jpg']
    """

    def accepts(self, x: Tensor, pl_module: LightningModule) -> bool:
        """Whether rows of ``x`` are photos."""
        return x.ndim == 4 and x.shape[1] == 3

    def show(
        self, trainer: Trainer, pl_module: LightningModule, mistakes: Sequence[Mistake], names: Sequence[str] | None
    ) -> None:
        """Draw the photos."""
        figure = photo_grid([each.x for each in mistakes], photo_titles(mistakes, names), columns=4, cell=(2.2, 2.75))
        path = output_path(trainer, self.folder, "top_losses.png")
        self.write_figure(figure, path, "Highest-loss examples", _CAPTION, describe_mistakes(mistakes))
