"""Temperature scaling: all logits are divided by one number, so that probabilities match how often predictions are correct.

**What it does.** Finds the *temperature* for which the loss on the validation data is lowest. It lowers (or raises) confidence
and changes no prediction.

**When to use it.** Where probabilities are used as such: costs, thresholds, log-loss.

**Source.** Guo et al. 2017, "On calibration of modern neural networks", section 4.2.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from ..files.atomic_file import atomic_write
from ..module_outputs.logits import extract_logits, replace_logits
from ..trainer_internals.batches import to_device
from ..trainer_internals.gather import gather_objects
from ..trainer_internals.private_names import check_private_names
from .prediction_transform import PredictionTransform
from .validation_loss import inputs_and_target, validation_batches, validation_loader


def fit_temperature(logits: Tensor, target: Tensor) -> float:
    """Return the number by which to divide logits so that the loss is lowest, to within 0.1 %.

    Args:
        logits: ``[N, classes]``.
        target: Classes ``int64 [N]``, or a 0/1 matrix ``[N, classes]``.

    Returns:
        Between 0.05 and 20. The loss has one minimum, as it is convex in the inverse of the temperature.
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


def read_temperature(path: Path) -> float:
    """Read the temperature that a test has kept.

    Args:
        path: ``temperature.json`` of a run.

    Raises:
        MisconfigurationException: It is missing or damaged.
    """
    try:
        temperature = float(json.loads(path.read_bytes())["temperature"])
    except FileNotFoundError as error:
        raise MisconfigurationException(
            f"{path} is missing: the model's test finds the temperature and writes it; copy the whole run folder, or test again."
        ) from error
    except (ValueError, TypeError, KeyError):
        temperature = math.nan
    if not 0 < temperature < math.inf:
        raise MisconfigurationException(f"{path}: damaged, it holds no temperature; test the model again, which writes it.")
    return temperature


class TemperatureScaling(PredictionTransform):
    """Divides logits by a temperature that is found on the validation data before a test, and kept in a file for predictions.

    Needs a data module with ``val_dataloader`` of batches ``(x, y)`` and a module whose ``forward`` takes ``x`` and returns
    logits. The temperature is that of the module by itself; to scale beneath test-time augmentation, list it before that.

    Args:
        temperature_file: JSON file of the temperature; a relative path is below the trainer's ``default_root_dir``.
        output: The key of the logits if ``forward`` returns a dictionary.

    Attributes:
        temperature: The present one.
        facts: ``calibration/temperature``, once found.

    Raises:
        MisconfigurationException: There are no validation data to find the temperature on, none was kept, or the module has a
            ``threshold`` of its own, which would no longer fit.
    """

    def __init__(self, temperature_file: str | os.PathLike[str] = "temperature.json", output: str | None = None) -> None:
        super().__init__()
        self.temperature_file, self.output = temperature_file, output
        self.temperature = 1.0
        self.facts: dict[str, float] = {}

    def _path(self, trainer: Trainer) -> Path:
        return Path(trainer.default_root_dir) / self.temperature_file

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Replace ``forward`` in a test or prediction; before a fit check what the test will need."""
        if stage not in ("fit", "test", "predict") or not (self.transforms and self.enabled):
            return
        name = type(self).__name__
        check_private_names(trainer, "batches.py")
        if hasattr(pl_module, "threshold"):
            raise MisconfigurationException(
                f"{name}: {type(pl_module).__name__} predicts labels by a threshold that was chosen without a temperature; leave "
                "temperature=False for it."
            )
        if stage == "fit":
            validation_loader(trainer, f"{name}: temperature=True")
            return
        self.temperature = 1.0

        def scaled(beneath: Callable[..., Any], *inputs: Any, **options: Any) -> Any:
            output = beneath(*inputs, **options)
            return replace_logits(output, self.output, extract_logits(output, self.output, name, pl_module) / self.temperature)

        self.override(pl_module, scaled)

    @property
    def needs_logits(self) -> bool:
        """Whether it scales."""
        return self.transforms

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Find the temperature and keep it."""
        if not self.overrides:
            return
        asks = f"{type(self).__name__}: temperature=True"
        own = type(pl_module).forward.__get__(pl_module)  # the module by itself
        logits, targets = [], []
        with torch.no_grad(), trainer.precision_plugin.forward_context():
            for batch in validation_batches(trainer, asks):
                x, y = inputs_and_target(to_device(trainer, pl_module, batch), asks)
                logits.append(extract_logits(own(x), self.output, type(self).__name__, pl_module).float().cpu())
                targets.append(y.cpu())
        if not logits:
            raise MisconfigurationException(f"{asks} needs validation data; there is no row.")
        everyone = gather_objects(trainer, (torch.cat(logits), torch.cat(targets)))
        self.temperature = fit_temperature(*(torch.cat(parts) for parts in zip(*everyone, strict=True)))
        self.facts["calibration/temperature"] = self.temperature
        if trainer.is_global_zero and not trainer.fast_dev_run:  # type: ignore[attr-defined] # a trial of the code
            with atomic_write(self._path(trainer)) as beside:
                beside.write_text(json.dumps({"temperature": self.temperature}) + "\n", encoding="utf-8")

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Read the temperature that was found in the test."""
        if not self.overrides:
            return
        self.temperature = read_temperature(self._path(trainer))
