"""One source or several."""

from __future__ import annotations

from practicum.datamodules.loading.inputs import each_input, input_name


def test_several_sources_are_named_by_the_first_and_their_number() -> None:
    assert each_input(("a", "b")) == ["a", "b"]
    assert input_name("a.csv") == "a.csv"
    assert input_name(["a.csv"]) == "a.csv"
    assert input_name(["a.csv", "b.csv", "c.csv"]) == "a.csv and 2 more"
