"""Tables of what was measured, in Markdown."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from typing import Any

HIGHER_IS_BETTER = ("accuracy", "auroc")


def geometric_mean(values: Iterable[float]) -> float:
    """The geometric mean of numbers that are not negative; not a number without any."""
    found = list(values)
    if 0.0 in found:
        return 0.0
    return math.exp(statistics.fmean(map(math.log, found))) if found else math.nan


def error_ratio(metric: str, mine: float, theirs: float) -> float:
    """Our error by another's; of an accuracy the shares of wrong ones.

    Two errors of zero are as good as each other.
    """
    a, b = (1 - mine, 1 - theirs) if metric in HIGHER_IS_BETTER else (mine, theirs)
    if a == b:
        return 1.0
    return a / b if b else math.inf


def median(values: Iterable[float | None]) -> float | None:
    """The middle of what is known."""
    found = [each for each in values if each is not None]
    return statistics.median(found) if found else None


def shown(value: float | None) -> str:
    """Four digits that count; of large numbers all before the point."""
    if value is None or math.isnan(value):
        return ""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.4g}"


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def methods_of(sets: Iterable[dict[str, Any]]) -> list[str]:
    """Names of the peers that were measured on any of these sets, in the order of their first appearance."""
    return list({name: 1 for each in sets for name, runs in each["peers"].items() for run in runs if "missing" not in run})


def kind_table(sets: Sequence[dict[str, Any]]) -> str:
    """The table of one kind of data.

    Args:
        sets: Of each ``name``, ``kind``, ``metrics``, ``ours`` (a list of runs by seed) and ``peers`` (lists of runs by method).

    Returns:
        A row for each set and metric; beside a peer's median stands our error by its error, and in the last row the geometric
        mean of these over the sets, by the first metric of each. Below it what failed, and what was not measured, with the
        reason.
    """
    peers = methods_of(sets)
    photos = any(each["kind"] == "photos" for each in sets)
    head = ["set", "metric", "each seed", "median", "spread", *(f"{name} (ours by it)" for name in peers), "baselines"]
    head += ["last epoch's log-loss by the best's"] if photos else []
    head += ["epochs", "seconds", "measured on"]
    rows, ratios = [], {name: [] for name in peers}
    for each in sets:
        done = [run for run in each["ours"] if "error" not in run]
        for metric in each["metrics"]:
            values = [run["metrics"][metric] for run in done]
            middle = median(values)
            spread = shown(max(values) - min(values)) if values else ""
            row = [each["name"], metric, ", ".join(map(shown, values)), shown(middle), spread]
            for name in peers:
                theirs = median(run.get(metric) for run in each["peers"].get(name, []))
                cell = shown(theirs)
                if theirs is not None and middle is not None:
                    ratio = error_ratio(metric, middle, theirs)
                    cell += f" ({ratio:.3f})"
                    if metric == each["metrics"][0]:
                        ratios[name].append(ratio)
                row.append(cell)
            row.append(_baselines(done, metric))
            if photos:
                row.append(", ".join(f"{run['last'] / run['best']:.2f}" for run in done if run["best"]))
            row += [
                ", ".join(str(run["epochs"]) for run in done),
                _seconds([run["seconds"] for run in done], {name: each["peers"].get(name, []) for name in peers}),
                ", ".join(dict.fromkeys(run["measured_on"] for run in done)),
            ]
            rows.append(row)
    if any(ratios.values()):
        means = [f"{geometric_mean(ratios[name]):.3f} of {len(ratios[name])}" for name in peers]
        rows.append(["geometric mean", "", "", "", "", *means, *[""] * (len(head) - 5 - len(peers))])
    return "\n".join([markdown(head, rows), "", *_notes(sets)])


def _baselines(runs: Sequence[dict[str, Any]], metric: str) -> str:
    names = dict.fromkeys(name for run in runs for name, values in run["baselines"].items() if metric in values)
    return ", ".join(f"{name} {shown(median(run['baselines'].get(name, {}).get(metric) for run in runs))}" for name in names)


def _seconds(mine: Sequence[float], peers: dict[str, list[dict[str, Any]]]) -> str:
    parts = [f"{statistics.median(mine):.0f}"] if mine else []
    for name, runs in peers.items():
        if (took := median(run.get("seconds") for run in runs)) is not None:
            parts.append(f"{name} {took:.0f}")
    return ", ".join(parts)


def _notes(sets: Sequence[dict[str, Any]]) -> list[str]:
    notes = [f"- {each['name']}: a run failed: {run['error']}" for each in sets for run in each["ours"] if "error" in run]
    reasons: dict[str, list[str]] = {}
    for each in sets:
        if not each["peers"]:
            reasons.setdefault("no peer was run", []).append(each["name"])
        for name, runs in each["peers"].items():
            for run in runs:
                if "missing" in run:
                    reasons.setdefault(f"{name} was not measured: {run['missing']}", []).append(each["name"])
    return notes + [f"- {', '.join(dict.fromkeys(names))}: {reason}" for reason, names in reasons.items()]
