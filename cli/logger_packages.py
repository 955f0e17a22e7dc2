"""Say in one sentence, before data are touched, which package a chosen logger needs."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from practicum.lightning_shim import MisconfigurationException

# By the name of the logger's class: modules one of which it needs, and the extra that brings the first.
_NEEDS = {
    "TensorBoardLogger": (("tensorboard", "tensorboardX"), "tensorboard"),
    "WandbLogger": (("wandb",), "wandb"),
    "MLFlowLog": (("mlflow",), "mlflow"),
    "MLFlowLogger": (("mlflow",), "mlflow"),
}


def check_logger_packages(loggers: Any) -> None:
    """Refuse a logger whose package is not installed.

    Args:
        loggers: The node ``logger``: by name, a configuration with ``_target_``.

    Raises:
        MisconfigurationException: The package is missing; the message names the extra that brings it.
    """
    for key, node in (loggers or {}).items():
        modules, extra = _NEEDS.get(str((node or {}).get("_target_", "")).rpartition(".")[2], ((), ""))
        if modules and not any(find_spec(each) for each in modules):
            raise MisconfigurationException(
                f'logger.{key}: the package {modules[0]} is not installed; pip install "practicum[{extra}]" brings it '
                f'(from a clone: pip install -e ".[{extra}]").'
            )
