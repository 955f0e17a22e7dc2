"""Learning curves: loss and metrics by epoch, for training and validation.

**What it shows.** Whether training goes on paying (validation loss still falls), has begun to learn by heart (training falls,
validation rises) or never got going. ``figures/curves.png``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from matplotlib.ticker import MaxNLocator
from practicum.lightning_shim import Callback, LightningModule, Trainer

from .canvas import BLUE, GRID, ORANGE, new_figure, save_figure


class LearningCurves(Callback):
    """Draws every ``train/`` and ``val/`` value that the module logs by epoch, one panel a name.

    Args:
        folder: Where ``curves.png`` goes.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        super().__init__()
        self.path = Path(folder) / "curves.png"
        self.history: dict[str, list[tuple[int, float]]] = {}

    def state_dict(self) -> dict[str, Any]:
        """The values so far."""
        return {"history": self.history}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from them."""
        self.history = {name: [(int(e), float(v)) for e, v in points] for name, points in state_dict["history"].items()}

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take the values of this epoch; validation has run by now."""
        for name, value in trainer.callback_metrics.items():
            if name.endswith("_step"):
                continue
            self.history.setdefault(name.removesuffix("_epoch"), []).append((trainer.current_epoch + 1, float(value)))

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw."""
        if not trainer.is_global_zero or not self.history:
            return
        panels = sorted({name.partition("/")[2] for name in self.history}, key=lambda name: (name != "loss", name))
        figure = new_figure(4.6 * len(panels), 3.4)
        for number, panel in enumerate(panels, 1):
            axes = figure.add_subplot(1, len(panels), number)
            for stage, colour in (("train", ORANGE), ("val", BLUE)):
                points = dict(self.history.get(f"{stage}/{panel}", []))
                if points:
                    label = "training" if stage == "train" else "validation"
                    axes.plot(list(points), list(points.values()), "o-", color=colour, label=label, markersize=4)
            axes.set_title(panel)
            axes.set_xlabel("epoch")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.grid(color=GRID)
            axes.spines[["top", "right"]].set_visible(False)
            axes.legend(frameon=False)
        save_figure(figure, self.path)
