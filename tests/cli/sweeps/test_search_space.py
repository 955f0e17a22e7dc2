"""Hydra's sweeps as Optuna's distributions."""

from __future__ import annotations

from typing import Any

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from practicum.cli.sweeps.search_space import search_space
from practicum.lightning_shim import MisconfigurationException


@pytest.mark.parametrize(
    ("typed", "distribution"),
    [
        ("a=4,8", CategoricalDistribution(["4", "8"])),
        ("a=choice(x,true,1e-3)", CategoricalDistribution(["x", "True", "0.001"])),
        ("a=range(4,17,4)", IntDistribution(4, 16, step=4)),
        ("a=range(0.0,1.0,0.25)", FloatDistribution(0.0, 0.75, step=0.25)),
        ("a=interval(0.0,0.1)", FloatDistribution(0.0, 0.1)),
        ("a=int(interval(16,256))", IntDistribution(16, 256)),
        ("a=tag(log,interval(1e-4,1e-1))", FloatDistribution(1e-4, 1e-1, log=True)),
        ("a=int(tag(log,interval(1,100)))", IntDistribution(1, 100, log=True)),
        ("+a=1,2", None),
    ],
)
def test_distributions(typed: str, distribution: Any) -> None:
    space, fixed = search_space([typed, "b=x"])
    key = typed.partition("=")[0]
    assert space == {key: distribution or CategoricalDistribution(["1", "2"])}
    assert fixed == ["b=x"]


def test_the_last_of_a_key_counts() -> None:
    assert search_space(["a=1,2", "a=3"]) == ({}, ["a=3"])
    assert search_space(["a=3", "a=1,2"]) == ({"a": CategoricalDistribution(["1", "2"])}, [])
    assert search_space(["~a", "b='x y'"])[1] == ["~a", "b='x y'"]


def test_a_range_has_no_logarithm() -> None:
    with pytest.raises(MisconfigurationException, match=r"of a range all numbers are as likely; write tag\(log,interval"):
        search_space(["a=tag(log,range(1,10,2))"])


@pytest.mark.parametrize("typed", ["a=interval(2.0,1.0)", "a=tag(log,interval(0.0,1.0))", "a=range(3,3)"])
def test_bounds_that_hold_nothing(typed: str) -> None:
    with pytest.raises(MisconfigurationException, match="interval takes a lower and an upper|nothing in this range"):
        search_space([typed])
