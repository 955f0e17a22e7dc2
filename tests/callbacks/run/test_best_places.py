"""The best of a row of results, by what the metric's name says."""

from __future__ import annotations

from practicum.callbacks.run.best_places import best_places


def test_lower_losses_and_higher_scores_are_better() -> None:
    assert best_places("loss", [0.5, 0.7, None]) == {1}
    assert best_places("auroc", [0.5, 0.7, None]) == {2}
    assert best_places("rmse", [0.5, 0.5, 0.6]) == {1, 2}
    assert best_places("rmse", [None, None]) == set()
