"""Numbers as people write them."""

from __future__ import annotations

import math

import pytest
from practicum.callbacks.figures.four_digits import four_digits


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *(
            (0.0, "0"),
            (0.98765, "0.9877"),
            (9999.4, "9999"),
            (10000.2, "10,000"),
            (-46186.25, "-46,186"),
            (1.2345e9, "1,234,500,000"),
        ),
        *((2e12, "2e+12"), (1e30, "1e+30"), (1.5e-7, "1.5e-07"), (math.nan, "nan"), (math.inf, "inf")),
    ],
)
def test_an_error_in_dollars_has_no_exponent(value: float, text: str) -> None:
    assert four_digits(value) == text
