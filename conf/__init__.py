"""The configuration as a package of YAML files: ``hydra.initialize_config_module("practicum.conf")`` composes from it.

Whoever composes from it imports it, so here is what its values need to be read: ``${practicum.job:KEY,DEFAULT}`` is a value of
the Hydra job that runs, ``DEFAULT`` where none does, as in a notebook; ``${practicum.mode:METRIC}`` says what of a metric is
better, ``min`` or ``max``.
"""

from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf


def job_value(key: str, default: Any) -> Any:
    """A value of the running job's own configuration, such as ``runtime.output_dir``; ``${hydra:...}`` fails where there is none.

    Args:
        key: Below ``hydra``.
        default: What to give outside of ``hydra.main``.

    Example:
        >>> from practicum.conf import job_value
        >>> job_value("runtime.output_dir", "runs/mine")
        'runs/mine'
    """
    if not HydraConfig.initialized():
        return default
    settings: Any = HydraConfig.get()
    return OmegaConf.select(settings, key)


def mode_of_metric(name: str | None) -> str:
    """``min`` or ``max``: what of a metric is better; ``min`` where none is named.

    Args:
        name: As it is logged, such as ``val/accuracy``.

    Example:
        >>> from practicum.conf import mode_of_metric
        >>> mode_of_metric("val/accuracy")
        'max'
    """
    from practicum.callbacks.figures.metric_direction import mode_of  # noqa: PLC0415 - heavy

    return "min" if name is None else mode_of(name)


OmegaConf.register_new_resolver("practicum.job", job_value, replace=True)
OmegaConf.register_new_resolver("practicum.mode", mode_of_metric, replace=True)
