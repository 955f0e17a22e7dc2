"""Let a trial of a search report to its study while it trains, from whichever process or machine the launcher chose."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hydra.core.hydra_config import HydraConfig

from .outcome import SWEEPER, in_a_sweep

if TYPE_CHECKING:
    from practicum.callbacks import TrialPruning


def trial_pruning(objective: str | None) -> TrialPruning | None:
    """The callback that prunes the present trial.

    Args:
        objective: The metric that the search goes by. That of a test, of the weights that are kept or of the best epoch is known
            at the end only; validation's metric of the same name takes its place.

    Returns:
        ``None`` where this run is no trial of ``sweep=optuna``, or its pruner is ``null``.
    """
    if not in_a_sweep() or objective is None:
        return None
    hydra = HydraConfig.get()
    if hydra.sweeper.get("_target_") != SWEEPER or not hydra.sweeper.get("pruner"):
        return None
    from practicum.callbacks import TrialPruning  # noqa: PLC0415 - heavy
    from practicum.callbacks.run.results import is_result, results  # noqa: PLC0415

    from .study import open_trial  # noqa: PLC0415

    study, trial = open_trial(Path(hydra.sweep.dir), hydra.sweeper, int(hydra.job.num))
    seen = study.get_trials(deepcopy=False)[int(hydra.job.num)].intermediate_values
    result = f"val/{next(iter(results({objective: 0.0})))}" if is_result(objective) else objective
    monitor = result.removesuffix("/best")
    return TrialPruning(trial, monitor, reported=seen)
