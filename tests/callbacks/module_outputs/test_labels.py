"""Labels in words."""

from __future__ import annotations

from types import SimpleNamespace

import torch
from practicum.callbacks.module_outputs.labels import label_differences, label_of, predicted_label, threshold_of


def test_a_class_has_its_name_or_number() -> None:
    assert label_of(torch.tensor(1), ("ant", "bee")) == "bee"
    assert label_of(torch.tensor(1), None) == "1"


def test_a_regression_target_is_the_number() -> None:
    assert [label_of(torch.tensor(value), None) for value in (3.5, 10.0, 0.1, -2.0)] == ["3.5", "10", "0.1", "-2"]
    assert label_of(torch.tensor(0.1, dtype=torch.float64), None) == "0.1"
    assert label_of(torch.tensor(3.5, dtype=torch.bfloat16), None) == "3.5"


def test_multi_label_has_all_names() -> None:
    assert label_of(torch.tensor([1, 0, 1]), ("a", "b", "c")) == "a c"
    assert label_of(torch.tensor([False, False]), None) == "none"


def test_a_prediction_has_its_probability() -> None:
    assert predicted_label(torch.tensor([0.0, 0.5]), False, ("ant", "bee")) == "bee (0.62)"
    assert predicted_label(torch.tensor([1.0, -0.5, 0.1]), True, ("a", "b", "c")) == "a c"
    assert predicted_label(torch.tensor([1.0, -0.5, 0.1]), True, ("a", "b", "c"), 0.3) == "a b c"
    assert label_differences(torch.tensor([1.0, -0.5]), torch.tensor([1, 1]), ("a", "b"), 0.3) == ["all classes right"]


def test_the_threshold_is_the_modules_or_one_half() -> None:
    found = [threshold_of(SimpleNamespace(threshold=each)) for each in (0.2, torch.tensor(0.25), torch.nn.Identity(), 7.0, None)]
    assert found == [0.2, 0.25, 0.5, 0.5, 0.5]
    assert threshold_of(object()) == 0.5
