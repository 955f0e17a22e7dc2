"""Whether more of a metric is better."""

from __future__ import annotations

from practicum.callbacks.figures.metric_direction import better


def test_better_is_lower_for_losses_and_higher_for_the_rest() -> None:
    assert better("val/loss", 1, than=2)
    assert better("val/rmspe", 1, than=2)
    assert better("val/loss/kept", 1, than=2)
    assert better("val/accuracy", 2, than=1)
    assert not better("test/ndcg@10", 1, than=2)
