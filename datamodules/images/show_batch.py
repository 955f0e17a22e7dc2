"""A training batch as a figure, for a look before anything is trained: upright, in the right colours, well cropped?"""

from __future__ import annotations

import io
import math
from abc import abstractmethod

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor

_COLUMNS, _INCHES = 4, 1.9


class BatchFigure(Figure):
    """A figure that a notebook shows without ``pyplot``."""

    def _repr_png_(self) -> bytes:
        picture = io.BytesIO()
        self.savefig(picture, format="png")
        return picture.getvalue()


class ShowsPhotos:
    """Mixin of data modules of labelled photos.

    Attributes:
        classes: Names of the classes.
    """

    classes: list[str]

    @abstractmethod
    def example_batch(self) -> tuple[Tensor, ...]:
        """The first training batch ``(x, y)``, ``x`` ``uint8 [B, 3, H, W]``."""

    def show_batch(self, count: int = 12) -> Figure:
        """The first training photos of an epoch as a network sees them, augmented, with their labels.

        Args:
            count: Photos, at most.

        Raises:
            MisconfigurationException: ``count`` is below 1.
        """
        if count < 1:
            raise MisconfigurationException(f"show_batch: count={count} must be at least 1.")
        x, y = self.example_batch()
        count = min(count, len(x))
        columns = min(_COLUMNS, count)
        rows = math.ceil(count / columns)
        figure = BatchFigure(figsize=(_INCHES * columns, (_INCHES + 0.3) * rows), dpi=100, layout="constrained")
        FigureCanvasAgg(figure)
        for place in range(count):
            axes = figure.add_subplot(rows, columns, place + 1)
            axes.imshow(x[place].permute(1, 2, 0).numpy())
            axes.set_title(_label(y[place], self.classes), fontsize=9, parse_math=False)
            axes.set_axis_off()
        return figure


def _label(target: Tensor, classes: list[str]) -> str:
    if target.ndim == 0:
        return classes[int(target)]
    named = sorted(zip(target.tolist(), classes, strict=True), reverse=True)  # several labels, or shares of a mixed photo
    return ", ".join(name if share == 1 else f"{name} {share:.0%}" for share, name in named if share > 0)[:60]
