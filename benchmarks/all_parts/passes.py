"""Passes of a benchmark as one result.

A machine is slower for minutes or hours and quicker in the next. Repetitions in one process, one after the other, hide that: they
agree better than two runs ever will. So the whole list of benchmarks is walked several times, and what is repeated lies apart by
the time of a pass (Kalibera & Jones 2013, Rigorous benchmarking in reasonable time: repeat at the highest level that varies).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def joined(passes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Results of several passes as one.

    Values are put one after the other and seconds are added. Pages, settings and all else are of the first that is complete.

    Args:
        passes: What each has left, at least one.

    Returns:
        The same facts; ``passes``, the number of complete ones; ``machines``, ``revisions`` and ``shares``, of each of these the
        machine, the revision and its share of the processor; ``failed``, a sentence for each of the others, and for each of which
        something is missing. If none has measured anything, the facts of the first, with its ``error``.

    Example:
        >>> one = {"revision": "a", "seconds": 2.0, "processor seconds": 1.0, "machine": {}, "measured": {"metrics": {}}}
        >>> both = joined([one, {**one, "revision": "b"}, {"error": "no memory"}])
        >>> both["passes"], both["revisions"], both["seconds"], both["failed"]
        (2, ['a', 'b'], 4.0, ['pass 3: no memory'])
    """
    complete = [each for each in passes if "error" not in each]
    if not complete:
        return {**passes[0], "passes": 0}
    metrics: dict[str, dict[str, Any]] = {}
    for each in complete:
        for name, facts in each["measured"]["metrics"].items():
            place = metrics.setdefault(name, {**facts, "sides": {}})
            for side, values in facts["sides"].items():
                place["sides"][side] = [*place["sides"].get(side, []), *values]
    return {
        **complete[0],
        "passes": len(complete),
        "machines": [each["machine"] for each in complete],
        "revisions": [each["revision"] for each in complete],
        "shares": [each["processor seconds"] / each["seconds"] for each in complete],
        "failed": [
            f"pass {number}: {why}"
            for number, each in enumerate(passes, start=1)
            if (why := each.get("error") or each.get("incomplete"))
        ],
        "seconds": sum(each["seconds"] for each in complete),
        "processor seconds": sum(each["processor seconds"] for each in complete),
        "measured": {**complete[0]["measured"], "metrics": metrics},
    }
