"""MLflow's logger, for any name of a metric or a setting.

**What it does.** What Lightning's ``MLFlowLogger`` does. MLflow takes letters, digits and ``_-. /`` in names; a setting of
another name would end the run, and of a metric's name Lightning drops what is refused, by which two may become one. Here other
characters become ``_``, names stay apart, and that is said once. A run that is continued (``run_id``) keeps its settings: MLflow
would end the training where one has changed.
"""

from __future__ import annotations

import logging
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from lightning_utilities.core.rank_zero import rank_zero_only
from practicum.lightning_shim import MLFlowLogger

from .accepted_keys import accepted_keys, flat

log = logging.getLogger(__name__)


class MLFlowLog(MLFlowLogger):
    """Logs to MLflow.

    Args:
        args: Of Lightning's ``MLFlowLogger``.
        kwargs: Of the same.

    Raises:
        ModuleNotFoundError: mlflow is not installed: ``pip install "practicum[mlflow]"``.

    Example:
        >>> from practicum.callbacks import MLFlowLog
        >>> from practicum.lightning_shim import Trainer
        >>> def trainer() -> Trainer:  # with mlflow installed
        ...     return Trainer(logger=MLFlowLog(tracking_uri="sqlite:///runs/mlflow.db"))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._names: dict[str, str] = {}  # of metrics, as far as they are known
        self._said = False

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace) -> None:
        """Log settings, flattened: ``model/backbone``. Those that the run has stay as they are: MLflow refuses to change them."""
        settings = flat(vars(params) if isinstance(params, Namespace) else params)
        names = accepted_keys(settings)
        self._say(names)
        kept = self.experiment.get_run(self.run_id).data.params  # of a run that is continued
        super().log_hyperparams({names[key]: value for key, value in settings.items() if names[key] not in kept})

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Log values by name."""
        if new := [key for key in metrics if key not in self._names]:
            self._names = accepted_keys([*self._names, *new]) | self._names  # a name that was given stays
            self._say({key: self._names[key] for key in new})
        super().log_metrics({self._names[key]: value for key, value in metrics.items()}, step)

    def _say(self, names: Mapping[str, str]) -> None:
        changed = [f"{key} as {name}" for key, name in names.items() if key != name]
        if changed and not self._said:
            more = f" (and {len(changed) - 1} more)" if len(changed) > 1 else ""
            log.info(f"MLflow takes letters, digits and _-. / in names only: {changed[0]}{more} is logged.")
            self._said = True
