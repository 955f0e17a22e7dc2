"""What embeddings know: each column's levels on a plane, and which lie nearest to which.

**What it shows.** Levels that the model holds to be alike: the days of a week as a ring, states beside their neighbours.
``figures/embeddings_<column>.png``: the first two principal components; ``embeddings_<column>.csv``: the distance of each level
to each other, and which is nearest. Levels that lie somewhere (states, shops) are drawn a second time as on a map, both in the
colours of the first component, so that one sees whether the network found out.

**Source.** Guo & Berkhahn 2016, figure 3.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, Trainer
from torch import Tensor

from ...run.atomic_file import write_csv
from ..canvas import BLUE, GRID, new_figure, save_figure


def principal_components(vectors: Tensor, count: int = 2) -> tuple[Tensor, Tensor]:
    """Coordinates along the directions of largest variance.

    Args:
        vectors: ``[N, E]``.
        count: How many directions.

    Returns:
        ``[N, count]``, zeros where there are fewer directions; and the share of the variance along each ``[count]``.
    """
    centred = vectors.double() - vectors.double().mean(0)
    u, s, _ = torch.linalg.svd(centred, full_matrices=False)
    u = u * u.gather(0, u.abs().argmax(0, keepdim=True)).sign()  # the largest is positive: the same picture each time
    places = torch.zeros(len(vectors), count, dtype=torch.float64)
    share = torch.zeros(count, dtype=torch.float64)
    found = min(count, len(s))
    places[:, :found] = (u * s)[:, :found]
    share[:found] = (s.square() / s.square().sum().clamp(min=1e-30))[:found]
    return places, share


class EmbeddingMaps(Callback):
    """Draws and writes them after a test.

    Needs a module with ``categories`` (levels by column) and ``embedding_table(column)`` ``[levels, width]``. Of recommenders
    (``item``: a column's name) items go by the data module's ``titles()``, and those are named that stand in many of its
    ``pairs("train")``, where it has these. Names never lie on one another.

    Args:
        folder: For pictures and tables.
        columns: Whose. Default: those of 3 levels or more.
        named: Levels that are named in a picture, at most; of more only these, those farthest out.
        distances: No table of distances for more levels than this.
        places: Longitude and latitude, in degrees, of a column's levels, by column and level; levels without are left off the
            map, and a column that the module does not have is passed over (a recipe serves tables with and without it).

    Raises:
        MisconfigurationException: The module lacks one of these, or has no such column; a place is not a pair of degrees.
    """

    watches_only = True

    def __init__(
        self,
        folder: str | os.PathLike[str],
        columns: Sequence[str] | None = None,
        named: int = 80,
        distances: int = 2000,
        places: Mapping[str, Mapping[str, Sequence[float]]] | None = None,
    ) -> None:
        super().__init__()
        self.places = places or {}
        for column, levels in self.places.items():
            for level, place in levels.items():
                if len(place) != 2 or not (abs(place[0]) <= 180 and abs(place[1]) <= 90):
                    raise MisconfigurationException(
                        f"EmbeddingMaps: places.{column}.{level}={list(place)} must be [longitude, latitude] in degrees."
                    )
        self.folder, self.columns, self.named, self.distances = Path(folder), columns, named, distances

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Refuse a column that is not there, before anything is trained."""
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
        return [column for column, levels in module.categories.items() if len(levels) >= 3]

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw and write."""
        if not trainer.is_global_zero:
            return
        module: Any = pl_module
        data: Any = getattr(trainer, "datamodule", None)
        titles = data.titles() if hasattr(data, "titles") else {}
        for column in self._chosen(module):
            vectors, levels = module.embedding_table(column).float().cpu(), module.categories[column]
            is_item = column == getattr(module, "item", None)
            names = [titles.get(level, level) for level in levels] if is_item else levels
            known = torch.bincount(data.pairs("train")[1], minlength=len(levels)) if is_item and hasattr(data, "pairs") else None
            self._draw(column, vectors, names, known)
            if len(levels) <= self.distances:
                self._write(column, vectors, levels)

    def _draw(self, column: str, vectors: Tensor, levels: Sequence[str], known: Tensor | None) -> None:
        points, share = principal_components(vectors)
        where = self.places.get(column, {})
        mapped = [row for row, level in enumerate(levels) if level in where]
        figure = new_figure(12.4 if mapped else 6.4, 6)
        axes = figure.add_subplot(1, 2 if mapped else 1, 1)
        colour = points[:, 0].numpy() if mapped else BLUE
        far = points.norm(dim=1)
        if known is not None:  # of items that nobody knows a name tells nothing
            far = far.where(known >= known.topk(min(4 * self.named, len(levels))).values[-1], 0)
        named = set(far.topk(min(self.named, len(levels))).indices.tolist())
        _scatter(axes, points, [level if row in named else "" for row, level in enumerate(levels)], colour)
        axes.set_xlabel(f"first principal component ({float(share[0]):.0%} of the variance)")
        axes.set_ylabel(f"second ({float(share[1]):.0%})")
        axes.set_title(f"{column}: {len(levels):,} levels, {vectors.shape[1]} wide")
        if mapped:
            beside = figure.add_subplot(1, 2, 2)
            on_map = torch.tensor([list(where[levels[row]]) for row in mapped], dtype=torch.float64)
            _scatter(beside, on_map, [levels[row] for row in mapped], points[mapped, 0].numpy())
            beside.set_aspect(1 / math.cos(math.radians(float(on_map[:, 1].mean()))), adjustable="datalim")
            beside.set_xlabel("degrees east")
            beside.set_ylabel("degrees north")
            beside.set_title("where they lie, in the colours of the first component")
        save_figure(figure, self.folder / f"embeddings_{column}.png")

    def _write(self, column: str, vectors: Tensor, levels: Sequence[str]) -> None:
        distances = torch.cdist(vectors, vectors)
        others = distances + torch.diag(torch.full((len(levels),), float("inf")))
        nearest = [levels[row] for row in others.argmin(1).tolist()]
        path = self.folder / f"embeddings_{column}.csv"
        numbers = ([f"{value:.4g}" for value in row] for row in distances.tolist())
        rows = ([level, near, *row] for level, near, row in zip(levels, nearest, numbers, strict=True))
        write_csv(path, [column, "nearest", *levels], rows)


def _scatter(axes: Any, points: Tensor, names: Sequence[str], colour: Any) -> None:
    axes.grid(color=GRID)
    axes.set_axisbelow(True)
    many = len(points) > 300
    axes.scatter(points[:, 0], points[:, 1], s=14 if isinstance(colour, str) else 40, c=colour, alpha=0.4 if many else 1)
    axes.margins(0.08)
    axes.figure.draw_without_rendering()  # where things lie is known only then
    renderer = axes.figure.canvas.get_renderer()
    taken: list[Any] = []
    far = (points - points.mean(0)).norm(dim=1).argsort(descending=True).tolist()
    for row in far:  # the farthest out first
        if not names[row]:
            continue
        x, y = points[row].tolist()
        sides = ("right", "left") if x > float(points[:, 0].mean()) else ("left", "right")  # inwards, if there is room
        for side, up in ((side, up) for side in sides for up in (4, -11)):
            place = (-4 if side == "right" else 4, up)
            label = axes.annotate(names[row], (x, y), place, textcoords="offset points", fontsize=8, ha=side)
            label.set_bbox({"facecolor": "white", "alpha": 0.6, "edgecolor": "none", "pad": 0.5})
            box = label.get_window_extent(renderer)
            if not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            label.remove()  # a name that would lie on others wherever it is put is left out
