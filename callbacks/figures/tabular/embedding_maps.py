"""Embedding maps: each categorical column's embedding on a plane, and which categories lie nearest to which.

**What it shows.** Categories that the model treats alike: the days of a week as a ring, states beside their neighbours.
``figures/embeddings_<column>.png``: the first two principal components; ``embeddings_<column>.csv``: the distance between all
categories, and the nearest of each. In file names a column is made safe by :func:`.safe_file_names`. Categories with geographical
coordinates (states, shops) are drawn a second time as on a map, in the same colours, so that one sees whether the network has
found out where they are.

**Source.** Guo & Berkhahn 2016, figure 3.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from matplotlib.figure import Figure
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor

from ...files.atomic_file import write_csv
from ...files.output_path import output_path
from ..canvas import BLUE, new_figure
from ..figure_callback import FigureCallback, never_fatal
from ..file_names import safe_file_names
from ..label_placement import CROWD, labelled_scatter
from ..plain_text import shortened

_LEAST = 5  # categories of a column that is shown by default
_FEW = 8  # categories of a small figure
_NAMED = 25  # categories of a crowd: more names would lie side by side without an order
_COMPARED = 2000  # categories of which the nearest two are looked for
_CAPTION = (
    "Categories that lie near each other are alike to the model, as far as two of its many dimensions show that (their share of "
    "the variance is at the axes); where ones lie near that have nothing in common, they may be too rare to tell apart."
)


def describe_embedding(column: str, vectors: Tensor, categories: Sequence[str]) -> str:
    """Say in words what :func:`draw_embedding` shows: how much of the variance, and which categories are nearest.

    Args:
        column: Its name.
        vectors: ``[N, E]``.
        categories: Names of the rows.
    """
    _, share = principal_components(vectors)
    said = f"{len(categories):,} categories of {shortened(column)} on a plane with {float(share.sum()):.0%} of their variance."
    if not 2 <= len(categories) <= _COMPARED:
        return said
    a, b = divmod(int(torch.cdist(vectors, vectors).fill_diagonal_(float("inf")).argmin()), len(vectors))
    return f"{said} Nearest to each other, by all of it: {shortened(categories[a])} and {shortened(categories[b])}."


def principal_components(vectors: Tensor, count: int = 2) -> tuple[Tensor, Tensor]:
    """Project vectors onto the directions of largest variance.

    Args:
        vectors: ``[N, E]``.
        count: Number of directions.

    Returns:
        Coordinates ``[N, count]``, zeros where there are fewer directions; the share of the variance along each ``[count]``.
    """
    centred = vectors.double() - vectors.double().mean(0)
    u, s, _ = torch.linalg.svd(centred, full_matrices=False)
    u = u * u.gather(0, u.abs().argmax(0, keepdim=True)).sign()  # the largest is positive: the same figure each time
    points = torch.zeros(len(vectors), count, dtype=torch.float64)
    share = torch.zeros(count, dtype=torch.float64)
    found = min(count, len(s))
    points[:, :found] = (u * s)[:, :found]
    share[:found] = (s.square() / s.square().sum().clamp(min=1e-30))[:found]
    return points, share


def rows_to_label(points: Tensor, max_labels: int, counts: Tensor | None = None) -> set[int]:
    """Choose the points to label: those farthest from the origin.

    Args:
        points: ``[N, 2]``.
        max_labels: Number of labels, at most.
        counts: How often each category occurs in training ``[N]``: then only the ``4 * max_labels`` most frequent are candidates,
            as the name of an item that nobody knows tells nothing.
    """
    far = points.norm(dim=1)
    if counts is not None:
        far = far.where(counts >= counts.topk(min(4 * max_labels, len(points))).values[-1], 0)
    return set(far.topk(min(max_labels, len(points))).indices.tolist())


def distance_table(vectors: Tensor, categories: Sequence[str]) -> list[list[str]]:
    """Return for each category its name, the nearest other one and the Euclidean distance to each.

    Args:
        vectors: ``[N, E]``.
        categories: Their names.
    """
    distances = torch.cdist(vectors, vectors)
    others = distances + torch.diag(torch.full((len(categories),), float("inf")))
    nearest = [categories[row] for row in others.argmin(1).tolist()]
    numbers = ([f"{value:.4g}" for value in row] for row in distances.tolist())
    return [[name, near, *row] for name, near, row in zip(categories, nearest, numbers, strict=True)]


def draw_embedding(
    column: str,
    vectors: Tensor,
    categories: Sequence[str],
    max_labels: int,
    counts: Tensor | None = None,
    coordinates: Mapping[str, Sequence[float]] | None = None,
) -> Figure:
    """Draw an embedding on the plane of its principal components; beside it a map, where there are coordinates.

    Args:
        column: Its name.
        vectors: ``[N, E]``.
        categories: Names of the rows.
        max_labels: Number of labels, at most.
        counts: As :func:`rows_to_label` takes them.
        coordinates: Longitude and latitude in degrees, by category.
    """
    points, share = principal_components(vectors)
    coordinates = coordinates or {}
    mapped = [row for row, name in enumerate(categories) if name in coordinates]
    size = 3.3 if len(categories) <= _FEW and not mapped else 5
    figure = new_figure(2 * size if mapped else size + 0.3, size)
    axes = figure.add_subplot(1, 2 if mapped else 1, 1)
    labelled = rows_to_label(points, max_labels if len(points) <= CROWD else min(_NAMED, max_labels), counts)
    names = [name if row in labelled else "" for row, name in enumerate(categories)]
    labelled_scatter(axes, points, names, points[:, 0].numpy() if mapped else BLUE)
    axes.set_xlabel(f"first component ({float(share[0]):.0%} of the variance)")
    axes.set_ylabel(f"second ({float(share[1]):.0%})")
    axes.set_title(f"{len(categories):,} categories, embedding size {vectors.shape[1]}", fontsize=10)
    if mapped:
        beside = figure.add_subplot(1, 2, 2)
        on_map = torch.tensor([list(coordinates[categories[row]]) for row in mapped], dtype=torch.float64)
        labelled_scatter(beside, on_map, [categories[row] for row in mapped], points[mapped, 0].numpy())
        beside.set_aspect(1 / math.cos(math.radians(float(on_map[:, 1].mean()))), adjustable="datalim")
        beside.set_xlabel("longitude (degrees east)")
        beside.set_ylabel("latitude (degrees north)")
        beside.set_title("on the map, coloured by the first component")
    return figure


class EmbeddingMaps(FigureCallback):
    """Draws embeddings of categorical columns and writes their distances after a test.

    Needs a module with ``categories`` (names by column) and ``embedding_table(column)`` ``[categories, E]``. In a recommender
    (a module with ``item``, the column's name), items go by the data module's ``titles()``, and those are labelled that are
    frequent in its ``pairs("train")``, where it has these. Labels never overlap.

    Args:
        folder: Output folder, relative to ``trainer.default_root_dir``.
        columns: Columns to show. Default: those of five categories or more, as fewer lie apart in any plane, and those with
            coordinates.
        max_labels: Number of labels in a figure, at most, those farthest out; of more than 300 categories 25.
        distances: Write no table of distances for more categories than this.
        coordinates: Longitude and latitude, in degrees, by column and category; categories without are left off the map, and a
            column that the module does not have is passed over, so that a configuration serves tables with and without it.

    Raises:
        MisconfigurationException: The module lacks one of these, or has no such column; coordinates are not a pair of degrees;
            ``max_labels`` is below 1.

    Example:
        >>> import torch
        >>> from practicum.callbacks import EmbeddingMaps
        >>> from practicum.callbacks.figures.tabular.embedding_maps import distance_table
        >>> callback = EmbeddingMaps(coordinates={"state": {"BW": [9.2, 48.8]}})
        >>> distance_table(torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]]), ["Mon", "Sun", "Tue"])[0]
        ['Mon', 'Tue', '0', '5', '1']
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] = "figures",
        columns: Sequence[str] | None = None,
        max_labels: int = 80,
        distances: int = 2000,
        coordinates: Mapping[str, Mapping[str, Sequence[float]]] | None = None,
    ) -> None:
        super().__init__()
        if max_labels < 1:
            raise MisconfigurationException(f"EmbeddingMaps: max_labels={max_labels} must be at least 1.")
        self.coordinates = coordinates or {}
        for column, categories in self.coordinates.items():
            for name, place in categories.items():
                if len(place) != 2 or not (abs(place[0]) <= 180 and abs(place[1]) <= 90):
                    raise MisconfigurationException(
                        f"EmbeddingMaps: coordinates.{column}.{name}={list(place)} must be [longitude, latitude] in degrees."
                    )
        self.folder, self.columns, self.max_labels, self.distances = folder, columns, max_labels, distances

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Raise if a column is missing, before anything is trained."""
        self._chosen(pl_module)

    def _chosen(self, module: Any) -> list[str]:
        for name in ("categories", "embedding_table"):
            if not hasattr(module, name):
                raise MisconfigurationException(f"EmbeddingMaps needs {type(module).__name__}.{name}.")
        for column in self.columns or ():
            if column not in module.categories:
                raise MisconfigurationException(
                    f"EmbeddingMaps: there is no categorical column {column!r}; there are {', '.join(module.categories)}."
                )
        if self.columns is not None:
            return list(self.columns)
        enough = {column for column, categories in module.categories.items() if len(categories) >= _LEAST}
        return [column for column in module.categories if column in enough or column in self.coordinates]

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw and write."""
        if not trainer.is_global_zero:
            return
        module: Any = pl_module
        data: Any = getattr(trainer, "datamodule", None)
        titles = data.titles() if hasattr(data, "titles") else {}
        for column, file_name in safe_file_names(self._chosen(module)).items():
            with never_fatal(trainer, f"EmbeddingMaps of {shortened(column)}"):
                vectors, categories = module.embedding_table(column).float().cpu(), module.categories[column]
                is_item = column == getattr(module, "item", None)
                names = [titles.get(category, category) for category in categories] if is_item else categories
                counts = None
                if is_item and hasattr(data, "pairs"):
                    counts = torch.bincount(data.pairs("train")[1], minlength=len(categories))
                path = output_path(trainer, self.folder, f"embeddings_{file_name}.png")
                figure = draw_embedding(column, vectors, names, self.max_labels, counts, self.coordinates.get(column))
                self.write_figure(figure, path, f"Embeddings of {column}", _CAPTION, describe_embedding(column, vectors, names))
                if len(categories) <= self.distances:
                    rows = distance_table(vectors, categories)
                    write_csv(path.with_suffix(".csv"), [column, "nearest", *categories], rows)
