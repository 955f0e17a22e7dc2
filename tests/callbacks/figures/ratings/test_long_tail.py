"""Cumulative shares of the popular items."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.callbacks import LongTail
from practicum.callbacks.figures.ratings.long_tail import cumulative_shares, draw_long_tail
from practicum.lightning_shim import MisconfigurationException


def test_shares_are_in_the_order_of_popularity() -> None:
    popularity = torch.tensor([1, 5, 3])
    shares = cumulative_shares(popularity, {"a": torch.tensor([[1, 1], [2, 0]]), "none": torch.tensor([]).long()})
    assert shares["a"].tolist() == [0.5, 0.75, 1.0]
    assert shares["none"].tolist() == [0, 0, 0]


def test_curves_end_at_one() -> None:
    chosen = {name: torch.tensor([0, 1, 1]) for name in "abc"}
    axes = draw_long_tail(cumulative_shares(torch.tensor([1, 2]), chosen)).axes[0]
    assert [list(line.get_ydata()) for line in axes.get_lines()] == [[pytest.approx(2 / 3), 1.0]] * 3
    assert list(axes.get_lines()[0].get_xdata()) == [0.5, 1.0]


def test_is_drawn_after_a_test(run_test: Callable[[Any], None], tmp_path: Path, is_png: Callable[[Path], bool]) -> None:
    run_test(LongTail(k=2))
    assert is_png(tmp_path / "figures" / "long_tail.png")
    with pytest.raises(MisconfigurationException, match="LongTail: k=0"):
        LongTail(k=0)
