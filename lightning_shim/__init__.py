"""Lightning under either of its names: ``pytorch_lightning``, or ``lightning.pytorch``.

The two packages hold the same code twice, as classes that do not know each other. Everything of practicum takes Lightning's names
from here, and no other file says which package it is.

**Which one.** Where one is installed, that one. Where both are, callbacks, loggers and exceptions are subclasses of both, and
work in a trainer of either, whatever was imported first. A LightningModule or LightningDataModule can belong to one only: to the
one that was imported before practicum, else to ``lightning``, which nobody installs but to use it (``pytorch-lightning`` comes
with it); the environment variable ``PRACTICUM_LIGHTNING=pytorch_lightning`` (or ``lightning``) overrides that. A trainer of the
other package is refused in one sentence that says so.

How others do it: optuna-integration and torchmetrics take the first that imports; finetuning-scheduler rewrites its source at
installation. Neither serves a project in which both are there.
"""

from __future__ import annotations

import importlib
import os
import sys
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import Any

import torch
from packaging.version import Version

PACKAGES = {"pytorch_lightning": "pytorch-lightning", "lightning": "lightning"}  # import name: name in the package index
TESTED = ((2, 6), (2, 7))  # versions from, up to but without; callbacks/trainer_internals relies on their insides


def installed() -> list[str]:
    """Import names of the packages that are there, in a version that practicum knows.

    Raises:
        ImportError: There is none.
    """
    found: list[str] = []
    others: list[str] = []
    for name, distribution in PACKAGES.items():
        try:
            there = version(distribution)
        except PackageNotFoundError:
            continue
        known = TESTED[0] <= Version(there).release[:2] < TESTED[1]
        (found if known else others).append(name if known else f"{distribution} {there}")
    if not found:
        low, high = (".".join(map(str, bound)) for bound in TESTED)
        there = f"; there is {' and '.join(others)}" if others else ""
        raise ImportError(
            f"practicum needs pytorch-lightning or lightning, from {low} and below {high}{there}: "
            f'pip install "pytorch-lightning>={low},<{high}".'
        )
    return found


def choose(installed: list[str], imported: list[str], wish: str | None) -> str:
    """The package whose LightningModule ours is.

    Args:
        installed: Import names of those there.
        imported: Those that were imported before practicum.
        wish: What ``PRACTICUM_LIGHTNING`` says.

    Raises:
        ImportError: The wish is none of those there.
    """
    if wish:
        if wish not in installed:
            raise ImportError(f"PRACTICUM_LIGHTNING={wish}: there is {' and '.join(installed)}.")
        return wish
    candidates = [name for name in imported if name in installed] or installed
    return candidates[-1] if len(candidates) > 1 else candidates[0]  # `lightning` comes last


def _root(name: str) -> ModuleType:
    return importlib.import_module("lightning.pytorch" if name == "lightning" else name)


_there = installed()
_name = choose(_there, [name for name in PACKAGES if name in sys.modules], os.environ.get("PRACTICUM_LIGHTNING"))
DISTRIBUTION = PACKAGES[_name]  # its name in the package index
PACKAGE = _root(_name)  # whose modules ours are
ROOTS = (PACKAGE, *(_root(name) for name in _there if name != _name))

# Lightning has torch ask NVML for GPUs, as that does not initialise CUDA. Where there is none, torch's Adam would look for NVML's
# library before each of its steps, in vain: 60 us of a small model's 900.
if not torch.cuda.is_available():
    os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "0"


def classes(path: str) -> tuple[type, ...]:
    """A class of Lightning in each package that is there, for ``isinstance``.

    Args:
        path: Where it is, below ``pytorch_lightning`` or ``lightning.pytorch``: ``"callbacks.ModelCheckpoint"``.
    """
    place, _, name = path.rpartition(".")
    found = [getattr(importlib.import_module(f"{root.__name__}.{place}" if place else root.__name__), name) for root in ROOTS]
    return tuple(dict.fromkeys(found))


def _both(path: str) -> Any:
    """A base class that is Lightning's in each package that is there."""
    found = classes(path)
    name = path.rpartition(".")[2]
    return found[0] if len(found) == 1 else type(name, found, {"__module__": __name__, "__doc__": found[0].__doc__})


