"""What was found of baselines, as it enters a run's record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from practicum.callbacks.figures.four_digits import four_digits
from practicum.callbacks.figures.metric_direction import better
from practicum.callbacks.figures.metric_words import metric_words
from practicum.callbacks.run.results import TITLES

_COMPARED = ("loss", "rmse", "perplexity", "accuracy", "map")  # and ndcg@k; others follow from them
_CONSTANTS = ("prior", "mean")  # what predicts the same for everything
_CLOSE = 0.02  # a relative difference that seeds make, too
_FAR = 1.5  # a loss by the baseline's


@dataclass
class Baselines:
    """The baselines of one run.

    Attributes:
        metrics: Of each baseline, by its name, its metrics.
        advice: What to try where the network is not better, by the baseline that it should be better than.
        sampled: How many rows were used, where that was a sample; else empty.
    """

    metrics: dict[str, dict[str, float]]
    advice: dict[str, str] = field(default_factory=dict)
    sampled: str = ""

    def record(self) -> dict[str, Any]:
        """``baseline/<name>/<metric>``; where rows were sampled, how many as ``baseline/sampled``."""
        flat: dict[str, Any] = {
            f"baseline/{name}/{metric}": value for name, found in self.metrics.items() for metric, value in found.items()
        }
        return flat | ({"baseline/sampled": self.sampled} if self.sampled else {})

    def warning(self, results: Mapping[str, float | None]) -> str | None:
        """A sentence for each baseline to which the result is in no main metric superior, and inferior in one; else ``None``.

        In no one, since of few rows an accuracy differs by chance while the loss is better; but what is better by 2 % makes
        up for no loss that is half as high again. Where even a constant is not beaten,
        that is said in place of it; where the difference is within 2 %, that too.

        Args:
            results: Metrics of the run, by name.
        """
        sentences = []
        for reference, advice in self.advice.items():
            constants = () if reference == "popularity" else _CONSTANTS
            said = (self._sentence(results, name, advice) for name in (*constants, reference))
            sentences.append(next(filter(None, said), None))
        return " ".join(filter(None, sentences)) or None

    def _sentence(self, results: Mapping[str, float | None], baseline: str, advice: str) -> str | None:
        found = self.metrics.get(baseline, {})
        names = [name for name in found if name in _COMPARED or (name.startswith("ndcg@") and "_of_" not in name)]
        pairs = [(name, value, found[name]) for name in names if (value := results.get(name)) is not None]
        worse = [better(name, than, value) for name, value, than in pairs]
        far = "loss" in found and (results.get("loss") or 0.0) >= _FAR * found["loss"] > 0
        if not any(worse) or any(better(*each) and not (far and _close(*each[1:])) for each in pairs):
            return None
        if any(better(*each) for each in pairs):  # by a hair, which the loss outweighs
            pairs = [each for each, is_worse in zip(pairs, worse, strict=True) if is_worse]
        shown = (f"{metric_words(name)} {four_digits(value)} instead of {four_digits(than)}" for name, value, than in pairs)
        numbers = ", ".join(shown)
        if all(_close(value, than) for _, value, than in pairs):
            return f"This run is no better than its {TITLES[baseline]} baseline ({numbers}: within 2 %): {advice}."
        what = "The lists of this run are" if all(name.startswith("ndcg@") for name, *_ in pairs) else "This run is"
        return f"{what} worse than its {TITLES[baseline]} baseline ({numbers}): {advice}."


def _close(value: float, than: float) -> bool:
    return abs(value - than) <= _CLOSE * abs(than)


def say_sample(what: str, train: tuple[int, int], test: tuple[int, int]) -> str:
    """Say how many training and measured rows were used of how many; nothing where that was all.

    Args:
        what: What rows are: rows, photos, texts.
        train: Used, and all.
        test: Used, and all.

    Example:
        >>> from practicum.cli.baselines.found import say_sample
        >>> say_sample("rows", (10, 10), (5, 5)), say_sample("rows", (1000, 2000), (5, 5))
        ('', '1,000 of 2,000 training rows')
    """
    counts = (("training", *train), ("measured", *test))
    parts = [f"{used:,} of {all_of:,} {split}" for split, used, all_of in counts if used < all_of]
    return f"{' and '.join(parts)} {what}" if parts else ""
