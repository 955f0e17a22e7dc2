"""A metric's name as people write it: in headings of figures, in the report, in the model's card."""

from __future__ import annotations

_SHORT = ("auroc", "rmse", "mae", "mape", "rmspe", "map", "f1", "f2")  # written in capitals


def metric_words(metric: str) -> str:
    """A metric as people write it.

    Example:
        >>> from practicum.callbacks.figures.metric_words import metric_words
        >>> metric_words("auroc"), metric_words("ndcg@10"), metric_words("hit_rate@10_of_100")
        ('AUROC', 'nDCG@10', 'hit rate@10 of 100')
    """
    stem, at, rest = metric.partition("@")
    stem = stem.upper() if stem in _SHORT else stem.replace("ndcg", "nDCG").replace("_", " ")
    return f"{stem}{at}{rest.replace('_', ' ')}"
