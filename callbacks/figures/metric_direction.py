"""Whether more of a metric is better, by its name."""

from __future__ import annotations

import re

_LOWER_IS_BETTER = ("loss", "perplexity", "bits_per_character", "rmspe", "mape", "mae", "mse", "error", "entropy", "neg_log")
# Words by themselves, as they are parts of others: confidence has an fid.
_LOWER_WORDS = "rms nll ppl bpc bpb wer cer ter eer fid kid lpips brier ece mce ce bce kl kld jsd crps mase wape fpr fnr"
_WHOLE_WORDS = {*_LOWER_WORDS.split(), "divergence", "deviance", "hinge", "pinball", "distance", "hausdorff"}
_ADDED = ("kept", "best")  # what a record adds to a metric's name
_HIGHER_WORDS = {"accuracy", "acc", "f1", "auc", "auroc", "similarity", "correlation", "r2"}  # the last word wins


def better(name: str, value: float, than: float) -> bool:
    """Return whether ``value`` of the metric ``name`` is better: lower for losses and errors, higher for all others.

    Example:
        >>> from practicum.callbacks.figures.metric_direction import better
        >>> better("val/loss", 0.4, than=0.5), better("val/accuracy", 0.4, than=0.5)
        (True, False)
        >>> better("val_MSE", 1.0, than=9.0), better("val/confidence", 0.8, than=0.9)
        (True, False)
        >>> better("val/rmse/best", 0.4, than=0.5)
        True
    """
    parts = name.lower().split("/")
    while len(parts) > 1 and parts[-1] in _ADDED:
        parts.pop()
    metric = parts[-1]
    words = re.findall(r"[a-z]+\d*", metric)
    lower = any(part in metric for part in _LOWER_IS_BETTER) or not _WHOLE_WORDS.isdisjoint(words)
    lower = lower and not (words and words[-1] in _HIGHER_WORDS)
    return value < than if lower else value > than
