"""Permutation importance: how much the loss of a test rises when one column is shuffled.

**What it shows.** Which columns the model relies on. A column whose content another one repeats looks less important than it is.
``figures/importance.png`` and ``importance.csv``.

**Source.** Breiman 2001, "Random forests", section 10; Fisher, Rudin, Dominici 2019.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from matplotlib.figure import Figure
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor

from ...files.atomic_file import write_csv
from ...files.output_path import output_path
from ..canvas import BLUE, GRID, new_figure
from ..figure_callback import FigureCallback
from ..plain_text import shortened

_NAMED = 10  # columns that are named in words
_CAPTION = (
    "The longer a bar to the right, the more the model relies on the column; one at 0 or left of it is chance, and can be left "
    "out; one that is surprisingly long may tell the answer itself: check that it is known when you predict."
)


def describe_importance(rises: Mapping[str, float], baseline: float) -> str:
    """Say in words what :func:`draw_importance` shows.

    Example:
        >>> from practicum.callbacks.figures.tabular.permutation_importance import describe_importance
        >>> describe_importance({"shop": 0.5, "noise": 0.0}, 1.25)
        'Increase of the loss (1.25) when a column is shuffled, highest first: shop 0.5, noise 0.'
    """
    named = ", ".join(f"{shortened(column, 40)} {rise:.3g}" for column, rise in list(rises.items())[:_NAMED])
    more = f" and {len(rises) - _NAMED} more" if len(rises) > _NAMED else ""
    below = sum(rise < 0 for rise in rises.values())
    lowered = f" {below} lower{'s' if below == 1 else ''} the loss when shuffled, by chance." if below else ""
    return f"Increase of the loss ({baseline:.4g}) when a column is shuffled, highest first: {named}{more}.{lowered}"


def permutation_importance(
    loss: Callable[[Tensor, Tensor], float],
    codes: Tensor,
    numbers: Tensor,
    categorical: Iterable[str],
    continuous: Iterable[str],
    seed: int = 1,
) -> tuple[dict[str, float], float]:
    """Measure how much the loss rises when the values of one column are shuffled among the rows.

    Args:
        loss: Of rows' codes and numbers.
        codes: Categorical columns ``int64 [N, C]``.
        numbers: Continuous columns ``[N, D]``.
        categorical: Names of the columns of ``codes``.
        continuous: Names of the columns of ``numbers``.
        seed: Of the permutation, which all columns share.

    Returns:
        The rise by column, the highest first, and the loss of the rows as they are.
    """
    order = torch.randperm(len(codes), generator=torch.Generator().manual_seed(seed)).to(codes.device)
    baseline = loss(codes, numbers)
    rises: dict[str, float] = {}
    for place, column in enumerate(categorical):
        shuffled = codes.clone()
        shuffled[:, place] = codes[order, place]
        rises[column] = loss(shuffled, numbers) - baseline
    for place, column in enumerate(continuous):
        shuffled = numbers.clone()
        shuffled[:, place] = numbers[order, place]
        rises[column] = loss(codes, shuffled) - baseline
    return dict(sorted(rises.items(), key=lambda pair: -pair[1])), baseline


def draw_importance(rises: Mapping[str, float], baseline: float) -> Figure:
    """Draw the rise of the loss by column as bars.

    Args:
        rises: By column, the highest first.
        baseline: The loss of the rows as they are.
    """
    figure = new_figure(8, 1 + 0.24 * len(rises))
    axes = figure.add_subplot()
    axes.barh(range(len(rises)), list(rises.values())[::-1], color=BLUE)
    axes.set_yticks(range(len(rises)), [shortened(column, 40) for column in rises][::-1])
    axes.grid(axis="x", color=GRID)
    axes.set_axisbelow(True)
    axes.set_xlabel(f"increase in loss when the column is shuffled (loss: {baseline:.4g})")
    axes.tick_params(axis="y", labelsize=8)
    return figure


class PermutationImportance(FigureCallback):
    """Measures the importance of each column at the end of a test, on some of its rows.

    Needs batches ``((codes, numbers), y)`` and a module with ``categories`` (by column), ``continuous`` (names), ``output(x)``
    and ``loss(output, y)``. The first process measures on its own rows.

    Args:
        folder: Folder of ``importance.png`` and ``importance.csv``, relative to ``trainer.default_root_dir``.
        rows: Number of rows to measure on, approximately, spread evenly over the test.
        max_columns: Columns in the figure, at most.
        seed: Of the permutation.

    Raises:
        MisconfigurationException: The module lacks one of these, or a number is below 1.

    Example:
        >>> import torch
        >>> from practicum.callbacks import PermutationImportance
        >>> from practicum.callbacks.figures.tabular.permutation_importance import permutation_importance
        >>> callback = PermutationImportance()  # Trainer(callbacks=[callback]) draws figures/importance.png after a test
        >>> codes, numbers = torch.arange(100)[:, None], torch.rand(100, 1)
        >>> loss = lambda codes, numbers: float((codes[:, 0] - torch.arange(100)).float().abs().mean())
        >>> rises, baseline = permutation_importance(loss, codes, numbers, ["shop"], ["noise"])
        >>> rises["shop"] > 10, rises["noise"], baseline
        (True, 0.0, 0.0)
    """

    def __init__(
        self, folder: str | os.PathLike[str] = "figures", rows: int = 5000, max_columns: int = 30, seed: int = 1
    ) -> None:
        super().__init__()
        if rows < 1 or max_columns < 1:
            raise MisconfigurationException(
                f"PermutationImportance: rows={rows} and max_columns={max_columns} must be at least 1."
            )
        self.folder, self.rows, self.max_columns, self.seed = folder, rows, max_columns, seed
        self._kept: list[tuple[Tensor, Tensor, Tensor]] = []

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Raise if the module lacks something, before anything is trained."""
        for name in ("categories", "continuous", "output", "loss"):
            if not hasattr(pl_module, name):
                raise MisconfigurationException(f"PermutationImportance needs {type(pl_module).__name__}.{name}.")

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Reset."""
        self._kept = []
        self.on_fit_start(trainer, pl_module)

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep some of the batch's rows."""
        if trainer.is_global_zero:
            (codes, numbers), y = batch
            step = max(1, math.floor(len(y) * trainer.num_test_batches[dataloader_idx] / self.rows))
            self._kept.append((codes[::step], numbers[::step], y[::step]))

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Shuffle one column after another, write and draw."""
        if not self._kept:
            return
        module: Any = pl_module
        codes, numbers, y = (torch.cat(parts) for parts in zip(*self._kept, strict=True))
        self._kept = []

        def loss(codes: Tensor, numbers: Tensor) -> float:
            return float(module.loss(module.output((codes, numbers)), y))

        with torch.inference_mode(), trainer.precision_plugin.forward_context():
            rises, baseline = permutation_importance(loss, codes, numbers, module.categories, module.continuous, self.seed)
        path = output_path(trainer, self.folder, "importance.csv")
        write_csv(path, ("column", "increase in loss"), rises.items())
        shown = dict(list(rises.items())[: self.max_columns])
        alt = describe_importance(shown, baseline)
        self.write_figure(draw_importance(shown, baseline), path.with_suffix(".png"), "Permutation importance", _CAPTION, alt)
