"""Probabilities as columns, in the order asked for."""

from __future__ import annotations

import pytest
import torch
from practicum.modules.objectives.prediction_columns import class_columns

P = torch.tensor([[0.2, 0.5, 0.3], [0.7, 0.1, 0.2]])


def test_every_class_in_a_fixed_order() -> None:
    columns = class_columns(["a", "b", "c"], P)
    assert list(columns) == ["predicted", "probability_a", "probability_b", "probability_c"]
    assert columns["predicted"] == ["b", "a"]
    assert columns["probability_c"] == pytest.approx([0.3, 0.2])


def test_the_most_probable_classes_in_order_of_probability() -> None:
    columns = class_columns(["a", "b", "c"], P, top_k=2)
    assert list(columns) == ["predicted", "class_1", "probability_1", "class_2", "probability_2"]
    assert columns["class_2"] == ["c", "c"]
    assert columns["probability_1"] == pytest.approx([0.5, 0.7])
    assert "class_4" not in class_columns(["a", "b", "c"], P, top_k=9)
