"""One epoch, two epochs."""

from __future__ import annotations

import pytest
from practicum.callbacks.figures.counted import counted


@pytest.mark.parametrize(("count", "text"), [(0, "0 epochs"), (1, "1 epoch"), (2, "2 epochs"), (12345, "12,345 epochs")])
def test_the_noun_follows_the_number(count: int, text: str) -> None:
    assert counted(count, "epoch") == text
