"""Permutation importance: how much worse a test becomes when one column is shuffled.

**What it shows.** Which columns the model leans on. A column whose content another repeats looks less important than it is.
``figures/importance.png`` and ``importance.csv``.

**Source.** Breiman 2001, "Random forests", section 10; Fisher, Rudin, Dominici 2019.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import torch
from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, Trainer
from torch import Tensor

from ...run.atomic_file import write_csv
from ..canvas import BLUE, GRID, new_figure, save_figure


class PermutationImportance(Callback):
    """Measures it at the end of a test, on some of its rows.

    Needs batches ``((codes, numbers), y)`` and a module with ``categories`` (by column), ``continuous`` (names), ``output(x)``
    and ``loss(output, y)``. The first process measures on its own rows.

    Args:
        folder: For the picture and the table.
        rows: To measure on, about so many, spread evenly over the test.
        shown: Columns in the picture, at most.
        seed: Of the shuffling.

    Raises:
        MisconfigurationException: The module lacks one of these.
    """

    watches_only = True

    def __init__(self, folder: str | os.PathLike[str], rows: int = 5000, shown: int = 30, seed: int = 1) -> None:
        super().__init__()
        self.folder, self.rows, self.shown, self.seed = Path(folder), rows, shown, seed
        self._kept: list[tuple[Tensor, Tensor, Tensor]] = []

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin anew."""
        for name in ("categories", "continuous", "output", "loss"):
            if not hasattr(pl_module, name):
                raise MisconfigurationException(f"PermutationImportance needs {type(pl_module).__name__}.{name}.")
        self._kept = []

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep some of its rows."""
        if trainer.is_global_zero:
            (codes, numbers), y = batch
            step = max(1, math.floor(len(y) * trainer.num_test_batches[dataloader_idx] / self.rows))
            self._kept.append((codes[::step], numbers[::step], y[::step]))

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Shuffle one column after another."""
        if not self._kept:
            return
        module: Any = pl_module
        codes, numbers, y = (torch.cat(parts) for parts in zip(*self._kept, strict=True))
        self._kept = []
        generator = torch.Generator().manual_seed(self.seed)
        order = torch.randperm(len(y), generator=generator).to(y.device)
        with torch.inference_mode(), trainer.precision_plugin.forward_context():
            plain = float(module.loss(module.output((codes, numbers)), y))
            worse: dict[str, float] = {}
            for place, column in enumerate(module.categories):
                shuffled = codes.clone()
                shuffled[:, place] = codes[order, place]
                worse[column] = float(module.loss(module.output((shuffled, numbers)), y)) - plain
            for place, column in enumerate(module.continuous):
                shuffled = numbers.clone()
                shuffled[:, place] = numbers[order, place]
                worse[column] = float(module.loss(module.output((codes, shuffled)), y)) - plain
        self._write(dict(sorted(worse.items(), key=lambda pair: -pair[1])), plain)

    def _write(self, worse: dict[str, float], plain: float) -> None:
        write_csv(self.folder / "importance.csv", ("column", "loss is higher by"), worse.items())
        shown = dict(list(worse.items())[: self.shown])
        figure = new_figure(8, 1 + 0.24 * len(shown))
        axes = figure.add_subplot()
        axes.barh(list(shown)[::-1], list(shown.values())[::-1], color=BLUE)
        axes.grid(axis="x", color=GRID)
        axes.set_axisbelow(True)
        axes.set_xlabel(f"loss is higher by, where the column is shuffled (it is {plain:.4g})")
        axes.tick_params(axis="y", labelsize=8)
        save_figure(figure, self.folder / "importance.png")
