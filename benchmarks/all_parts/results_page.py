"""``RESULTS.md``: a page from the files of results; what else stands in it is kept."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..defaults_parts.report import markdown, shown
from ..measurements import OURS
from .catalogue import Benchmark

BEGIN, END = "<!-- written by python -m benchmarks -->", "<!-- the end of what python -m benchmarks writes -->"
NOTHING = "—"
ENOUGH = 0.7  # of a core, for a benchmark that computes all the time


def rewrite(path: Path, content: str) -> None:
    """Replace what lies between the two marks of a file; everything else in it stays.

    Without marks they are put below the first heading; without a file one is made. It is replaced at once.

    Raises:
        ValueError: One mark is there without the other.
    """
    text = path.read_text(encoding="utf-8") if path.is_file() else "# Results\n"
    if (BEGIN in text) != (END in text):
        raise ValueError(f"{path}: one of the two lines is missing between which the results stand: {BEGIN} and {END}")
    if BEGIN in text:
        before, _, rest = text.partition(BEGIN)
        after = rest.partition(END)[2]
    else:
        head, newline, rest = text.partition("\n")
        before, after = f"{head}{newline}\n", f"\n{rest}" if rest else "\n"
    beside = path.with_name(f".{path.name}.part")
    beside.write_text(f"{before}{BEGIN}\n\n{content.strip()}\n\n{END}{after}", encoding="utf-8")
    beside.replace(path)


def results_page(runs: Mapping[str, dict[str, Any]], left_out: Mapping[str, str], catalogue: Sequence[Benchmark]) -> str:
    """The page in Markdown.

    Args:
        runs: By benchmark what its file holds.
        left_out: By benchmark why it was not run.
        catalogue: All benchmarks, in the order of the page.
    """
    done = [each for each in catalogue if each.name in runs and "error" not in runs[each.name]]
    failed = [each for each in catalogue if "error" in runs.get(each.name, {})]
    parts = ["## On one processor"]
    if done:
        here = _machine(runs[done[-1].name]["machine"])
        limits = _largest_products([one for each in done for one in runs[each.name]["machines"]])
        revisions = ", ".join(sorted({one for each in done for one in runs[each.name]["revisions"]}))
        peers = {name: number for each in done for name, number in runs[each.name]["peers"].items()}
        parts += [
            f"`python -m benchmarks DATA --output DIR`, revision {revisions}. {here} {_limits(limits.get(here))}"
            + (f" Peers: {', '.join(f'{name} {number}' for name, number in sorted(peers.items()))}." if peers else ""),
            "Each number is a median, in brackets the smallest and the largest: of several passes over the list, both sides "
            "in turn in each (N is the number of the pass); where none are named, of the repetitions or seeds in one. "
            f"**Better by** above 1: {OURS} is ahead, by its rate over the other's or the other's seconds or errors over its; "
            "beside a bare loop it is the share of the speed that any library could reach.",
        ]
        if rows := [row for each in done for row in _glance(each.name, runs[each.name]["measured"]["metrics"])]:
            parts.append(markdown(["benchmark", "measured", OURS, "best other", "better by"], rows))
    parts += [_section(each, runs[each.name], here, limits) for each in done]
    notes = [f"- {each.name}: **failed**: {runs[each.name]['error']}" for each in failed]
    reasons: dict[str, list[str]] = {}
    for each in catalogue:
        if each.name in left_out:
            reasons.setdefault(left_out[each.name], []).append(each.name)
    notes += [f"- {', '.join(names)}: {reason}" for reason, names in reasons.items()]
    return "\n\n".join([*parts, *(["### Not measured", "\n".join(notes)] if notes else [])])


def _machine(facts: Mapping[str, Any]) -> str:
    """Processor, threads and versions, in a sentence."""
    if not facts:
        return "The machine is not known."
    packages = ", ".join(f"{name} {number}" for name, number in facts["packages"].items())
    count = facts["threads"]
    return (
        f"{facts['processor']}, {facts['system']}, {facts['usable cores']} of {facts['cores']} cores, "
        f"{count} thread{'s' * (count > 1)}; {packages}."
    )


def _largest_products(machines: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """By machine the speed of its products: the largest that was measured, as other work only slows them."""
    found: dict[str, dict[str, float]] = {}
    for each in machines:
        place = found.setdefault(_machine(each), {})
        for kind, speed in each.get("product, GFLOP/s", {}).items():
            place[kind] = max(speed, place.get(kind, 0.0))
    return found


def _limits(speeds: Mapping[str, float] | None) -> str:
    if not speeds:
        return ""
    full, half = (shown(speeds[kind]) for kind in ("32-true", "bf16-mixed"))
    return f"A large matrix product reaches {full} GFLOP/s in 32 bit and {half} in bfloat16."


def _section(each: Benchmark, run: Mapping[str, Any], machine: str, limits: Mapping[str, Mapping[str, float]]) -> str:
    measured = run["measured"]
    shape = {"data": "DATA", "work": "DIR", "site": "PEERS", **run["options"]}
    command = " ".join(part.format(**shape) for part in each.command)
    own = _machine(run["machine"])
    machines, revisions = _counted(map(_machine, run["machines"])), _counted(run["revisions"])
    start = command if each.command[0] == "-m" else f"benchmarks/{command}"
    parts = [
        f"### {each.name}",
        f"{each.sentence} `python {start}`, {_passes(run)}{_minutes(run['seconds'])} in all."
        + ("" if [*machines] == [machine] else f" Measured on: {' '.join(machines.values())}")
        + (f" Revisions: {', '.join(revisions.values())}." if len(revisions) > 1 else "")
        + _shared(run),
        "\n".join(f"- {side}: {text}" for side, text in measured["settings"].items()),
    ]
    rows, with_share = [], any("operations" in metric for metric in measured["metrics"].values())
    for name, metric in measured["metrics"].items():
        for place, (side, values) in enumerate(metric["sides"].items()):
            row = [name if place == 0 else "", side, spread(values), str(len(values)), _better(metric, side)]
            rows.append([*row, _share(metric, side, limits[own])] if with_share else row)
    if rows:
        head = ["measured", "who", "median (smallest to largest)", "times", "better by"]
        parts.append(markdown([*head, "GFLOP/s, share of the product's"] if with_share else head, rows))
    parts += measured["pages"]
    parts += [f"**{each[0].upper()}{each[1:]}**" for each in run["failed"]]
    parts += [f"Without {name}: {reason}." for name, reason in run.get("missing_peers", {}).items()]
    return "\n\n".join(part.strip() for part in parts if part)


def _shared(run: Mapping[str, Any]) -> str:
    """A warning, where a pass of a benchmark had far less of the processor than it could use."""
    short = [each for each in run["shares"] if each < ENOUGH]
    if not short:
        return ""
    where = f"in {len(short)} of {run['passes']} passes" if run["passes"] > 1 else "in this run"
    return (
        f" **Other work shared the processor** {where}: it had {min(short):.2f} of a core. Seconds are too many there and rates "
        "too low; how they compare is roughly right, as both sides took turns."
    )


def _counted(values: Iterable[str]) -> dict[str, str]:
    """Distinct values; where there are several, each with how often it is there."""
    count = Counter(values)
    if len(count) == 1:
        return {each: each for each in count}
    return {each: f"{each} ({number} pass{'es' * (number > 1)})" for each, number in count.items()}


def _passes(run: Mapping[str, Any]) -> str:
    return f"{run['passes']} passes, " if run["passes"] > 1 else ""


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _numbers(values: Sequence[Any], better: str) -> list[float]:
    """Values, where a mark that was missed is infinitely bad."""
    worst = -math.inf if better == "more" else math.inf
    return [worst if isinstance(each, dict) else each for each in values]


def middle(values: Sequence[Any], better: str = "less") -> float:
    """The median, where a mark that was missed is infinitely bad.

    Example:
        >>> middle([30.0, {"missed": "best .95"}, 32.0])
        32.0
        >>> middle([30.0, {"missed": "best .95"}])
        inf
    """
    return statistics.median(_numbers(values, better))


def interval(values: Sequence[Any], better: str = "less") -> tuple[float, float]:
    """The smallest and the largest value, where a mark that was missed is infinitely bad.

    Example:
        >>> interval([2.0, 1.0])
        (1.0, 2.0)
    """
    numbers = _numbers(values, better)
    return min(numbers), max(numbers)


def spread(values: Sequence[Any]) -> str:
    """The median with the smallest and the largest value, or what was reached of a mark that was missed."""
    missed = [each["missed"] for each in values if isinstance(each, dict)]
    reached = [each for each in values if not isinstance(each, dict)]
    if not math.isfinite(value := middle(values)):
        count = f"{len(reached)} of {len(values)} reached it" if reached else "not reached"
        return f"{count}: {'; '.join(dict.fromkeys(missed))}"
    if len(values) == 1:
        return _shown(value)
    upper = f"not reached ({'; '.join(dict.fromkeys(missed))})" if missed else _shown(max(reached))
    return f"{_shown(value)} ({_shown(min(reached))} to {upper})"


def _shown(value: float) -> str:
    return shown(value) if value else "0"


def _better(metric: Mapping[str, Any], side: str) -> str:
    """By how much ours is better than a side; empty for ours, and where neither direction is better."""
    sides, better = metric["sides"], metric["better"]
    if side == OURS or OURS not in sides or not better:
        return ""
    mine, theirs = middle(sides[OURS], better), middle(sides[side], better)
    if not math.isfinite(mine) or not math.isfinite(theirs):
        return NOTHING
    above, below = (mine, theirs) if better == "more" else (theirs, mine)
    return f"{above / below:.2f}" if below else NOTHING


def _share(metric: Mapping[str, Any], side: str, products: Mapping[str, float]) -> str:
    precision = metric.get("precisions", {}).get(side)
    if precision not in products:
        return ""
    rate = middle(metric["sides"][side], "more") * metric["operations"] / 1e9
    return f"{_shown(round(rate, 1))}, {rate / products[precision]:.2f}"


def _missing(side: str, values: Sequence[Any]) -> str:
    """A side that mostly does not reach a mark, with how often it does."""
    reached = sum(not isinstance(each, dict) for each in values)
    return f"{side} (but {reached} of {len(values)} times)" if reached else side


def _glance(name: str, metrics: Mapping[str, dict[str, Any]]) -> list[list[str]]:
    """A row for each metric that has ours and others: the best of these beside it."""
    rows = []
    for metric, facts in metrics.items():
        others = {side: values for side, values in facts["sides"].items() if not side.startswith((OURS, "bare loop", "plain"))}
        if OURS not in facts["sides"] or not others or not facts["better"]:
            continue
        pick = max if facts["better"] == "more" else min
        best = pick(others, key=lambda side: middle(others[side], facts["better"]))
        mine, theirs = (middle(facts["sides"][side], facts["better"]) for side in (OURS, best))
        nobody = "; ".join(_missing(side, values) for side, values in others.items())
        other = f"{best}: {_shown(theirs)}" if math.isfinite(theirs) else f"not reached by {nobody}"
        rows.append([name, metric, _shown(mine) if math.isfinite(mine) else "not reached", other, _better(facts, best)])
    return rows
