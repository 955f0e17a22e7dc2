"""Precision, recall and F1 of each class, against plain sums."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from practicum.callbacks import PerClass
from practicum.callbacks.figures.classification.per_class import (
    ClassScores,
    describe_missed,
    draw_per_class,
    drawn_and_missed,
    lowest_f1,
)
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset


class Linear(LightningModule):
    classes = ("ant", "bee", "wasp")

    def test_step(self, batch: Any, batch_idx: int) -> dict[str, Tensor]:
        return {"logits": 3 * batch[0], "target": batch[1]}


@pytest.mark.parametrize(("multi_label", "threshold"), [(False, None), (True, None), (True, 0.2)])
def test_each_class_has_its_scores(
    make_trainer: Callable[..., Trainer],
    tmp_path: Path,
    multi_label: bool,
    threshold: float | None,
    rows_of: Callable[[Path], list[dict[str, str]]],
    is_png: Callable[[Path], bool],
) -> None:
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(3000, 3, generator=generator)
    y = torch.multinomial(x.softmax(1), 1, generator=generator)[:, 0]
    if multi_label:
        y = torch.bernoulli(x.sigmoid(), generator=generator).long()
    loader = DataLoader(TensorDataset(x, y), batch_size=500)
    module: Any = Linear()
    if threshold is not None:
        module.threshold = torch.tensor(threshold)  # as MultiLabel chooses it
    make_trainer(callbacks=[PerClass(tmp_path)]).test(module, loader, verbose=False)
    predicted = (3 * x).sigmoid() > (threshold or 0.5) if multi_label else F.one_hot(x.argmax(1), 3).bool()
    true = y.bool() if multi_label else F.one_hot(y, 3).bool()
    rows = rows_of(tmp_path / "per_class.csv")
    assert [row["class"] for row in rows] == ["ant", "bee", "wasp"]
    for column, row in enumerate(rows):
        hits = float((predicted & true)[:, column].sum())
        precision, recall = hits / float(predicted[:, column].sum()), hits / float(true[:, column].sum())
        assert int(row["count"]) == int(true[:, column].sum())
        assert float(row["precision"]) == pytest.approx(precision, abs=1e-6)
        assert float(row["recall"]) == pytest.approx(recall, abs=1e-6)
        assert float(row["f1"]) == pytest.approx(2 * precision * recall / (precision + recall), abs=1e-6)
    assert is_png(tmp_path / "per_class.png")


def test_the_figure_shows_the_lowest_f1_that_occur() -> None:
    scores = [ClassScores("a", 3, 0.9, 0.7, 0.8), ClassScores("b", 0, 0, 0, 0), ClassScores("c", 5, 0.2, 0.4, 0.3)]
    shown = lowest_f1(scores, 5)
    assert [each.name for each in shown] == ["c", "a"]
    assert [each.name for each in lowest_f1(scores, 1)] == ["c"]
    axes = draw_per_class(shown).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["c (5)", "a (3)"]
    assert [bar.get_width() for bar in axes.patches] == [0.2, 0.9, 0.4, 0.7]


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(MisconfigurationException, match="PerClass: max_classes=0 must be at least 1"):
        PerClass(max_classes=0)


def test_classes_without_bars_are_named_instead() -> None:
    missed = [ClassScores(f"m{n}", 2, 0.0, 0.0, 0.0) for n in range(12)]
    found = [ClassScores("good", 2, 1.0, 0.5, 0.67), ClassScores("fair", 2, 0.5, 0.5, 0.5)]
    absent = ClassScores("absent", 0, 0.0, 0.0, 0.0)
    shown, left = drawn_and_missed([*missed, absent, *found], 10)
    assert [each.name for each in shown] == ["fair", "good"]
    assert left == missed
    assert describe_missed(left) == ("Never predicted correctly (F1 = 0): m0, m1, m2, m3, m4, m5, m6, m7, m8, m9 and 2 more.")
    assert [each.name for each in drawn_and_missed([missed[0], *found], 10)[0]] == ["m0", "fair", "good"]  # there is room
    assert drawn_and_missed(missed, 30) == ([], missed)
    assert describe_missed([]) == ""


def test_a_figure_without_bars_is_not_drawn(make_trainer: Callable[..., Trainer], tmp_path: Path) -> None:
    x, y = torch.eye(3), torch.tensor([1, 2, 0])  # each is taken for another
    loader = DataLoader(TensorDataset(x, y), batch_size=3)
    make_trainer(callbacks=[PerClass(tmp_path)]).test(Linear(), loader, verbose=False)
    assert (tmp_path / "per_class.csv").is_file()
    assert not (tmp_path / "per_class.png").exists()
