"""Cross-entropy against its formula, probabilities, metrics."""

from __future__ import annotations

import pytest
import torch
from practicum.modules.objectives.classification import Classification


def test_loss_is_the_weighted_smoothed_cross_entropy() -> None:
    each = Classification(["a", "b"], label_smoothing=0.1, class_weight=torch.tensor([1.0, 3.0]))
    logits, y = torch.tensor([[2.0, -1.0], [0.5, 0.25]], dtype=torch.float64), torch.tensor([0, 1])
    log_p = logits.log_softmax(1)
    w = torch.tensor([1.0, 3.0], dtype=torch.float64)
    # Szegedy et al. 2015: (1 - s) of the target on its class, s spread over both; torch weighs each class's term.
    terms = -(0.9 * w[y] * log_p[[0, 1], y] + 0.05 * (w * log_p).sum(1))
    torch.testing.assert_close(each.loss(logits, y).double(), terms.sum() / w[y].sum(), rtol=1e-6, atol=1e-6)


def test_mixed_examples_have_probabilities_as_targets() -> None:
    logits, y = torch.randn(4, 3), torch.randn(4, 3).softmax(1)
    torch.testing.assert_close(Classification(list("abc")).loss(logits, y), -(y * logits.log_softmax(1)).sum(1).mean())


def test_classes_have_probabilities() -> None:
    each = Classification(["no", "yes"])
    probabilities = each.predict(torch.tensor([[0.0, 0.0], [0.0, 20.0]]))
    torch.testing.assert_close(probabilities, torch.tensor([[0.5, 0.5], [0.0, 1.0]]), atol=1e-6, rtol=0)
    assert each.columns(probabilities)["predicted"] == ["no", "yes"]
    assert list(each.test_outputs(torch.zeros(2, 2, dtype=torch.bfloat16))) == ["logits"]


def test_metrics_are_accuracy_and_auroc() -> None:
    metrics = Classification(["no", "yes"]).metrics()
    metrics.update(torch.tensor([[0.9, 0.1], [0.4, 0.6], [0.7, 0.3], [0.2, 0.8]]), torch.tensor([0, 0, 1, 1]))
    found = {name: float(value) for name, value in metrics.compute().items()}
    assert found == {"accuracy": 0.5, "auroc": pytest.approx(0.75)}


def test_class_weights_move_with_it_and_stay_out_of_checkpoints() -> None:
    each = Classification(["a", "b"], class_weight=torch.tensor([1.0, 3.0])).double()
    assert each.class_weight is not None
    assert each.class_weight.dtype == torch.float64
    assert not each.state_dict()


def test_a_score_of_probabilities_is_that_of_their_logits() -> None:
    logits, y = torch.randn(50, 3, generator=torch.Generator().manual_seed(0)), torch.arange(50) % 3
    objective = Classification(["a", "b", "c"], label_smoothing=0.1, class_weight=torch.tensor([1.0, 2.0, 3.0]))
    score = objective.score(objective.predict(logits), y)
    assert score["loss"] == pytest.approx(float(objective.loss(logits, y)), rel=1e-5)
    assert score["accuracy"] == pytest.approx(float((logits.argmax(1) == y).float().mean()))
    sure = torch.tensor([[1.0, 0.0, 0.0]])
    assert objective.score(sure, torch.tensor([1]))["loss"] < float("inf")


def test_a_loss_is_a_mean_over_the_weights_of_its_rows() -> None:
    target = torch.tensor([0, 1, 1])
    weighted = Classification(["a", "b"], class_weight=torch.tensor([1.0, 3.0]))
    assert float(weighted.loss_weight(target)) == 7
    assert weighted.loss_weight(torch.rand(4, 2)) == 4  # of mixed examples torch takes the mean over rows
    assert Classification(["a", "b"]).loss_weight(target) == 3
