"""Hide warnings of libraries that someone at the terminal cannot act on; say messages once, and in each run of a process."""

from __future__ import annotations

import logging
import warnings

from practicum.callbacks.figures.plain_text import forget_said as forget_figures
from practicum.datamodules.files.say_once import forget_said
from practicum.lightning_shim import ROOTS

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


def leave_messages_to_root() -> None:
    """Remove the handlers that ``import lightning`` adds: the root logger, which Hydra sets up, gets its messages too."""
    for each in ROOTS:
        logger = logging.getLogger(each.__name__.partition(".")[0])
        for handler in logger.handlers[:]:
            logger.removeHandler(handler)
        logger.propagate = True


def say_all_again() -> None:
    """Let sentences that are said once in a process be said once more: a sweep's runs share one, and each has its own log."""
    forget_said()
    forget_figures()
