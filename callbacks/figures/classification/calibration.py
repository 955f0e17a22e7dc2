"""Calibration: whether photos that are said to be spiders with probability .8 are spiders in 8 of 10 cases.

**What it does.** Draws accuracy by confidence in ten bins, with the expected calibration error (ECE): how far one is from the
other on average. By choice divides all logits by one number, the *temperature*, for which the loss on the validation photos is
lowest: confidence comes down (or up) to what it is worth, and no prediction changes.

**When to use it.** The curve always; the temperature where probabilities are used as such (costs, thresholds, log-loss).

**Defaults.** Ten bins; no temperature.

**Source.** Guo et al. 2017, "On calibration of modern neural networks", sections 2 and 4.2.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, Trainer
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from ...module_outputs.logits import extract_logits, is_multi_label, replace_logits, to_probabilities
from ...module_outputs.test_outputs import classification_outputs
from ...prediction.forward_override import ForwardOverride
from ...run.atomic_file import atomic_write
from ...trainer_internals.batches import to_device
from ...trainer_internals.gather import gather_objects
from ..canvas import BLUE, GRID, INK, new_figure, save_figure

log = logging.getLogger(__name__)
_BINS = 10


def fit_temperature(logits: Tensor, target: Tensor) -> float:
    """The number that logits are divided by where the loss is lowest; found to one part in a thousand.

    Args:
        logits: ``[N, classes]``.
        target: Classes ``int64 [N]``, or a 0/1 matrix ``[N, classes]``.

    Returns:
        Between .05 and 20. The loss has one minimum in the inverse of it, as it is convex there.
    """
    logits = logits.double()

    def loss(log_temperature: float) -> float:
        scaled = logits / torch.tensor(log_temperature, dtype=torch.float64).exp()
        if target.ndim == 1:
            return float(cross_entropy(scaled, target))
        return float(binary_cross_entropy_with_logits(scaled, target.double()))

    low, high = torch.log(torch.tensor([0.05, 20.0], dtype=torch.float64)).tolist()
    golden = (5**0.5 - 1) / 2
    while high - low > 1e-3:
        left, right = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return float(torch.tensor((low + high) / 2).exp())


def reliability(confidence: Tensor, right: Tensor) -> tuple[Tensor, Tensor, Tensor, float]:
    """Accuracy by confidence.

    Args:
        confidence: Probabilities ``[N]``.
        right: ``[N]``, 1 where what was said is so.

    Returns:
        Of each of ten bins the mean confidence, the accuracy and the count; and the expected calibration error.
    """
    bins = (confidence * _BINS).long().clamp(0, _BINS - 1)
    count = torch.bincount(bins, minlength=_BINS).double()
    mean = torch.bincount(bins, confidence.double(), _BINS) / count.clamp(min=1)
    accuracy = torch.bincount(bins, right.double(), _BINS) / count.clamp(min=1)
    return mean, accuracy, count, float(((mean - accuracy).abs() * count).sum() / count.sum())


class Calibration(Callback):
    """Draws the calibration curve of a test; by choice scales logits by a temperature first.

    The curve needs ``test_step`` to return a dictionary with ``logits`` and ``target``. Multi-label: each class of each photo
    counts. The temperature needs a data module with ``val_dataloader`` of batches ``(x, y)`` and a module whose ``forward`` takes
    ``x`` and returns logits; it is found for the single model before a test, and kept in ``temperature.json`` for predictions. To
    go beneath test-time augmentation, list it before that.

    Args:
        folder: Where ``calibration.png`` goes.
        temperature: Whether to scale.
        keep: Folder of ``temperature.json``. Default: ``folder``.
        multi_label: Sigmoid in place of softmax. Default: the module's attribute of that name, else softmax.

    Raises:
        MisconfigurationException: There is nothing to find the temperature on, none was kept, or the module has a ``threshold``
            of its own, which would no longer fit.
    """

    watches_only = True  # has no part in a training step
    shapes_predictions = True  # predict.py takes it along; an instance without temperature says no

    def __init__(
        self,
        folder: str | os.PathLike[str],
        temperature: bool = False,
        keep: str | os.PathLike[str] | None = None,
        multi_label: bool | None = None,
    ) -> None:
        super().__init__()
        self.path = Path(folder) / "calibration.png"
        self.kept = Path(folder if keep is None else keep) / "temperature.json"
        self.shapes_predictions = temperature
        self.enabled = True
        self.multi_label = multi_label
        self.facts: dict[str, float] = {}
        self._temperature = 1.0
        self._forward: ForwardOverride | None = None
        self._seen: list[tuple[Tensor, Tensor]] = []

    # Temperature ------------------------------------------------------------------------------------------------------

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Put the temperature in the way of ``forward``."""
        if stage not in ("test", "predict") or not (self.shapes_predictions and self.enabled):
            return
        if hasattr(pl_module, "threshold"):
            raise MisconfigurationException(
                f"Calibration: {type(pl_module).__name__} says labels from a threshold that was chosen without a temperature; "
                "leave temperature=false for it."
            )
        self._temperature = 1.0

        def cooled(beneath: Callable[..., Any], *inputs: Any, **options: Any) -> Any:
            output = beneath(*inputs, **options)
            return replace_logits(output, None, extract_logits(output, None, type(self).__name__, pl_module) / self._temperature)

        self._forward = ForwardOverride(pl_module, cooled)

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Find the temperature; begin the curve anew."""
        self._seen = []
        if self._forward is None:
            return
        loader = getattr(getattr(trainer, "datamodule", None), "val_dataloader", None)
        if not callable(loader):
            raise MisconfigurationException("Calibration: temperature=true needs a data module with val_dataloader().")
        own = type(pl_module).forward.__get__(pl_module)  # the model by itself
        logits, targets = [], []
        with torch.no_grad(), trainer.precision_plugin.forward_context():
            for batch in loader():
                x, y = to_device(trainer, pl_module, batch)
                logits.append(own(x).float().cpu())
                targets.append(y.cpu())
        mine = (torch.cat(logits), torch.cat(targets))
        everyone = gather_objects(trainer, mine)
        self._temperature = fit_temperature(*(torch.cat(parts) for parts in zip(*everyone, strict=True)))
        self.facts["calibration/temperature"] = self._temperature
        if trainer.is_global_zero:
            with atomic_write(self.kept) as beside:
                beside.write_text(json.dumps({"temperature": self._temperature}) + "\n")

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take the temperature that was found in the test."""
        if self._forward is None:
            return
        if not self.kept.is_file():
            raise MisconfigurationException(f"Calibration: {self.kept} is missing; test the model first, which finds it.")
        self._temperature = float(json.loads(self.kept.read_text())["temperature"])

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Give ``forward`` back."""
        self._give_back()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Give ``forward`` back."""
        self._give_back()

    def _give_back(self) -> None:
        if self._forward is not None:
            self._forward.remove()
        self._forward = None

    # Curve ------------------------------------------------------------------------------------------------------------

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Note how confident the model was, and whether it was right."""
        logits, target = classification_outputs(outputs, type(self).__name__)
        multi_label = is_multi_label(pl_module, self.multi_label)
        probabilities = to_probabilities(logits, multi_label)
        if multi_label:
            said = probabilities > 0.5
            confidence, right = torch.where(said, probabilities, 1 - probabilities).flatten(), (said == target.bool()).flatten()
        else:
            confidence, index = probabilities.max(1)
            right = index == target
        self._seen.append((confidence.cpu(), right.cpu()))

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw; under several processes those of the first."""
        if not self._seen or not trainer.is_global_zero:
            return
        confidence, right = (torch.cat(parts) for parts in zip(*self._seen, strict=True))
        self._seen = []
        mean, accuracy, count, error = reliability(confidence, right)
        self.facts["calibration/ece"] = error
        filled = count > 0
        figure = new_figure(5.2, 4.6)
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color=GRID, linewidth=1.5)
        axes.bar(
            (torch.arange(_BINS) + 0.5).div(_BINS)[filled].tolist(),
            (count / count.sum())[filled].tolist(),
            0.09,
            color=GRID,
            label="share of all",
        )
        axes.plot(mean[filled].tolist(), accuracy[filled].tolist(), "o-", color=BLUE, label="right")
        scaled = f", temperature {self._temperature:.2f}" if self._forward is not None else ""
        axes.set_title(f"calibration error {error:.3f}{scaled}", color=INK)
        axes.set_xlabel("how sure the model was")
        axes.set_ylabel("how often it was right")
        axes.set_xlim(0, 1.02)
        axes.set_ylim(0, 1.02)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, loc="upper left")
        save_figure(figure, self.path)
