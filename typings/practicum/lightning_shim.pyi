# What the type checker takes lightning_shim for: Lightning's own classes, of one name.
from types import ModuleType
from typing import Any

from pytorch_lightning import Callback as Callback
from pytorch_lightning import LightningDataModule as LightningDataModule
from pytorch_lightning import LightningModule as LightningModule
from pytorch_lightning import Trainer as Trainer
from pytorch_lightning import seed_everything as seed_everything
from pytorch_lightning.callbacks import Checkpoint as Checkpoint
from pytorch_lightning.loggers import CSVLogger as CSVLogger
from pytorch_lightning.loggers.csv_logs import ExperimentWriter as ExperimentWriter
from pytorch_lightning.plugins.io import TorchCheckpointIO as TorchCheckpointIO
from pytorch_lightning.profilers import PassThroughProfiler as PassThroughProfiler
from pytorch_lightning.utilities.exceptions import MisconfigurationException as MisconfigurationException

PACKAGE: ModuleType
ROOTS: tuple[ModuleType, ...]

def classes(path: str) -> tuple[type[Any], ...]: ...
def root_of(trainer: Any) -> ModuleType: ...
def part_of(trainer: Any, path: str) -> ModuleType: ...
