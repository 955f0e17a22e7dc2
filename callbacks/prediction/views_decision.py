"""Whether augmented views are averaged: found on the validation data by a test, kept in a file, and read by predictions."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from practicum.lightning_shim import MisconfigurationException

from ..files.atomic_file import atomic_write

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
