"""Two runs of the benchmarks beside each other: whether what they measured overlaps."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..defaults_parts.report import markdown
from ..measurements import OURS
from .catalogue import Benchmark
from .results_page import interval, middle, spread


@dataclass(frozen=True)
class Pair:
    """One side of one metric in both runs."""

    benchmark: str
    metric: str
    side: str
    first: list[Any]
    second: list[Any]
    better: str

    @property
    def overlap(self) -> bool:
        """Whether the intervals from the smallest to the largest value have something in common."""
        (low, high), (other_low, other_high) = interval(self.first, self.better), interval(self.second, self.better)
        return low <= other_high and other_low <= high

    @property
    def by_chance(self) -> float:
        """How probably the intervals have nothing in common though both runs measure the same, whatever its distribution.

        All orders of ``n + m`` values are then equally probable, and two have one run's before the other's. 0 where both runs
        have the same values, such as those that a seed decides.
        """
        both = len(self.first) + len(self.second)
        return 0.0 if self.first == self.second else 2 / math.comb(both, len(self.first))

    @property
    def apart(self) -> float:
        """By what factor the medians differ, 1 or more; infinite if one run alone reached the mark."""
        one, other = (middle(values, self.better) for values in (self.first, self.second))
        if one == other:
            return 1.0
        if not all(math.isfinite(value) and value > 0 for value in (one, other)):
            return math.inf
        return max(one, other) / min(one, other)


def pairs(first: Path, second: Path, catalogue: Sequence[Benchmark]) -> Iterator[Pair]:
    """What both folders of results have, in the catalogue's order."""
    for each in catalogue:
        found = [_metrics(folder / f"{each.name}.json") for folder in (first, second)]
        for metric, facts in found[0].items():
            for side, values in facts["sides"].items():
                others = found[1].get(metric, {}).get("sides", {}).get(side)
                if others:
                    yield Pair(each.name, metric, side, values, others, facts["better"])


def ratios(found: Sequence[Pair]) -> list[Pair]:
    """How far ours is ahead of each other side, turn by turn: a machine that is slower in one run slows both."""
    ours = {(each.benchmark, each.metric): each for each in found if each.side == OURS}
    made = []
    for each in found:
        mine = ours.get((each.benchmark, each.metric))
        if mine is None or each.side == OURS:
            continue
        sides = [(mine.first, each.first), (mine.second, each.second)]
        if all(len(one) == len(other) and _positive([*one, *other]) for one, other in sides):
            turns = [[a / b if each.better == "more" else b / a for a, b in zip(*side, strict=True)] for side in sides]
            made.append(Pair(each.benchmark, each.metric, f"{OURS} by {each.side}", *turns, "more"))
    return made


def _positive(values: Sequence[Any]) -> bool:
    return all(isinstance(each, int | float) and each > 0 for each in values)


def comparison(found: list[Pair]) -> str:
    """A table of both runs, and sentences that count: what was measured, and ours by the others."""
    rows = [_row(each) for each in found]
    apart = [each for each in found if not each.overlap]
    text = f"{len(found) - len(apart)} of {len(found)} intervals of the second run overlap with the first one's."
    text += f" By chance alone about {sum(each.by_chance for each in found):.1f} would not."
    if apart:
        furthest = max(apart, key=lambda each: each.apart)
        text += f" The furthest apart: {furthest.benchmark}, {furthest.metric}, {furthest.side}: {_verdict(furthest)}."
    if by_turn := ratios(found):
        text += f"\n\nOf ours by the others, turn by turn, {sum(each.overlap for each in by_turn)} of {len(by_turn)} overlap"
        text += f" (by chance {sum(each.by_chance for each in by_turn):.1f} would not)"
        if lines := [_row(each) for each in by_turn if not each.overlap]:
            head = ["benchmark", "measured", "ratio", "first run", "second run", "overlap"]
            text += f"; not these:\n\n{markdown(head, lines)}"
        else:
            text += "."
    return f"{markdown(['benchmark', 'measured', 'who', 'first run', 'second run', 'overlap'], rows)}\n\n{text}"


def _row(pair: Pair) -> list[str]:
    return [pair.benchmark, pair.metric, pair.side, spread(pair.first), spread(pair.second), _verdict(pair)]


def _verdict(pair: Pair) -> str:
    if pair.overlap:
        return "yes"
    return f"no, by {pair.apart:.2f}" if math.isfinite(pair.apart) else "no, one alone reached it"


def _metrics(path: Path) -> dict[str, Any]:
    """Metrics of a benchmark's file; none where it is missing or has failed."""
    if not path.is_file():
        return {}
    return dict(json.loads(path.read_text(encoding="utf-8")).get("measured", {}).get("metrics", {}))
