"""Hide warnings of libraries that someone at the terminal cannot act on."""

from __future__ import annotations

import warnings

# A pattern of the message, and why it may be hidden.
_KNOWN = {
    "'set_vital' is deprecated": "torchdata calls it; torch warns on every loader",
    r"`isinstance\(treespec, LeafSpec\)` is deprecated": "Lightning calls it",
    "Experiment logs directory": "a run folder holds .hydra before the logger opens it; nothing in it is deleted",
    "Checkpoint directory .* exists and is not empty": "a resumed run continues in its own folder",
    "The '.*' does not have many workers": "cached data need no workers",
    "You defined a `validation_step` but have no `val_dataloader`": "prediction validates nothing",
}


def ignore_known_warnings() -> None:
    """Hide the warnings above, and no others."""
    for message in _KNOWN:
        warnings.filterwarnings("ignore", message=message)
