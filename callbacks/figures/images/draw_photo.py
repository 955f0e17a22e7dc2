"""How photos are drawn: one with a title, or many in a grid."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor
from torchvision.transforms.v2.functional import rgb_to_grayscale

from ..canvas import new_figure
from ..plain_text import shortened

_HEAT = "inferno"  # colour map
_LINE = 0.15  # inches of a title's line
_TITLE = 3  # lines of a title that a cell has room for
_KEY = 0.6  # inches of the key to it


def to_picture(photo: Tensor) -> NDArray[Any]:
    """Convert a photo ``[3, H, W]``, ``uint8`` or in 0..1, to ``[H, W, 3]`` for drawing. Other ranges are stretched to 0..1."""
    photo = photo.detach().cpu()
    if photo.dtype != torch.uint8:
        photo = photo.float()
        low, high = float(photo.min()), float(photo.max())
        if low < 0 or high > 1:
            photo = (photo - low) / max(high - low, 1e-6)
    return photo.permute(1, 2, 0).numpy()


def draw_photo(axes: Axes, photo: Tensor, title: str) -> None:
    """Draw one photo without a frame, with a title above it in as many lines as it takes."""
    axes.imshow(to_picture(photo))
    axes.set_title("\n".join(_lines(title)), fontsize=8)
    axes.set_axis_off()


def _lines(title: str) -> list[str]:
    return [part for line in title.split("\n") for part in textwrap.wrap(shortened(line, 100), 28) or [""]]


def photo_grid(
    photos: Sequence[Tensor],
    titles: Sequence[str],
    columns: int,
    cell: tuple[float, float],
    heat: Sequence[Tensor] | None = None,
    heat_label: str = "",
) -> Figure:
    """Draw photos in rows of at most ``columns``.

    Args:
        photos: ``[3, H, W]`` each.
        titles: One for each photo.
        columns: Photos in a row, at most.
        cell: Width and height of a photo with a title of three lines, in inches; there is room for longer ones.
        heat: A heat map ``[h, w]`` in 0..1 to lay over each photo, which is then grey; a key to its colours stands below.
        heat_label: What heat is, beside that key.
    """
    columns = min(columns, len(photos))
    rows = math.ceil(len(photos) / columns)
    more = max(0, max(len(_lines(title)) for title in titles) - _TITLE) * _LINE
    figure = new_figure(cell[0] * columns, (cell[1] + more) * rows + (_KEY if heat is not None else 0))
    for place, (photo, title) in enumerate(zip(photos, titles, strict=True)):
        axes = figure.add_subplot(rows, columns, place + 1)
        if heat is not None:  # the colours are those of the heat alone
            photo = rgb_to_grayscale(photo[None])[0].expand(3, -1, -1)  # noqa: PLW2901
        draw_photo(axes, photo, title)
        if heat is not None:
            extent = (*axes.get_xlim(), *axes.get_ylim())
            axes.imshow(heat[place].numpy(), cmap=_HEAT, alpha=0.5, extent=extent, interpolation="bilinear", vmin=0, vmax=1)
    if heat is not None:
        key = figure.colorbar(ScalarMappable(cmap=_HEAT), ax=figure.axes, location="bottom", aspect=40, shrink=0.5, pad=0.02)
        key.set_ticks([0, 1], labels=["least", "most"])
        key.set_label(heat_label)
    return figure
