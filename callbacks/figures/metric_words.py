"""A metric's name as people write it: in headings of figures, in the report, in the model's card."""

from __future__ import annotations

from collections.abc import Iterable

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


_MEANINGS = {
    "loss": "what training minimizes; lower is better",
    "accuracy": "share of examples whose class is predicted, of several labels that of right yes-or-no answers; higher is better",
    "auroc": "area under the ROC curve, how well the classes are told apart: 0.5 by chance, 1 at best",
    "f1": "mean of precision and recall, the harmonic one; higher is better",
    "f2": "as F1, with more weight on recall; higher is better",
    "rmse": "square root of the mean squared error, in the target's unit; lower is better",
    "mae": "mean absolute error, in the target's unit; lower is better",
    "mape": "mean absolute error as a share of the true value, 0.07 for 7 %; lower is better",
    "rmspe": "square root of the mean squared error as a share of the true value; lower is better",
    "perplexity": "number of equally likely tokens among which the next one would be as hard to guess; lower is better",
    "bits_per_character": "logarithm (base 2) of the perplexity of a character; lower is better",
    "pairwise_accuracy": "share of pairs in which what was chosen scores above what was not; 0.5 by chance",
    "ndcg": "how near to the top of a user's list what they chose stands; 1 at best",
    "hit_rate": "share of users whose list holds something that they chose",
    "recall": "share of what was chosen that the lists hold",
    "map": "mean, over classes, of the average precision; 1 at best",
    "map@": "mean, over users, of the average precision of their lists; 1 at best",
    "coverage": "share of all items that are in somebody's list",
    "novelty": "how rare the items of the lists are, in bits; higher is rarer",
}
_AMONG = "the same for each single thing chosen, by its place among others drawn at random: an easier task, another count"


def metric_meanings(metrics: Iterable[str]) -> dict[str, str]:
    """What metrics mean, by their name as people write it; those that are not known are left out.

    Example:
        >>> from practicum.callbacks.figures.metric_words import metric_meanings
        >>> metric_meanings(["mae", "ndcg@10", "my_own"])
        {'MAE': 'mean absolute error, ...', 'nDCG@10': "how near to the top of a user's list ..."}
    """
    found: dict[str, str] = {}
    for metric in metrics:
        stem, at, _ = metric.partition("@")
        meaning = _MEANINGS.get(f"{stem}{at}", _MEANINGS.get(stem))
        if meaning is not None:
            found[metric_words(metric)] = _AMONG if "_of_" in metric else meaning
    return found
