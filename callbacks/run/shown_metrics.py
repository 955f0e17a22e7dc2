"""Which of the many values that a module logs are shown while it trains: two losses and the main metric."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..figures.four_digits import four_digits

# Main metrics, the first one that is logged; where there is none of them, the first of the module's own.
_MAIN = ("f2", "accuracy", "rmse", "perplexity", "pairwise_accuracy")
_NAME = re.compile(r"(train|val|valid)[/_](.+)")


def shown_metrics(logged: Mapping[str, Any], metric: str | None = None, of: str = "epoch") -> dict[str, float]:
    """Choose the training loss, the validation loss and the main metric.

    Args:
        logged: Values by name, ``train/loss_step``, ``val/accuracy`` ... as Lightning keeps them; ``train_loss`` is as good.
        metric: The main metric, such as ``rmspe``; ``None``: f2, accuracy, rmse, perplexity or pairwise_accuracy, whichever is
            logged, else the module's first one.
        of: What to take where both are there, the ``epoch``'s value or the last ``step``'s.

    Returns:
        At most three values by name, without ``_step`` and ``_epoch``; the first three where nothing is named like that.

    Example:
        >>> from practicum.callbacks.run.shown_metrics import shown_metrics
        >>> logged = {"train/loss_step": 0.4, "train/loss_epoch": 0.5, "val/auroc": 0.9, "val/accuracy": 0.8, "val/loss": 0.6}
        >>> shown_metrics(logged)
        {'train/loss': 0.5, 'val/loss': 0.6, 'val/accuracy': 0.8}
        >>> shown_metrics(logged, "auroc", of="step")
        {'train/loss': 0.4, 'val/loss': 0.6, 'val/auroc': 0.9}
    """
    named: dict[str, Any] = {}
    for ending in ("_step", "_epoch", "", f"_{of}"):  # what comes last stays
        own = [name for name in logged if name.endswith(ending) and (ending or not name.endswith(("_step", "_epoch")))]
        named |= {name.removesuffix(ending): logged[name] for name in own}
    parts = {name: found.groups() for name in named if (found := _NAME.fullmatch(name))}
    losses = sorted(name for name, (_, rest) in parts.items() if rest == "loss")  # train before val
    others = [name for name, (_, rest) in parts.items() if rest != "loss"]
    others.sort(key=lambda name: (parts[name][0] == "train", _rank(parts[name][1], metric)))
    chosen = [*losses[:2], *others[:1]] if losses else list(named)[:3]
    return {name: float(named[name]) for name in chosen}


def _rank(name: str, metric: str | None) -> int:
    order = (metric, *_MAIN) if metric else _MAIN
    return order.index(name) if name in order else len(order)


def short(value: float) -> str:
    """Write a value in few columns: four decimals from .01 up to 10, elsewhere four digits.

    Example:
        >>> from practicum.callbacks.run.shown_metrics import short
        >>> short(0.5), short(0.093384), short(46186.25), short(3e-5)
        ('0.5000', '0.0934', '46,186', '3e-05')
    """
    return f"{value:.4f}" if 0.01 <= abs(value) < 10 else four_digits(value)
