"""F-beta averaged over photos: a plain loop's result, the best threshold, and none of a photo without labels lost."""

from __future__ import annotations

import pytest
import torch
from practicum.modules import ImageClassifier
from practicum.modules.metrics.f_beta_by_threshold import FBetaByThreshold


def by_hand(probabilities: torch.Tensor, target: torch.Tensor, threshold: float, beta: float = 2.0) -> float:
    scores = []
    for p, y in zip(probabilities, target, strict=True):
        said, true = {i for i, v in enumerate(p) if v > threshold}, {i for i, v in enumerate(y) if v}
        if not said and not true:
            scores.append(1.0)
            continue
        hits = len(said & true)
        precision, recall = hits / max(1, len(said)), hits / max(1, len(true))
        together = beta**2 * precision + recall
        scores.append((1 + beta**2) * precision * recall / together if together else 0.0)
    return sum(scores) / len(scores)


def test_score_is_a_plain_loops_at_every_threshold() -> None:
    torch.manual_seed(1)
    p, y = torch.rand(50, 7), torch.randint(0, 2, (50, 7))
    y[3] = 0
    p[3] = 0.001
    metric = FBetaByThreshold()
    metric.update(p[:20], y[:20])
    metric.update(p[20:], y[20:])
    scores = {k / 100: by_hand(p, y, k / 100) for k in range(1, 100)}
    assert float(metric.compute()) == pytest.approx(max(scores.values()), abs=1e-5)
    assert scores[round(metric.best_threshold(), 2)] == pytest.approx(max(scores.values()))
    for threshold in (0.1, 0.5, 0.93):
        metric.threshold, metric._computed = threshold, None
        assert float(metric.compute()) == pytest.approx(scores[threshold])


def test_the_model_says_labels_from_the_threshold_that_validation_chose() -> None:
    model = ImageClassifier(["a", "b"], multi_label=True, backbone="test_resnet", weights="random")
    p = torch.tensor([[0.25, 0.9], [0.28, 0.15], [0.12, 0.8]])
    model.val_metrics["f2"].update(p, torch.tensor([[1, 1], [1, 0], [0, 1]]))
    model.on_validation_epoch_end()
    assert 0.15 <= float(model.threshold) < 0.25
    assert model.prediction_table(p)["predicted"] == ["a b", "a", "b"]
    model.on_test_epoch_start()
    model.test_metrics["f2"].update(p, torch.tensor([[1, 1], [1, 0], [0, 1]]))
    assert float(model.test_metrics["f2"].compute()) == 1.0
    again = ImageClassifier(["a", "b"], multi_label=True, backbone="test_resnet", weights="random")
    again.load_state_dict(model.state_dict())
    assert float(again.threshold) == float(model.threshold)
