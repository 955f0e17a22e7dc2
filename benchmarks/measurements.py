"""What a benchmark has measured, in the one form that ``python -m benchmarks`` reads: ``--json FILE`` of each script.

Needs nothing but Python, so that scripts of ``peers/`` can use it, too.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

OURS = "practicum"  # the side that others are compared with


class Measurements:
    """Values by metric and side, repeated measurements in the order of time.

    Example:
        >>> found = Measurements()
        >>> found.note("images per second", OURS, 120.0)
        >>> found.note("images per second", "fastai", 60.0)
        >>> found.note("seconds to .96", "fastai", missed="best .954 of 4, 80 s", better="less")
        >>> found.metrics["images per second"]["sides"]
        {'practicum': [120.0], 'fastai': [60.0]}
    """

    def __init__(self) -> None:
        self.metrics: dict[str, dict[str, Any]] = {}
        self.settings: dict[str, str] = {}
        self.pages: list[str] = []

    def note(self, metric: str, side: str, value: float | None = None, better: str = "more", missed: str | None = None) -> None:
        """Add a measurement.

        Args:
            metric: What was measured, with its unit.
            side: Who was: :data:`OURS`, a peer, ``bare loop`` (the limit: the same work without any library).
            value: The number; ``None``: there is none.
            better: ``more`` or ``less`` of it is better; ``""``: neither.
            missed: Why there is no number, such as a mark that was not reached.

        Raises:
            ValueError: Neither or both of ``value`` and ``missed`` are given, or ``better`` is another word.
        """
        if (value is None) == (missed is None):
            raise ValueError(f"{metric}, {side}: a number, or why there is none, is needed.")
        if better not in ("more", "less", ""):
            raise ValueError(f"{metric}: better={better} must be more, less or empty.")
        place = self.metrics.setdefault(metric, {"better": better, "sides": {}})
        place["sides"].setdefault(side, []).append({"missed": missed} if value is None else float(value))

    def operations(self, metric: str, per_unit: float, precisions: dict[str, str]) -> None:
        """Say how many floating-point operations of matrix products one unit of a metric takes.

        Args:
            metric: A rate per second.
            per_unit: Operations.
            precisions: By side ``32-true`` or ``bf16-mixed``: whose product is the limit.
        """
        self.metrics[metric] |= {"operations": per_unit, "precisions": precisions}

    def setting(self, side: str, text: str) -> None:
        """Say with which settings a side was measured, and where these are documented."""
        self.settings[side] = text

    def page(self, text: str) -> None:
        """Add a page in Markdown, of a benchmark that writes one of its own."""
        self.pages.append(text)

    def write(self, path: Path | None) -> None:
        """Write all of it, whole or not at all; ``None``: nowhere."""
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.part")
        content = {"metrics": self.metrics, "settings": self.settings, "pages": self.pages}
        beside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        beside.replace(path)


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--json``."""
    parser.add_argument("--json", type=lambda text: Path(text).resolve(), help="file for what was measured")


def threads() -> int:
    """Threads that both sides may use: ``OMP_NUM_THREADS``, or one for each core."""
    return int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)
