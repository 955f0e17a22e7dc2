"""Binary cross-entropy against its formula, and a threshold that validation chooses."""

from __future__ import annotations

import pytest
import torch
from practicum.modules.objectives.multi_label import MultiLabel


def test_loss_is_the_smoothed_binary_cross_entropy() -> None:
    logits, y = torch.randn(4, 3), torch.randint(0, 2, (4, 3))
    p = logits.double().sigmoid()
    expected = -(y * p.log() + (1 - y) * (1 - p).log()).mean()
    torch.testing.assert_close(MultiLabel(list("abc")).loss(logits, y).double(), expected, rtol=1e-6, atol=1e-6)
    smooth = y * 0.9 + 0.05
    weight = torch.tensor([1.0, 2.0, 0.5])
    expected = -(weight * (smooth * p.log() + (1 - smooth) * (1 - p).log())).mean()
    found = MultiLabel(list("abc"), label_smoothing=0.1, class_weight=weight).loss(logits, y)
    torch.testing.assert_close(found.double(), expected, rtol=1e-6, atol=1e-6)


def test_metrics() -> None:
    assert set(MultiLabel(["a", "b"]).metrics()) == {"accuracy", "f2", "map"}


def test_labels_are_predicted_above_the_threshold_that_validation_chose() -> None:
    each = MultiLabel(["a", "b"])
    validation, test = each.metrics(), each.metrics()
    p, y = torch.tensor([[0.25, 0.9], [0.28, 0.15], [0.12, 0.8]]), torch.tensor([[1, 1], [1, 0], [0, 1]])
    assert each.columns(p)["predicted"] == ["b", "", "b"]
    validation.update(p, y)
    each.after_validation(validation)
    assert 0.15 <= float(each.threshold) < 0.25
    assert each.columns(p)["predicted"] == ["a b", "a", "b"]
    assert list(each.columns(p)) == ["predicted", "probability_a", "probability_b"]
    each.before_test(test)
    test.update(p, y)
    assert float(test["f2"].compute()) == 1.0


def test_the_threshold_is_in_checkpoints() -> None:
    each = MultiLabel(["a", "b"])
    each.threshold.fill_(0.3)
    again = MultiLabel(["a", "b"])
    again.load_state_dict(each.state_dict())
    assert float(again.threshold) == float(each.threshold)


def test_a_score_of_probabilities_is_that_of_their_logits_at_the_kept_threshold() -> None:
    logits = torch.randn(40, 3, generator=torch.Generator().manual_seed(0))
    y = (logits + torch.randn(40, 3, generator=torch.Generator().manual_seed(1)) > 0).long()
    objective = MultiLabel(["a", "b", "c"])
    losses = float(objective.loss(logits, y))
    scores = []
    for threshold in (0.02, 0.9):
        objective.threshold.fill_(threshold)
        scores.append(objective.score(objective.predict(logits), y))
    assert scores[0]["loss"] == pytest.approx(losses, rel=1e-5)
    assert scores[0]["f2"] != scores[1]["f2"]
