"""Which benchmarks fit into some hours."""

from __future__ import annotations

from collections.abc import Sequence

from .catalogue import REPETITIONS, Benchmark


def expected_minutes(each: Benchmark, repeat: int, seeds: int) -> float:
    """About how long a benchmark takes with so many repetitions and seeds, as far as it counts them.

    Example:
        >>> expected_minutes(Benchmark("one", "", ("one.py", "--seeds", "{seeds}"), 12), repeat=3, seeds=1)
        4.0
        >>> expected_minutes(Benchmark("two", "", ("two.py",), 12), repeat=1, seeds=1)
        12.0
    """
    minutes = each.minutes
    for name, count in (("{repeat}", repeat), ("{seeds}", seeds)):
        if name in each.command:
            minutes *= count / REPETITIONS
    return minutes


def fitting(wanted: Sequence[Benchmark], hours: float, repeat: int, seeds: int) -> list[Benchmark]:
    """As many benchmarks as fit into the hours together, in the order in which they came.

    The shortest are taken first, so it depends on nothing but the catalogue's minutes: a second run takes the same ones.

    Example:
        >>> catalogue = [Benchmark(name, "", (), minutes) for name, minutes in (("a", 50), ("b", 20), ("c", 40))]
        >>> [each.name for each in fitting(catalogue, 1, 3, 3)]
        ['b', 'c']
    """
    left, taken = hours * 60, set[str]()
    for each in sorted(wanted, key=lambda each: expected_minutes(each, repeat, seeds)):
        left -= expected_minutes(each, repeat, seeds)
        if left < 0:
            break
        taken.add(each.name)
    return [each for each in wanted if each.name in taken]
