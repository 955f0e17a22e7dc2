"""Open a run folder for use: its configuration, its weights, the precision it was trained in."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig
from practicum.callbacks import PredictionTransform, SnapshotEnsemble
from practicum.datamodules.files.csv_format import check_csv_format
from practicum.datamodules.files.quoting import plain
from practicum.lightning_shim import MisconfigurationException
from practicum.modules.weights.state_dict import read_state_dict

from .import_target import import_target
from .next_command import hints_of, train_program
from .renamed import OPTIONS, renamed_option
from .run_config import check_options, known_config, read_config, read_record
from .signatures import options_of

_FROM_CHECKPOINT = ("weights", "encoder", "vectors")  # options of modules: where weights come from that a checkpoint holds


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
    def folder(self) -> Path:
        """Where it is now."""
        return Path(self.config.paths.run)

    def tell_csv_format(self, told: Mapping[str, Any]) -> None:
        """Read new tables with what is told of their format, in place of what training was told.

        Args:
            told: The option ``csv_format``; ``None``: nothing is known.

        Raises:
            MisconfigurationException: The run reads no tables of text, or a value can't be used.
        """
        given = check_csv_format({str(key): value for key, value in told.items()})
        if not given:
            return
        if "csv_format" not in self.config.data:
            raise MisconfigurationException(f"csv_format: run={self.folder} was not trained on a table of text.")
        self.config.data.csv_format = {**(self.config.data.csv_format or {}), **given}

    @property
    def model_class(self) -> Any:
        """The class of its module.

        Raises:
            MisconfigurationException: There is no such class.
        """
        return import_target(f"run={self.folder}: model._target_", self.config.model._target_)

    def model(self) -> Any:
        """Load its module.

        Raises:
            MisconfigurationException: The file is damaged, holds code, or does not belong to the module.
        """
        read_state_dict(self.checkpoint)
        options = options_of(self.model_class)
        given = {} if self.trust else {name: "random" for name in _FROM_CHECKPOINT if name in options}
        if not self.trust:
            self._require_own_network()
        try:
            return self.model_class.load_from_checkpoint(self.checkpoint, map_location="cpu", weights_only=True, **given)
        except MisconfigurationException:
            raise
        except Exception as error:  # whatever a damaged or invented checkpoint leads to
            reason = " ".join(str(error).split())[:200]
            raise MisconfigurationException(
                f"{self.checkpoint}: not weights of {self.model_class.__name__} ({type(error).__name__}: {reason})."
            ) from error

    def _require_own_network(self) -> None:
        """Refuse a checkpoint whose hyperparameters name something to be called or fetched."""
        content: Any = torch.load(self.checkpoint, map_location="meta", weights_only=True)
        options = content.get("hyper_parameters", {}) if isinstance(content, dict) else None
        if not isinstance(options, dict):
            raise MisconfigurationException(f"{self.checkpoint}: not a checkpoint of {train_program()} (no hyperparameters).")
        strange = [f"{plain(str(key))}={plain(str(value))}" for key, value in options.items() if str(key).startswith("_")]
        strange += [f"backbone={plain(str(options['backbone']))}"] if ":" in str(options.get("backbone", "")) else []
        if strange:
            raise MisconfigurationException(
                f"{self.checkpoint}: its hyperparameters would call or fetch something, {strange[0]}; trust=true allows it."
            )

    def data_module(self, scratch: str) -> Any:
        """Its data module, for new input: what it writes goes to ``scratch``, what it learnt is read from the run folder.

        Args:
            scratch: A temporary folder.
        """
        ours: dict[str, Any] = {"report_dir": None, "cache": scratch}
        if not self.trust:
            ours |= {"tokenizer": None, "download_dir": f"{scratch}/downloads", "synthetic_dir": f"{scratch}/synthetic"}
        options = options_of(import_target(f"run={self.folder}: data._target_", self.config.data._target_))
        given = {name: value for name, value in ours.items() if name in options}
        return self._make("data", self.config.data, given)

    def _make(self, key: str, node: DictConfig, given: dict[str, Any]) -> Any:
        try:
            return instantiate(node, **given, _convert_="all")
        except InstantiationException as error:
            if isinstance(error.__cause__, MisconfigurationException) or self.trust:
                raise
            cause = error.__cause__ or error
            raise MisconfigurationException(f"run={self.folder}: {key} can't be made of its options ({cause}).") from error

    def prediction_transforms(self) -> list[PredictionTransform]:
        """Those of its callbacks that change predictions; none for weights other than its best."""
        if not self.best:
            return []
        nodes = [node for node in (self.config.get("callbacks") or {}).values() if isinstance(node, DictConfig)]
        callbacks = []
        for node in nodes:
            name = node.get("_target_")
            found = None if name is None else import_target(f"run={self.folder}: callbacks", name)
            if not (inspect.isclass(found) and issubclass(found, PredictionTransform)):
                continue
            figures = "folder" in options_of(found) and not issubclass(found, SnapshotEnsemble)
            callbacks.append(self._make("callbacks", node, {"folder": None} if figures else {}))
        return [each for each in callbacks if each.transforms]


def open_run(folder: Path, checkpoint: str | None = None, trust: bool = False) -> Run:
    """Open a run folder.

    Args:
        folder: A run folder of ``train.py``.
        checkpoint: Weights to use instead of its best; also opens a run that never finished.
        trust: Accept a configuration that names anything to be run; default: only what :mod:`.run_config` lists.

    Raises:
        MisconfigurationException: There is no such run, it never finished, it is damaged, it names classes of other packages, or
            an earlier version of practicum made it.
    """
    config = read_config(folder)
    paths = config._get_node("paths")
    kept = {"data": paths._get_node("data")} if isinstance(paths, DictConfig) and "data" in paths else {}
    config["paths"] = {**kept, "run": str(folder)}  # where it is now, which need not be where it was made
    config = config if trust else known_config(config, folder)
    _refuse_old_names(folder, config)
    if not trust:
        check_options(config, folder)
    record = read_record(folder / "metrics.json")
    weights = Path(checkpoint) if checkpoint else folder / "checkpoints" / "best.ckpt"
    if record.get("status") != "finished" and checkpoint is None:
        hint = f"; checkpoint={weights} uses the weights it had by then" if weights.is_file() else ""
        raise MisconfigurationException(f"run={folder}: this run never finished ({record.get('status', 'no record')}){hint}.")
    if not weights.is_file():
        raise MisconfigurationException(f"run={folder}: its weights {weights} are missing.")
    return Run(config, weights, record.get("precision", "32-true"), trust, checkpoint is None, hints_of(config))


def _refuse_old_names(folder: Path, config: DictConfig) -> None:
    if not str(config.data.get("_target_")).startswith("practicum."):
        return
    keys = [f"{group}.{key}" for group in ("model", "data") for key in config[group]]
    old = next((key for key in keys if key in OPTIONS), None)
    if old is not None:
        raise MisconfigurationException(
            f"run={folder}: an earlier version made it: {renamed_option(old)} Train it again, or use that version."
        )
