"""The figure of test-time augmentation: the photos whose prediction it changed most, with the prediction for each view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from matplotlib.figure import Figure
from torch import Tensor

from ...module_outputs.labels import label_of
from ..canvas import new_figure, save_figure
from .draw_photo import draw_photo

_MAX_COLUMNS = 7
_CAPTION = (
    "Each row is a photo and its views with their predictions, the most changed one first: where the views disagree, the model "
    "depends on position, size or direction, and more augmentation in training helps."
)


@dataclass(frozen=True)
class ViewedPhoto:
    """A photo, its views and their predictions; the unaugmented view comes first."""

    row: int  # in the data
    change: float  # of the probability that changed most
    photos: Tensor  # [1 + n, 3, H, W]
    probabilities: Tensor  # [1 + n, classes]
    combined: Tensor  # [classes]
    target: Tensor | None


class MostChanged:
    """Collects the photos whose prediction is changed most.

    Args:
        count: Number of photos.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._found: dict[int, ViewedPhoto] = {}

    def clear(self) -> None:
        """Forget all photos."""
        self._found = {}

    def add(
        self, rows: Sequence[int], views: Sequence[Tensor], probabilities: Tensor, combined: Tensor, y: Tensor | None
    ) -> None:
        """Consider a batch.

        Args:
            rows: Place in the data of each photo.
            views: ``[B, 3, H, W]`` each, the unaugmented one first.
            probabilities: ``[1 + n, B, classes]``.
            combined: ``[B, classes]``.
            y: Targets ``[B, ...]``, if there are any.
        """
        changes = (combined - probabilities[0]).abs().amax(1).tolist()
        for place in sorted(range(len(changes)), key=changes.__getitem__)[-self.count :]:
            photos = torch.stack([view[place] for view in views]).cpu()
            target = None if y is None else y[place].cpu()
            self._found[rows[place]] = ViewedPhoto(
                rows[place], changes[place], photos, probabilities[:, place].cpu(), combined[place].cpu(), target
            )
        most = sorted(self._found, key=lambda row: self._found[row].change)[-self.count :]
        self._found = {row: self._found[row] for row in most}

    def photos(self) -> list[ViewedPhoto]:
        """Return the photos, the most changed one first."""
        return sorted(self._found.values(), key=lambda each: -each.change)


def view_titles(photo: ViewedPhoto, classes: Sequence[str] | None) -> list[str]:
    """Return the title of each view: its prediction, and for the unaugmented one also the combined prediction and the target."""
    shown = _shown_class(photo)
    titles = [
        f"{f'view {number}' if number else 'unaugmented'}: {_class(each, shown, classes)}"
        for number, each in enumerate(photo.probabilities)
    ]
    true = "" if photo.target is None else f" (true: {label_of(photo.target, classes, ', ')})"
    titles[0] += f"\ncombined: {_class(photo.combined, shown, classes)}{true}"
    return titles


def describe_views(photos: Sequence[ViewedPhoto], classes: Sequence[str] | None) -> str:
    """Say in words what :func:`draw_views` shows."""
    each = "; ".join(
        f"{_class(photo.probabilities[0], _shown_class(photo), classes)} becomes "
        f"{_class(photo.combined, _shown_class(photo), classes)}"
        for photo in photos
    )
    return f"{len(photos)} photos with {len(photos[0].photos) - 1} augmented views each: {each}."


def draw_views(photos: Sequence[ViewedPhoto], classes: Sequence[str] | None, path: Path) -> Figure:
    """Draw one row of views for each photo.

    Args:
        photos: At least one.
        classes: Names of the classes, if they are known.
        path: The PNG.
    """
    columns = min(len(photos[0].photos), _MAX_COLUMNS)
    figure = new_figure(1.9 * columns, 2.6 * len(photos))
    for line, photo in enumerate(photos):
        for column, title in enumerate(view_titles(photo, classes)[:columns]):
            axes = figure.add_subplot(len(photos), columns, line * columns + column + 1)
            draw_photo(axes, photo.photos[column], title)
    title = "Predictions changed most by test-time augmentation"
    save_figure(figure, path, title, _CAPTION, describe_views(photos, classes))
    return figure


def _shown_class(photo: ViewedPhoto) -> int | None:
    """Of a photo with several labels the class whose probability changed most; ``None``: each view's likeliest."""
    several = photo.target is not None and photo.target.ndim > 0
    return int((photo.combined - photo.probabilities[0]).abs().argmax()) if several else None


def _class(probabilities: Tensor, shown: int | None, classes: Sequence[str] | None) -> str:
    index = probabilities.argmax() if shown is None else torch.tensor(shown)
    return f"{label_of(index, classes)} {float(probabilities[index]):.2f}"
