"""Ranking losses against closed forms, and the correction for sampling."""

from __future__ import annotations

import pytest
import torch
from practicum.lightning_shim import MisconfigurationException
from practicum.modules.objectives.ranking import Ranking, ranking_loss


def test_losses_are_their_closed_forms() -> None:
    scores = torch.tensor([[1.0, -0.5, 2.0]], dtype=torch.float64)
    sigmoid = scores.sigmoid()
    logistic = -sigmoid[0, 0].log() - (1 - sigmoid[0, 1:]).log().mean()
    bpr = -(scores[0, 0] - scores[0, 1:]).sigmoid().log().mean()
    softmax = -scores[0].softmax(0)[0].log()
    dns = -(scores[0, 0] - scores[0, 1:].max()).sigmoid().log()
    for kind, expected in (("logistic", logistic), ("bpr", bpr), ("dns", dns), ("softmax", softmax)):
        found = ranking_loss(kind, scores)  # type: ignore[arg-type]
        torch.testing.assert_close(found[0].double(), expected, atol=1e-6, rtol=1e-6)


def test_the_correction_makes_few_draws_stand_for_all_items() -> None:
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(50, generator=generator)
    probability = torch.rand(50, generator=generator) + 0.1
    probability[0] = 0  # the one that was clicked on is never drawn
    probability /= probability.sum()
    draws = torch.multinomial(probability, 20_000, replacement=True, generator=generator)
    rows = torch.cat([scores[:1], scores[draws]])[None]
    found = ranking_loss("softmax", rows, (probability[draws] * len(draws)).log()[None])
    assert float(found) == pytest.approx(float(-scores.log_softmax(0)[0]), abs=0.03)
    uncorrected = ranking_loss("softmax", rows)
    assert abs(float(uncorrected) - float(-scores.log_softmax(0)[0])) > 1


def test_weights_count_rows_as_often() -> None:
    objective, scores, y = Ranking("bpr"), torch.randn(3, 4), torch.ones(3)
    weighted = objective.loss(scores, y, torch.tensor([1.0, 2.0, 0.0]))
    torch.testing.assert_close(weighted, objective.loss(scores[[0, 1, 1]], y))


def test_scores_are_probabilities_with_the_logistic_loss_only() -> None:
    scores = torch.randn(3, 4)
    assert torch.equal(Ranking("softmax").predict(scores), scores)
    assert torch.equal(Ranking("logistic").predict(scores), scores.sigmoid())
    assert Ranking("bpr").columns(scores) == {"score": scores[:, 0].tolist()}
    assert Ranking("bpr").test_outputs(scores) == {}
    assert set(Ranking("bpr").metrics()) == {"pairwise_accuracy"}


def test_clicks_have_no_score_of_their_own() -> None:
    with pytest.raises(MisconfigurationException, match="no loss without sampled items"):
        Ranking("bpr").score(torch.zeros(3, 1), torch.ones(3))
