"""Which benchmarks fit into some hours."""

from __future__ import annotations

from collections.abc import Sequence

from .catalogue import Benchmark


def expected_minutes(each: Benchmark, passes: int, seeds: int) -> float:
    """About how long a benchmark takes in all passes, or with all seeds where it counts them.

    Example:
        >>> expected_minutes(Benchmark("one", "", ("one.py", "--seeds", "{seeds}"), 12), passes=5, seeds=2)
        24
        >>> expected_minutes(Benchmark("two", "", ("two.py",), 12), passes=5, seeds=2)
        60
    """
    seeded = seeds if "{seeds}" in each.command else 1
    return each.minutes * seeded * sum(each.of_pass(number) for number in range(1, passes + 1))


def fitting(wanted: Sequence[Benchmark], hours: float, passes: int, seeds: int) -> list[Benchmark]:
    """As many benchmarks as fit into the hours together, in the order in which they came.

    The shortest are taken first, so it depends on nothing but the catalogue's minutes: a second run takes the same ones.

    Example:
        >>> catalogue = [Benchmark(name, "", (), minutes) for name, minutes in (("a", 50), ("b", 20), ("c", 40))]
        >>> [each.name for each in fitting(catalogue, 1, passes=1, seeds=3)]
        ['b', 'c']
    """
    left, taken = hours * 60, set[str]()
    for each in sorted(wanted, key=lambda each: expected_minutes(each, passes, seeds)):
        left -= expected_minutes(each, passes, seeds)
        if left < 0:
            break
        taken.add(each.name)
    return [each for each in wanted if each.name in taken]
