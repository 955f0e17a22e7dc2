"""Permutation importance on a model whose columns' weights are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.callbacks import PermutationImportance
from practicum.callbacks.figures.tabular.permutation_importance import draw_importance, permutation_importance
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor
from torch.utils.data import DataLoader


def test_a_shuffled_column_costs_twice_its_variance() -> None:
    generator = torch.Generator().manual_seed(1)
    codes, numbers = torch.randint(4, (4000, 2), generator=generator), torch.randn(4000, 2, generator=generator).double()
    y = codes[:, 0] + 3 * numbers[:, 1]

    def loss(codes: Tensor, numbers: Tensor) -> float:
        return float((codes[:, 0] + 3 * numbers[:, 1] - y).square().mean())

    rises, baseline = permutation_importance(loss, codes, numbers, ["shop", "day"], ["x", "z"])
    assert baseline == 0
    assert list(rises)[:2] == ["z", "shop"]
    assert rises["z"] == pytest.approx(2 * float((3 * numbers[:, 1]).var()), rel=0.1)
    assert rises["shop"] == pytest.approx(2 * float(codes[:, 0].double().var()), rel=0.1)
    assert rises["day"] == rises["x"] == 0
    assert permutation_importance(loss, codes, numbers, ["shop", "day"], ["x", "z"])[0] == rises


class Sum(LightningModule):
    categories = {"shop": ["a", "b"]}  # noqa: RUF012
    continuous = ("x", "z")

    def output(self, x: Any) -> Tensor:
        return x[0][:, 0] + x[1][:, 1]

    def loss(self, output: Tensor, y: Tensor) -> Tensor:
        return (output - y).abs().mean()

    def test_step(self, batch: Any, batch_idx: int) -> None:
        return None


def test_is_written_highest_first(
    make_trainer: Callable[..., Trainer],
    tmp_path: Path,
    rows_of: Callable[[Path], list[dict[str, str]]],
    is_png: Callable[[Path], bool],
) -> None:
    codes, numbers = torch.randint(2, (60, 1)), 100 * torch.rand(60, 2)
    batches = [((codes[i : i + 20], numbers[i : i + 20]), codes[i : i + 20, 0] + numbers[i : i + 20, 1]) for i in (0, 20, 40)]
    make_trainer(callbacks=[PermutationImportance()]).test(Sum(), DataLoader(batches, batch_size=None), verbose=False)
    rows = rows_of(tmp_path / "figures" / "importance.csv")
    assert [row["column"] for row in rows] == ["z", "shop", "x"]
    assert float(rows[0]["increase in loss"]) > 20 * float(rows[1]["increase in loss"]) > 0
    assert float(rows[2]["increase in loss"]) == 0
    assert is_png(tmp_path / "figures" / "importance.png")


def test_bars_are_in_order() -> None:
    axes = draw_importance({"z": 3.0, "shop": 1.0}, 0.25).axes[0]
    assert [bar.get_width() for bar in axes.patches] == [1, 3]  # from the bottom
    assert axes.get_xlabel().endswith("(loss: 0.25)")


def test_refusals(known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer]) -> None:
    with pytest.raises(MisconfigurationException, match="PermutationImportance needs KnownClassifier.categories"):
        make_trainer(callbacks=[PermutationImportance()]).test(known_classifier(), known_photos, verbose=False)
    with pytest.raises(MisconfigurationException, match="rows=0"):
        PermutationImportance(rows=0)
