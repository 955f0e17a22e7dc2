"""F-beta averaged over examples: a plain loop's result, the best threshold, and an example without labels."""

from __future__ import annotations

import pytest
import torch
from practicum.modules.metrics.f_beta_by_threshold import FBetaByThreshold


def by_hand(probabilities: torch.Tensor, target: torch.Tensor, threshold: float, beta: float = 2.0) -> float:
    scores = []
    for p, y in zip(probabilities, target, strict=True):
        predicted, true = {i for i, v in enumerate(p) if v > threshold}, {i for i, v in enumerate(y) if v}
        if not predicted and not true:
            scores.append(1.0)
            continue
        hits = len(predicted & true)
        precision, recall = hits / max(1, len(predicted)), hits / max(1, len(true))
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
        again = FBetaByThreshold()
        again.threshold = threshold
        again.update(p, y)
        assert float(again.compute()) == pytest.approx(scores[threshold])
