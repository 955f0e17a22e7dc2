"""Put the baselines of a run into its record, beside its result."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from practicum.callbacks.run.results import results

from .choose import baselines_of

if TYPE_CHECKING:
    from practicum.callbacks import RunRecord

log = logging.getLogger(__name__)


def add_baselines(recorder: RunRecord, trainer: Any, model: Any, data: Any, build: Callable[[], Any], seed: int = 1) -> None:
    """Measure baselines, write them into the record, and warn where the result is worse than one that is simple.

    A run is not lost by its baselines: an error in them is a warning.

    Args:
        recorder: Of the run.
        trainer: It has tested.
        model: The network as tested.
        data: Its data module.
        build: Makes the network as it was before the training.
        seed: Of samples.
    """
    started = time.monotonic()
    try:
        found = baselines_of(trainer, model, data, build, seed)
    except Exception as error:
        log.warning(f"The baselines were not measured ({type(error).__name__}: {error}); baselines=false leaves them out.")
        return
    if found is None:
        return
    recorder.seconds["baselines"] = time.monotonic() - started
    recorder.baselines = found.record()
    if (sentence := found.warning(results(recorder.record(trainer, model, "finished")))) is not None:
        log.warning(sentence)
        recorder.baselines["baseline/warning"] = sentence
    recorder.write(trainer, model)
