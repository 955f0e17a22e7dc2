"""How much is held out for a test, and how that is said."""

from __future__ import annotations

import pytest
from practicum.datamodules.loading.held_out import LEAST, held_out_sentence, held_out_share


@pytest.mark.parametrize(
    ("asked", "examples", "valid", "share"),
    [
        (None, LEAST - 1, 0.2, 0),
        (None, LEAST, 0.2, 0.1),
        (None, 10_000, 0.6, 0),  # little is left to train on as it is
        (0.0, 10_000, 0.2, 0),
        (0.25, 3, 0.2, 0.25),
    ],
)
def test_a_tenth_where_there_are_enough_unless_it_was_said(
    asked: float | None, examples: int, valid: float, share: float
) -> None:
    assert held_out_share(asked, examples, valid) == share


def test_the_sentence() -> None:
    said = held_out_sentence("t.csv", 1000, 10_000, "rows", "the newest")
    wanted = "t.csv: 1,000 of 10,000 rows (the newest) are held out for a test; test_fraction=0 leaves them to training."
    assert said == wanted
    assert "(" not in held_out_sentence("t.csv", 1, 2, "photos")
