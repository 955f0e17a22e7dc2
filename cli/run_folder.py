"""Open a run folder for use: its configuration, its weights, the precision it was trained in."""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.utils import get_class, get_object, instantiate
from omegaconf import DictConfig, ListConfig, OmegaConf
from practicum.callbacks import PredictionTransform
from practicum.lightning_shim import MisconfigurationException
from practicum.modules.weights.state_dict import read_state_dict

from .next_command import take_hints
from .renamed import OPTIONS, renamed_option


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        config: Its configuration, with the paths of where the folder is now.
        checkpoint: Its best weights, or those asked for.
        precision: The precision it was trained in.
        trust: Whether classes of other packages may be run.
        best: Whether ``checkpoint`` holds its own best weights, which its prediction transforms belong to.
        hints: Its hints for next commands, see :mod:`.next_command`.
    """

    config: DictConfig
    checkpoint: Path
    precision: Any
    trust: bool
    best: bool
    hints: dict[str, Any] = field(default_factory=dict)

    @property
    def model_class(self) -> Any:
        """The class of its module."""
        return get_class(self.config.model._target_)

    def model(self) -> Any:
        """Load its module.

        Raises:
            MisconfigurationException: The file is damaged, or holds code.
        """
        read_state_dict(self.checkpoint)
        return self.model_class.load_from_checkpoint(self.checkpoint, map_location="cpu", weights_only=True)

    def prediction_transforms(self) -> list[PredictionTransform]:
        """Those of its callbacks that change predictions; none for weights other than its best."""
        if not self.best:
            return []
        nodes = [node for node in (self.config.get("callbacks") or {}).values() if node]
        nodes = [node for node in nodes if self.trust or all(map(_is_ours, _targets(node)))]
        callbacks = [instantiate(node, _convert_="all") for node in nodes if _is_transform(node._target_)]
        return [each for each in callbacks if each.transforms]


def open_run(folder: Path, checkpoint: str | None = None, trust: bool = False) -> Run:
    """Open a run folder.

    Args:
        folder: A run folder of ``train.py``.
        checkpoint: Weights to use instead of its best; also opens a run that never finished.
        trust: Accept a configuration that names classes of other packages: using it runs them.

    Raises:
        MisconfigurationException: There is no such run, it never finished, it names classes of other packages, or an earlier
            version of practicum made it.
    """
    config_file = folder / ".hydra" / "config.yaml"
    if not config_file.is_file():
        raise MisconfigurationException(f"run={folder}: not a run folder of train.py (it has no .hydra/config.yaml).")
    config = OmegaConf.load(config_file)
    assert isinstance(config, DictConfig)
    config.paths.run = str(folder)  # where it is now, which need not be where it was made
    hints = take_hints(config)
    strangers = sorted({name for node in (config.model, config.data) for name in _targets(node) if not _is_ours(name)})
    if strangers and not trust:
        raise MisconfigurationException(
            f"run={folder}: its configuration would run {strangers[0]}, which is not part of practicum; trust=true allows it."
        )
    if not strangers:
        _refuse_old_names(folder, config)
    record_file = folder / "metrics.json"
    record = json.loads(record_file.read_text()) if record_file.is_file() else {}
    weights = Path(checkpoint) if checkpoint else folder / "checkpoints" / "best.ckpt"
    if record.get("status") != "finished" and checkpoint is None:
        hint = f"; checkpoint={weights} uses the weights it had by then" if weights.is_file() else ""
        raise MisconfigurationException(f"run={folder}: this run never finished ({record.get('status', 'no record')}){hint}.")
    if not weights.is_file():
        raise MisconfigurationException(f"run={folder}: its weights {weights} are missing.")
    return Run(config, weights, record.get("precision", "32-true"), trust, checkpoint is None, hints)


def _refuse_old_names(folder: Path, config: DictConfig) -> None:
    keys = [f"{group}.{key}" for group in ("model", "data") for key in config[group]]
    old = next((key for key in keys if key in OPTIONS), None)
    if old is not None:
        raise MisconfigurationException(
            f"run={folder}: an earlier version made it: {renamed_option(old)} Train it again, or use that version."
        )


def _is_ours(name: str) -> bool:
    """Whether a dotted name leads to something that practicum itself defines."""
    return name.startswith("practicum.") and str(getattr(get_object(name), "__module__", "")).startswith("practicum.")


def _is_transform(name: str) -> bool:
    found = get_object(name)
    return inspect.isclass(found) and issubclass(found, PredictionTransform)


def _targets(node: Any) -> list[str]:
    """Every ``_target_`` in a node and below it."""
    if not isinstance(node, DictConfig | ListConfig):
        return []
    items = node.values() if isinstance(node, DictConfig) else node
    own = [str(node["_target_"])] if isinstance(node, DictConfig) and "_target_" in node else []
    return own + [name for item in items for name in _targets(item)]
