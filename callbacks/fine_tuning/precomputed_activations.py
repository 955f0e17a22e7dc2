"""Precomputed activations: while the backbone is frozen, it processes each photo once, and the head trains on stored features.

**What it does.** Before an epoch in which the backbone is frozen, its features of all training and validation photos are computed
once and stored on disk; training and validation then read those instead of pixels. Once the backbone is unfrozen, pixels are
back. With ``views=k`` features of ``k`` augmented versions are stored, and epoch ``e`` uses version ``e % k``.

**When to use it.** For the first epochs of fine-tuning, and for trying heads and learning rates: an epoch takes a fraction of a
second. Augmentation has no effect in frozen epochs then, unless there are views; ``k`` of them cost ``k`` passes over the data.

**Defaults.** Features of the plain photos; at most 2 GB of them.

**Source.** ``precompute=True`` of the fast.ai course of 2017, which later versions dropped; a frozen network as a feature
extractor: Donahue et al. 2014, "DeCAF".
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor, nn

from ..prediction.forward_override import ForwardOverride
from ..roles import OutsideTrials, Reverts
from ..trainer_internals.batches import to_device
from ..trainer_internals.private_names import check_private_names
from ..trainer_internals.rng_state import random_state, set_random_state
from ..trainer_internals.torch_names import BatchNorm
from .feature_store import FeatureStore, compute_features, tensors_hash

log = logging.getLogger(__name__)

_VERSION = "1"  # of the stored format


def _differs_in_training(module: nn.Module) -> bool:
    """Return whether a module is BatchNorm, dropout, or stochastic depth as timm and torchvision define it."""
    rate = getattr(module, "drop_prob", 0) or (getattr(module, "p", 0) if "drop" in type(module).__name__.lower() else 0)
    return isinstance(module, BatchNorm) or bool(rate) or type(module).__name__ == "StochasticDepth"


def _part_of(module: nn.Module, name: str) -> Any:
    """Return the attribute that a dotted name leads to, or ``None``; the module itself for an empty one."""
    part: Any = module
    for each in name.split(".") if name else ():
        part = getattr(part, each, None)
    return part


def _first_batch(loader: Any) -> Any:
    """Return a batch of a loader's first row, without starting its workers."""
    return loader.collate_fn(loader.dataset.__getitems__([next(iter(loader.sampler))]))


