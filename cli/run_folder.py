"""Opens a run folder for use: its configuration, its weights, the precision it was trained in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.utils import get_class, get_object, instantiate
from omegaconf import DictConfig, ListConfig, OmegaConf
from practicum.lightning_shim import Callback, MisconfigurationException
from practicum.modules.weights.state_dict import read_state_dict


@dataclass(frozen=True)
class Run:
    """A run that ended.

    Attributes:
        config: As it was composed, with paths of the place it is used in.
        checkpoint: Its best weights, or those asked for.
        precision: What it was trained in.
        trust: Whether classes of other packages may be run.
        best: Whether these are its own best weights, with all that belongs to them.
    """

    config: DictConfig
    checkpoint: Path
    precision: Any
    trust: bool
    best: bool

    def model(self) -> Any:
        """Its module, with these weights.

        Raises:
            MisconfigurationException: A damaged file, or one that holds code.
        """
        read_state_dict(self.checkpoint)
        module_class: Any = get_class(self.config.model._target_)
        return module_class.load_from_checkpoint(self.checkpoint, map_location="cpu", weights_only=True)

    def callbacks(self) -> list[Callback]:
        """Those of its callbacks that have a say in predictions (``shapes_predictions = True``)."""
        if not self.best:
            return []
        nodes = [node for node in (self.config.get("callbacks") or {}).values() if node]
        nodes = [node for node in nodes if self.trust or all(map(_is_ours, _targets(node)))]
        shaping = [node for node in nodes if getattr(get_class(node._target_), "shapes_predictions", False)]
        return [instantiate(node, _convert_="all") for node in shaping]


def open_run(folder: Path, checkpoint: str | None = None, trust: bool = False) -> Run:
    """Open a run folder.

    Args:
        folder: What ``train.py`` wrote.
        checkpoint: Other weights than its best; also opens a run that never finished.
        trust: Accept a configuration that names classes of other packages: using it runs them.

    Raises:
        MisconfigurationException: No such run, one that never finished, or one that names classes of other packages.
    """
    config_file = folder / ".hydra" / "config.yaml"
    if not config_file.is_file():
        raise MisconfigurationException(f"run={folder}: not a run folder of train.py (it has no .hydra/config.yaml).")
    config = OmegaConf.load(config_file)
    assert isinstance(config, DictConfig)
    config.paths.run = str(folder)  # where it lies now, which need not be where it was made
    strangers = sorted({name for node in (config.model, config.data) for name in _targets(node)})
    strangers = [name for name in strangers if not _is_ours(name)]
    if strangers and not trust:
        raise MisconfigurationException(
            f"run={folder}: its configuration would run {strangers[0]}, which is not part of practicum; trust=true allows it."
        )
    record_file = folder / "metrics.json"
    record = json.loads(record_file.read_text()) if record_file.is_file() else {}
    weights = Path(checkpoint) if checkpoint else folder / "checkpoints" / "best.ckpt"
    if record.get("status") != "finished" and checkpoint is None:
        hint = f"; checkpoint={weights} uses what it had learnt by then" if weights.is_file() else ""
        raise MisconfigurationException(f"run={folder}: this run never finished ({record.get('status', 'no record')}){hint}.")
    if not weights.is_file():
        raise MisconfigurationException(f"run={folder}: its weights {weights} are missing.")
    return Run(config, weights, record.get("precision", "32-true"), trust, checkpoint is None)


def _is_ours(name: str) -> bool:
    """Whether a dotted name leads to something that practicum itself defines."""
    return name.startswith("practicum.") and str(getattr(get_object(name), "__module__", "")).startswith("practicum.")


def _targets(node: Any) -> list[str]:
    """Every ``_target_`` below a node."""
    if not isinstance(node, DictConfig | ListConfig):
        return []
    items = node.values() if isinstance(node, DictConfig) else node
    own = [str(node["_target_"])] if isinstance(node, DictConfig) and "_target_" in node else []
    return own + [name for item in items for name in _targets(item)]
