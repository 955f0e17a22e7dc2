"""A claim's page: its sentence, the command, a table, and what the intervals say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..defaults_parts.report import markdown, shown
from .claim import Claim
from .intervals import gain, interval, verdict


def with_interval(mean: float, half: float) -> str:
    """A mean and half of its interval, where there is one."""
    return shown(mean) if math.isnan(half) else f"{shown(mean)} ± {shown(half)}"


def claim_page(claim: Claim, measured: dict[str, dict[str, list[dict[str, Any]]]], names: Sequence[str]) -> str:
    """A page in Markdown.

    Args:
        claim: What is claimed.
        measured: By data set and variant the runs, seed by seed; runs with ``error`` are counted and left out of means.
        names: Metrics, and more figures, in the order of the columns.
    """
    rows = []
    for data, variants in measured.items():
        reference = variants.get(claim.variants[0].label, [])
        for label, runs in variants.items():
            rows.append([data, label, *(_cell(name, runs, reference, label == claim.variants[0].label) for name in names)])
    failed = [
        f"{data}, {label}, seed {seed}: {run['error']}"
        for data, variants in measured.items()
        for label, runs in variants.items()
        for seed, run in enumerate(runs, start=1)
        if "error" in run
    ]
    seeds = max((len(runs) for variants in measured.values() for runs in variants.values()), default=0)
    by_first = f"gains are over *{claim.variants[0].label}*, paired by seed"
    lines = [
        f"## {claim.name}",
        f"> {claim.sentence} ({claim.source})",
        f"`python -m benchmarks.claims {claim.name} DATA --output DIR`; {seeds} seeds, mean ± 95 % interval; {by_first}.",
        markdown(["data", "variant", *names], rows),
        *(f"- failed: {each}" for each in failed),
    ]
    return "\n\n".join(lines) + "\n"


def _cell(name: str, runs: Sequence[dict[str, Any]], reference: Sequence[dict[str, Any]], is_reference: bool) -> str:
    pairs = [
        (run["values"][name], than.get("values", {}).get(name))
        for run, than in zip(runs, reference, strict=False)
        if "error" not in run and run["values"].get(name) is not None
    ]
    if not pairs:
        return ""
    mine = with_interval(*interval([value for value, _ in pairs]))
    both = [(value, than) for value, than in pairs if than is not None]
    if is_reference or not both:
        return mine
    mean, half = gain(name, [value for value, _ in both], [than for _, than in both])
    return f"{mine} ({'+' if mean >= 0 else ''}{with_interval(mean, half)}: {verdict(mean, half)})"
