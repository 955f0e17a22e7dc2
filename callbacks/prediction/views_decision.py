"""Whether augmented views are averaged: found on the validation data by a test, kept in a file, and read by predictions."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from practicum.lightning_shim import MisconfigurationException, Trainer
from torch import Tensor

from ..files.atomic_file import atomic_write
from ..trainer_internals.gather import gather_objects
from .validation_loss import summed_log_loss

FILE = "tta.json"


@dataclass(frozen=True)
class ViewsDecision:
    """The log-loss of the validation data without augmented views and with them.

    Args:
        plain: Without.
        averaged: With.

    Example:
        >>> from practicum.callbacks.prediction.views_decision import ViewsDecision
        >>> ViewsDecision(plain=0.396, averaged=0.564).helps
        False
    """

    plain: float
    averaged: float

    @property
    def helps(self) -> bool:
        """Whether the log-loss with views is as low as that without, or lower."""
        return self.averaged <= self.plain

    def __str__(self) -> str:
        return f"with them the log-loss of validation is {self.averaged:.4f}, without {self.plain:.4f}"

    def write(self, folder: Path) -> None:
        """Write ``tta.json`` into a run folder."""
        with atomic_write(folder / FILE) as beside:
            beside.write_text(json.dumps(asdict(self)) + "\n", encoding="utf-8")


def read_decision(folder: Path) -> ViewsDecision:
    """Read what a test has found.

    Args:
        folder: The run folder.

    Raises:
        MisconfigurationException: ``tta.json`` is missing or damaged.
    """
    path = folder / FILE
    try:
        found = json.loads(path.read_bytes())
        return ViewsDecision(plain=float(found["plain"]), averaged=float(found["averaged"]))
    except FileNotFoundError as error:
        raise MisconfigurationException(
            f"{path} is missing: the model's test finds whether augmented views help and writes it; copy the whole run folder, "
            "or test again."
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise MisconfigurationException(f"{path}: damaged; test the model again, which writes it.") from error


def left_out(folder: Path) -> bool:
    """Return whether the test of a run has found that its predictions are made without views.

    Args:
        folder: The run folder; one without ``tta.json`` leaves none out.
    """
    return (folder / FILE).is_file() and not read_decision(folder).helps


class LossSums:
    """Sums of the log-loss without views and with them, over the batches of the validation data.

    Args:
        asks: The callback's option that compares them, for messages.
        multi_label: Whether each class is a prediction of its own.
    """

    def __init__(self, asks: str, multi_label: bool) -> None:
        self.asks, self.multi_label = asks, multi_label
        self._plain, self._averaged, self._rows = 0.0, 0.0, 0

    def add(self, plain: Tensor, averaged: Tensor, target: Tensor) -> None:
        """Add a batch: logits without views and with them, and what is true."""
        self._plain += summed_log_loss(plain, target, self.multi_label, self.asks)
        self._averaged += summed_log_loss(averaged, target, self.multi_label, self.asks)
        self._rows += len(target)

    def decide(self, trainer: Trainer) -> ViewsDecision:
        """Return the means over all processes, each of which must call it.

        Raises:
            MisconfigurationException: There was no row.
        """
        parts = gather_objects(trainer, (self._plain, self._averaged, self._rows))
        plain, averaged, rows = (sum(each) for each in zip(*parts, strict=True))
        if not rows:
            raise MisconfigurationException(f"{self.asks} needs validation data; there is no row.")
        return ViewsDecision(plain / rows, averaged / rows)
