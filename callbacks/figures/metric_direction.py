"""Whether more of a metric is better, by its name."""

from __future__ import annotations

import re

_LOWER_IS_BETTER = ("loss", "perplexity", "bits_per_character", "rmse", "rmspe", "mape", "mae", "error", "divergence")
# Words by themselves, as they are parts of others: confidence has an fid.
_LOWER_WORDS = "mse msle rms nll ppl bpc bpb wer cer ter eer fid kid lpips brier ece mce ce bce entropy crossentropy kl kld crps"
_WHOLE_WORDS = {*_LOWER_WORDS.split(), "deviance", "hinge", "pinball", "distance"}


def better(name: str, value: float, than: float) -> bool:
    """Return whether ``value`` of the metric ``name`` is better: lower for losses and errors, higher for all others.

    Example:
        >>> from practicum.callbacks.figures.metric_direction import better
        >>> better("val/loss", 0.4, than=0.5), better("val/accuracy", 0.4, than=0.5)
        (True, False)
        >>> better("val_MSE", 1.0, than=9.0), better("val/confidence", 0.8, than=0.9)
        (True, False)
    """
    metric = name.removesuffix("/kept").rpartition("/")[2].lower()
    words = set(re.split(r"[^a-z]+", metric))
    lower = any(part in metric for part in _LOWER_IS_BETTER) or bool(words & _WHOLE_WORDS)
    return value < than if lower else value > than
