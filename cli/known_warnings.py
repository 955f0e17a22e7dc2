"""Warnings of libraries that a person at the terminal can do nothing about."""

from __future__ import annotations

import warnings

# A pattern of the message, and why it may be left out.
_KNOWN = {
    "'set_vital' is deprecated": "torchdata calls it; torch says so on every loader",
    r"`isinstance\(treespec, LeafSpec\)` is deprecated": "Lightning calls it",
    "Experiment logs directory": "a run folder holds .hydra before the logger opens it; nothing of it is deleted",
    "Checkpoint directory .* exists and is not empty": "a resumed run goes on in its own folder",
    "The '.*' does not have many workers": "none are wanted where photos are cached",
    "You defined a `validation_step` but have no `val_dataloader`": "prediction validates nothing",
}


def ignore_known_warnings() -> None:
    """Leave out the warnings above, and no others."""
    for message in _KNOWN:
        warnings.filterwarnings("ignore", message=message)