class PrecomputedActivations(Reverts, OutsideTrials):
    """Trains the head of a frozen network on stored features.

    Works with any LightningModule that has a submodule that is frozen for some epochs, and whose ``forward`` goes through a
    method or submodule that turns a batch of photos into features. Frozen means: none of its parameters requires a gradient, and
    none of its BatchNorm and dropout layers is in training mode. Needs a data module with ``views_dataloader(split, views)``
    (rows in order, each ``views`` times; 0: unaugmented), ``augments``, ``fingerprint(split, views)`` and ``use_features(split,
    path)``, and with ``needs_pixels`` where batches are mixed from pixels: see :class:`practicum.datamodules.ImageFolder`. List
    it after the callback that freezes, :class:`.GradualUnfreezing`.

    Args:
        folder: Where features are stored between runs. They depend on the frozen weights, the processing of a photo, the data's
            contents, size and augmentation, and the precision.
        views: Augmented versions of each training photo; 0: the plain photo.
        features: The method or submodule that turns photos into features; with dots for one further in: ``model.encoder``.
        backbone: The submodule that must be frozen for it, likewise.
        max_gb: Limit on the folder's size in GB; older features are removed for new ones. Features that exceed it are not stored.

    Attributes:
        stored: File of the features ``float32 [views, N, F]`` of each split that has them.

    Raises:
        MisconfigurationException: The module or data module lacks what is needed; or the backbone is unfrozen within an epoch.

    Example:
        >>> from practicum.callbacks import GradualUnfreezing, PrecomputedActivations
        >>> callbacks = [GradualUnfreezing(at=[3]), PrecomputedActivations("cache", views=2)]  # in this order
        >>> callbacks[1].views
        2
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        views: int = 0,
        features: str = "features",
        backbone: str = "backbone",
        max_gb: float = 2.0,
    ) -> None:
        super().__init__()
        if views < 0:
            raise MisconfigurationException(f"PrecomputedActivations: views={views} must be at least 0.")
        if max_gb <= 0:
            raise MisconfigurationException(f"PrecomputedActivations: max_gb={max_gb} must be above 0.")
        self.store, self.views = FeatureStore(folder, max_gb), views
        self.features, self.backbone = features, backbone
        self.stored: dict[str, Path] = {}
        self._reads_features = False
        self._too_large = False

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Check that this version of Lightning has what this relies on."""
        check_private_names(trainer, "batches.py", "torch_names.py")

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Raise if the module or the data module lacks what is needed, before anything is trained."""
        self._is_frozen(pl_module)
        self._data_of(trainer)
        self.stored = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Choose features or photos; after a resume this may be in the middle of an epoch."""
        self._too_large = False
        if getattr(trainer.datamodule, "needs_pixels", False):  # type: ignore[attr-defined]
            log.info("PrecomputedActivations: mixup and cutmix need pixels, so photos are used in every epoch.")
        elif trainer.current_epoch == 0 and not self._is_frozen(pl_module) and getattr(pl_module, "pretrained", True):
            log.warning(
                f"PrecomputedActivations: {self.backbone} is not frozen as training starts, so photos are used: some of it "
                "trains, or its BatchNorm or dropout is in training mode, or the callback that freezes is listed after this one."
            )
        self._switch(trainer, pl_module)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Use features if the backbone is frozen, and photos if it is not."""
        self._switch(trainer, pl_module)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Check that nothing has been unfrozen since."""
        if batch_idx == 0 and self._reads_features and not self._is_frozen(pl_module):
            raise MisconfigurationException(
                f"PrecomputedActivations: {self.backbone} was unfrozen within an epoch; list the callback that freezes "
                "before this one."
            )

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Return to photos before any callback uses the data at the end of the fit."""
        self.reverts.close()

    def _is_frozen(self, pl_module: LightningModule) -> bool:
        backbone = _part_of(pl_module, self.backbone)
        if not isinstance(backbone, nn.Module) or not callable(_part_of(pl_module, self.features)):
            raise MisconfigurationException(
                f"PrecomputedActivations needs {type(pl_module).__name__} to have a submodule {self.backbone!r} and a method or "
                f"submodule {self.features!r}; name its own with backbone=... and features=...."
            )
        learns = any(parameter.requires_grad for parameter in backbone.parameters())
        return not learns and not any(module.training and _differs_in_training(module) for module in backbone.modules())

    def _data_of(self, trainer: Trainer) -> Any:
        data: Any = getattr(trainer, "datamodule", None)
        for method in ("views_dataloader", "fingerprint", "use_features"):
            if not callable(getattr(data, method, None)):
                raise MisconfigurationException(f"PrecomputedActivations needs a data module with {method}(); see ImageFolder.")
        return data

    def _switch(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not self._is_frozen(pl_module) or getattr(trainer.datamodule, "needs_pixels", False):  # type: ignore[attr-defined]
            self.reverts.close()
        elif not self._reads_features and not self._too_large:
            self._use_features(trainer, pl_module)

    def _use_features(self, trainer: Trainer, pl_module: LightningModule) -> None:
        data = self._data_of(trainer)
        before = random_state()  # loaders draw from it; the training must not be affected
        paths: list[Path] = []
        try:
            for split in ("train", "valid"):
                path = self._stored(trainer, pl_module, split, keep=paths)
                if path is None:
                    break
                paths.append(path)
        finally:
            set_random_state(before)
        if len(paths) < 2:
            self._too_large = True
            self._use_photos(data)
            log.warning(
                f"PrecomputedActivations: the features would take more than max_gb={self.store.max_gb}, so photos are used in "
                "every epoch; raise it, or use fewer views."
            )
            return
        self.stored = self.stored or dict(zip(("train", "valid"), paths, strict=True))  # the first: of the initial weights
        shape = np.load(paths[0], mmap_mode="r", allow_pickle=False).shape[2:]
        part, (within, _, method) = _part_of(pl_module, self.features), self.features.rpartition(".")
        owner, name = (part, "forward") if isinstance(part, nn.Module) else (_part_of(pl_module, within), method)

        def features(beneath: Any, x: Tensor, *others: Any, **options: Any) -> Tensor:
            # A batch that a worker prepared ahead may still be of photos.
            return x if x.shape[1:] == shape else beneath(x, *others, **options)

        self._reads_features = True
        self.reverts.callback(self._use_photos, data)
        self.reverts.callback(ForwardOverride(owner, features, name).remove)

    def _use_photos(self, data: Any) -> None:
        self._reads_features = False
        for split in ("train", "valid"):
            data.use_features(split, None)

    def _stored(self, trainer: Trainer, pl_module: LightningModule, split: str, keep: list[Path]) -> Path | None:
        """Let the data module read a split's features, computing them if need be; ``None`` if they exceed the limit."""
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        views = self.views if split == "train" and data.augments else 0
        backbone: nn.Module = _part_of(pl_module, self.backbone)
        loader = data.views_dataloader(split, views)
        extract: Any = _part_of(pl_module, self.features)
        with torch.no_grad(), trainer.precision_plugin.forward_context():
            first = to_device(trainer, pl_module, _first_batch(loader))[0]
            probe = extract(first).float()  # depends on all processing of a photo: normalisation, pooling, a neck
        if not self.store.has_room(probe.nbytes * len(loader.dataset) * max(1, views), keep):
            return None
        weights = tensors_hash([*backbone.named_parameters(), *backbone.named_buffers(), ("probe", probe)])
        path = self.store.path(split, f"{_VERSION} {split} {data.fingerprint(split, views)} {trainer.precision} {weights}")
        path = trainer.strategy.broadcast(path)  # each process has probed another photo
        if not trainer.strategy.broadcast(path.is_file()):
            found = compute_features(trainer, pl_module, extract, loader, max(1, views))
            if trainer.local_rank == 0:
                self.store.save(found, path, keep)
        trainer.strategy.barrier("features")
        os.utime(path)
        data.use_features(split, path)  # mapped at once: it stays readable if another run removes it
        return path
