"""Whether more of a metric is better, by its name."""

from __future__ import annotations

_LOWER_IS_BETTER = ("loss", "perplexity", "bits_per_character", "rmse", "rmspe", "mape", "mae", "error")


def better(name: str, value: float, than: float) -> bool:
    """Return whether ``value`` of the metric ``name`` is better: lower for losses and errors, higher for all others.

    Example:
        >>> from practicum.callbacks.figures.metric_direction import better
        >>> better("val/loss", 0.4, than=0.5), better("val/accuracy", 0.4, than=0.5)
        (True, False)
    """
    lower = any(part in name.removesuffix("/kept").rpartition("/")[2] for part in _LOWER_IS_BETTER)
    return value < than if lower else value > than
