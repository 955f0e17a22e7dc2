"""What a claim is: a sentence, data sets, and variants with and without the technique."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

Figures = Mapping[str, float]


@dataclass(frozen=True)
class Variant:
    """One way to train.

    Attributes:
        label: In the table.
        overrides: What is typed for it, after what its data set and its claim ask for. ``{before}`` stands for the run folder of
            :attr:`before` with the same seed.
        before: Overrides of a run that has to be there first, such as a language model; in the place of the claim's. There is one
            for each seed, whatever data sets follow.
        only: Names of the data sets that it is tried on; empty: all.
    """

    label: str
    overrides: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class Claim:
    """A claim, and what would show it.

    Attributes:
        name: As it is typed.
        sentence: What the course claims.
        source: Paper or library that it goes back to.
        sets: By the name of a data set what is typed for it; ``{data}`` stands for the folder of data sets, ``{work}`` for that
            of :attr:`prepare`.
        variants: The first is what the others are compared with.
        metrics: Of a run's result that are compared.
        common: Overrides of every run.
        figures: More figures of a run, from its folder.
        prepare: Writes what the runs read from the folder of data sets (first) into one of its own, unless it is there.
    """

    name: str
    sentence: str
    source: str
    sets: Mapping[str, tuple[str, ...]]
    variants: tuple[Variant, ...]
    metrics: tuple[str, ...]
    common: tuple[str, ...] = ()
    figures: Callable[[Path], Figures] | None = None
    prepare: Callable[[Path, Path], None] | None = None
