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

    Values are put one after the other, seconds are added, and revisions are named once each. Pages, settings and all else are the
    first one's.

    Args:
        passes: What each has left, at least one.

    Returns:
        The same facts, and their number as ``passes``; those of the first one that failed, if one did.

    Example:
        >>> one = {"revision": "a", "seconds": 2.0, "processor seconds": 1.0, "measured": {"metrics": {}}}
        >>> both = joined([one, {**one, "revision": "b"}])
        >>> both["passes"], both["revision"], both["seconds"]
        (2, 'a, b', 4.0)
    """
    for each in passes:
        if "error" in each:
            return {**each, "passes": len(passes)}
    first = passes[0]
    metrics: dict[str, dict[str, Any]] = {}
    for each in passes:
        for name, facts in each["measured"]["metrics"].items():
            place = metrics.setdefault(name, {**facts, "sides": {}})
            for side, values in facts["sides"].items():
                place["sides"][side] = [*place["sides"].get(side, []), *values]
    return {
        **first,
        "passes": len(passes),
        "revision": ", ".join(dict.fromkeys(each["revision"] for each in passes)),
        "seconds": sum(each["seconds"] for each in passes),
        "processor seconds": sum(each["processor seconds"] for each in passes),
        "measured": {**first["measured"], "metrics": metrics},
    }
