# What the type checker takes lightning_shim for: Lightning's own classes, of one name.
from types import ModuleType
from typing import Any

from pytorch_lightning import Callback as Callback
from pytorch_lightning import LightningDataModule as LightningDataModule
from pytorch_lightning import LightningModule as LightningModule
from pytorch_lightning import Trainer as Trainer
from pytorch_lightning import seed_everything as seed_everything
from pytorch_lightning.callbacks import Checkpoint as Checkpoint
from pytorch_lightning.callbacks import EarlyStopping as EarlyStopping
from pytorch_lightning.callbacks import ModelCheckpoint as ModelCheckpoint
from pytorch_lightning.callbacks import ProgressBar as ProgressBar
from pytorch_lightning.callbacks import RichProgressBar as RichProgressBar
from pytorch_lightning.loggers import Logger as Logger
from pytorch_lightning.loggers import MLFlowLogger as MLFlowLogger
from pytorch_lightning.loggers import TensorBoardLogger as TensorBoardLogger
from pytorch_lightning.loggers import WandbLogger as WandbLogger
from pytorch_lightning.plugins.io import TorchCheckpointIO as TorchCheckpointIO
from pytorch_lightning.profilers import PassThroughProfiler as PassThroughProfiler
from pytorch_lightning.utilities.exceptions import MisconfigurationException as MisconfigurationException

DISTRIBUTION: str
PACKAGE: ModuleType
ROOTS: tuple[ModuleType, ...]

def classes(path: str) -> tuple[type[Any], ...]: ...
def root_of(trainer: Any) -> ModuleType: ...
def part_of(trainer: Any, path: str) -> ModuleType: ...
def resolve_precision(precision: str | int, accelerator: str = ...) -> str | int: ...