def root_of(trainer: Any) -> ModuleType:
    """The package that a trainer is of.

    Raises:
        TypeError: It is no trainer of Lightning's.
    """
    for kind in type(trainer).__mro__:
        for root in ROOTS:
            if kind.__module__.startswith(f"{root.__name__}."):
                return root
    raise TypeError(f"{type(trainer).__name__} is no Lightning Trainer.")


def part_of(trainer: Any, path: str) -> ModuleType:
    """A module of the package that a trainer is of: ``part_of(trainer, "trainer.call")``."""
    return importlib.import_module(f"{root_of(trainer).__name__}.{path}")


def _bound(base: type) -> Any:
    """``base``, refusing a trainer of the other package by name where there are two.

    Lightning checks ``isinstance`` before it calls any hook, and Python asks an object for its ``__class__`` where its type
    fails.
    """
    if len(ROOTS) == 1:
        return base

    def its_class(self: Any) -> type:
        asking = str(sys._getframe(1).f_globals.get("__name__"))
        if any(asking.startswith(f"{root.__name__}.") for root in ROOTS[1:]):
            other = asking.partition(".")[0]
            raise MisconfigurationException(
                f"{type(self).__name__} is a {base.__name__} of {PACKAGE.__name__}, and the trainer is of {other}: "
                f"import {other} before practicum, or set PRACTICUM_LIGHTNING={other}."
            )
        return type(self)

    def set_class(self: Any, kind: type) -> None:
        object.__dict__["__class__"].__set__(self, kind)

    members = {"__class__": property(its_class, set_class), "__module__": __name__, "__doc__": base.__doc__}
    return type(base.__name__, (base,), members)


# Of both packages.
Callback = _both("callbacks.Callback")
Checkpoint = _both("callbacks.Checkpoint")
Logger = _both("loggers.Logger")
MisconfigurationException = _both("utilities.exceptions.MisconfigurationException")
RichProgressBar = _both("callbacks.RichProgressBar")
PassThroughProfiler = _both("profilers.PassThroughProfiler")
ProgressBar = _both("callbacks.ProgressBar")
TorchCheckpointIO = _both("plugins.io.TorchCheckpointIO")

# Of one.
LightningDataModule = _bound(PACKAGE.LightningDataModule)
LightningModule = _bound(PACKAGE.LightningModule)
seed_everything = PACKAGE.seed_everything
EarlyStopping = classes("callbacks.EarlyStopping")[0]
ModelCheckpoint = classes("callbacks.ModelCheckpoint")[0]
MLFlowLogger = classes("loggers.MLFlowLogger")[0]
TensorBoardLogger = classes("loggers.TensorBoardLogger")[0]
WandbLogger = classes("loggers.WandbLogger")[0]


class Trainer(PACKAGE.Trainer):  # type: ignore[name-defined]
    """Lightning's trainer; ``precision="auto"`` is what suits the processor, see :func:`resolve_precision`.

    Args:
        options: Lightning's.
    """

    def __init__(self, **options: Any) -> None:
        if options.get("precision") == "auto":
            options["precision"] = resolve_precision("auto", options.get("accelerator", "auto"))
        super().__init__(**options)


def resolve_precision(precision: str | int, accelerator: str = "auto") -> str | int:
    """Turn ``auto`` into ``bf16-mixed`` where the processor multiplies bfloat16 in hardware, else into ``32-true``.

    Args:
        precision: ``auto``, or any precision that Lightning knows, which is returned unchanged.
        accelerator: Where the run will be: ``auto``, ``cpu``, ``gpu``, ``cuda``, ``mps`` ...

    Returns:
        A precision for Lightning's ``Trainer``.
    """
    if precision != "auto":
        return precision
    if accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "32-true"
    if accelerator not in ("auto", "cpu") or (accelerator == "auto" and torch.backends.mps.is_available()):
        return "32-true"
    # Private names, as torch has no public ones for these two; a test fails if they disappear.
    in_hardware = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bf16-mixed" if in_hardware else "32-true"
