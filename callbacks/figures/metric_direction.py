"""Whether less or more of a metric is better, by its name.

Names are torchmetrics', scikit-learn's and Keras's, in any spelling (``val/rmse``, ``val_MSE``, ``MulticlassHammingDistance``).
What Lightning and a run's record add to them changes nothing: ``val/rmse/best``, ``val/loss/dataloader_idx_0``. More is better
where nothing in the name says otherwise.
"""

from __future__ import annotations

import re
from typing import Literal

_ADDED = re.compile(r"kept|best|plain|dataloader_idx_\d+")
_WORD = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*")  # KL and Divergence of KLDivergence, val and rmse of val_rmse
_PARTS = "loss perplexity rmspe mape mae mse msle error entropy divergence"  # of words, such as maskedmse
# Words by themselves, as they are parts of others: confidence has an fid.
_WORDS = "rms rse err medae mad nll ppl bpc bpb wer cer ter eer fid kid lpips brier ece mce ce bce kl kld jsd crps mase"
_MORE_WORDS = "fpr fnr fdr deviance deviation hinge pinball distance hausdorff hamming distortion seconds latency wape"
_STILL_MORE = "lost miss false angle"
_LOWER_PARTS, _LOWER_WORDS = _PARTS.split(), {*f"{_WORDS} {_MORE_WORDS} {_STILL_MORE}".split()}
_LOWER_PHRASES = re.compile(
    r"neg(ative)? (\w+ )*log|bits per|ranked probability|fall out|edit rate|learned perceptual|total (time|variation)"
)
_HIGHER_LAST = {"accuracy", "acc", "f1", "auc", "auroc", "similarity", "correlation", "r2", "union", "ratio"}  # the last decides
_BUT = re.compile(r"learned perceptual|lost ratio|miss ratio")


def mode_of(name: str) -> Literal["min", "max"]:
    """What of a metric is better, as Lightning's callbacks call it: ``min`` for losses and errors, ``max`` for all others.

    Args:
        name: As it is logged or recorded.

    Example:
        >>> from practicum.callbacks.figures.metric_direction import mode_of
        >>> mode_of("val/loss"), mode_of("val/rmse/best"), mode_of("test/MulticlassHammingDistance"), mode_of("val/confidence")
        ('min', 'min', 'min', 'max')
    """
    parts = name.split("/")
    while len(parts) > 1 and _ADDED.fullmatch(parts[-1]):
        parts.pop()
    words = [each.lower() for each in _WORD.findall(parts[-1])]
    said = " ".join(words)
    lower = parts[0] == "seconds" or any(part in word for word in words for part in _LOWER_PARTS)
    lower = lower or not _LOWER_WORDS.isdisjoint(words) or _LOWER_PHRASES.search(said) is not None
    if words and words[-1] in _HIGHER_LAST and not _BUT.search(said):
        return "max"
    return "min" if lower else "max"


def better(name: str, value: float, than: float) -> bool:
    """Return whether ``value`` of the metric ``name`` is better: lower for losses and errors, higher for all others.

    Example:
        >>> from practicum.callbacks.figures.metric_direction import better
        >>> better("val/loss", 0.4, than=0.5), better("val/accuracy", 0.4, than=0.5)
        (True, False)
        >>> better("val_MSE", 1.0, than=9.0), better("val/confidence", 0.8, than=0.9)
        (True, False)
    """
    return value < than if mode_of(name) == "min" else value > than
