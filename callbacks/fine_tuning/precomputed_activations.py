"""Precomputed activations: while the backbone is frozen, it looks at each photo once, and the head learns from what it saw.

**What it does.** Before an epoch in which the backbone is frozen, its features of all training and validation photos are computed
once and kept on disk; training and validation then read those instead of pixels. When the backbone thaws, pixels are back. With
``views=k`` features of ``k`` augmented versions are kept, and epoch ``e`` shows version ``e % k``.

**When to use it.** For the first epochs of fine-tuning, and for trying heads and learning rates: an epoch takes a fraction of a
second. With one view augmentation has no effect in frozen epochs; ``k`` views cost ``k`` passes over the data.

**Defaults.** One view; at most 2 GB of features.

**Source.** ``precompute=True`` of the fast.ai course of 2017, which later versions dropped; a frozen network as a feature
extractor: Donahue et al. 2014, "DeCAF".
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock
from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, Trainer
from torch import Tensor, nn

from ..prediction.forward_override import ForwardOverride
from ..run.atomic_file import atomic_write
from ..trainer_internals.batches import to_device
from ..trainer_internals.rng_state import random_state, set_random_state

log = logging.getLogger(__name__)
_VERSION = "1"  # of what is stored


def tensors_hash(tensors: Iterable[tuple[str, Tensor]]) -> str:
    """SHA-256 of tensors, with their names, shapes and types."""
    digest = hashlib.sha256()
    for name, tensor in tensors:
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _differs_in_training(module: nn.Module) -> bool:
    """BatchNorm, dropout, and stochastic depth as timm and torchvision have it."""
    rate = getattr(module, "drop_prob", 0) or (getattr(module, "p", 0) if "drop" in type(module).__name__.lower() else 0)
    return isinstance(module, nn.modules.batchnorm._BatchNorm) or bool(rate) or type(module).__name__ == "StochasticDepth"


def as_batch_of_one(loader: Any) -> Any:
    """The first row of a loader's data, as its batches are, without starting its workers."""
    return loader.collate_fn(loader.dataset.__getitems__([next(iter(loader.sampler))]))


class PrecomputedActivations(Callback):
    """Trains the head of a frozen network from stored features.

    Works with any LightningModule that has a submodule that is frozen for some epochs, and whose ``forward`` goes through a
    method or submodule that turns a batch of photos into features. Frozen means: no parameter of it asks for a gradient, and
    none of its BatchNorm and dropout layers is in training mode. Needs a data module with ``views_dataloader(split, views)``
    (rows in their own order, each ``views`` times; 0: plain), ``augments``, ``fingerprint(split, views)`` and
    ``use_features(split, path)``: see :class:`practicum.datamodules.ImageFolder`. Goes after the callback that freezes,
    :class:`.GradualUnfreezing`.

    Args:
        folder: Where features are kept between runs. Their key is the frozen weights, what becomes of one photo, the data's
            contents, size and augmentation, and the precision.
        views: Augmented versions of each training photo.
        features: The method or submodule that turns photos into features.
        backbone: The submodule that must be frozen for it.
        max_gb: At most so much is kept on disk, older features leave it; more than that at once is not kept at all.

    Raises:
        MisconfigurationException: The module or data module lacks what is needed; or the backbone thaws after this callback has
            had its turn.
    """

    watches_only = True  # has no part in a training step

    def __init__(
        self,
        folder: str | os.PathLike[str],
        views: int = 1,
        features: str = "features",
        backbone: str = "backbone",
        max_gb: float = 2.0,
    ) -> None:
        super().__init__()
        if views < 1:
            raise MisconfigurationException(f"PrecomputedActivations: views={views} must be at least 1.")
        if max_gb <= 0:
            raise MisconfigurationException(f"PrecomputedActivations: max_gb={max_gb} must be above 0.")
        self.folder, self.views, self.max_gb = Path(folder), views, max_gb
        self.features, self.backbone = features, backbone
        self._forward: ForwardOverride | None = None
        self._too_large = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """After a resume this may be in the middle of an epoch."""
        self._too_large = False
        if trainer.current_epoch == 0 and not self._is_frozen(pl_module):
            log.warning(
                f"PrecomputedActivations: {self.backbone} is not frozen as training starts, so photos are looked at: some of it "
                "learns, or its BatchNorm or dropout is in training mode, or what freezes is listed after this."
            )
        self._switch(trainer, pl_module)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Turn to features where the backbone is frozen, and back to photos where it is not."""
        self._switch(trainer, pl_module)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """See to it that nothing has thawed since."""
        if batch_idx == 0 and self._forward is not None and not self._is_frozen(pl_module):
            raise MisconfigurationException(
                f"PrecomputedActivations: {self.backbone} has thawed in the midst of an epoch; list the callback that freezes "
                "before this one."
            )

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Back to photos, before any callback does something with the data as the fit ends."""
        self._to_photos(trainer)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Back to photos."""
        self._to_photos(trainer)

    def _is_frozen(self, pl_module: LightningModule) -> bool:
        backbone = getattr(pl_module, self.backbone, None)
        if not isinstance(backbone, nn.Module) or not callable(getattr(pl_module, self.features, None)):
            raise MisconfigurationException(
                f"PrecomputedActivations needs {type(pl_module).__name__} to have a submodule {self.backbone!r} and a method or "
                f"submodule {self.features!r}; name its own with backbone=... and features=...."
            )
        learns = any(parameter.requires_grad for parameter in backbone.parameters())
        return not learns and not any(module.training and _differs_in_training(module) for module in backbone.modules())

    def _switch(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not self._is_frozen(pl_module):
            self._to_photos(trainer)
        elif self._forward is None and not self._too_large:
            self._to_features(trainer, pl_module)

    def _to_photos(self, trainer: Trainer) -> None:
        if self._forward is None:
            return
        self._forward.remove()
        self._forward = None
        for split in ("train", "valid"):
            trainer.datamodule.use_features(split, None)  # type: ignore[attr-defined]

    def _to_features(self, trainer: Trainer, pl_module: LightningModule) -> None:
        data: Any = getattr(trainer, "datamodule", None)
        for method in ("views_dataloader", "fingerprint", "use_features"):
            if not callable(getattr(data, method, None)):
                raise MisconfigurationException(f"PrecomputedActivations needs a data module with {method}(); see ImageFolder.")
        before = random_state()  # loaders draw from it; the training must not notice
        paths: list[Path] = []
        try:
            for split in ("train", "valid"):
                paths.append(self._stored(trainer, pl_module, split, keep=paths))
        except _TooLarge:
            self._too_large = True
            for split in ("train", "valid"):
                data.use_features(split, None)
            log.warning(
                f"PrecomputedActivations: the features would take more than max_gb={self.max_gb}, so photos are looked at in "
                "every epoch; raise it, or use fewer views."
            )
            return
        finally:
            set_random_state(before)
        shape = np.load(paths[0], mmap_mode="r", allow_pickle=False).shape[2:]
        part = getattr(pl_module, self.features)
        owner, name = (part, "forward") if isinstance(part, nn.Module) else (pl_module, self.features)

        def features(beneath: Any, x: Tensor, *others: Any, **options: Any) -> Tensor:
            # A batch that a worker made ahead may still be of photos.
            return x if x.shape[1:] == shape else beneath(x, *others, **options)

        self._forward = ForwardOverride(owner, features, name)

    # Features on disk -------------------------------------------------------------------------------------------------

    def _stored(self, trainer: Trainer, pl_module: LightningModule, split: str, keep: list[Path]) -> Path:
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        views = self.views if split == "train" and data.augments else 0
        backbone: nn.Module = getattr(pl_module, self.backbone)
        loader = data.views_dataloader(split, views)
        see: Any = getattr(pl_module, self.features)
        with torch.no_grad(), trainer.precision_plugin.forward_context():
            first = to_device(trainer, pl_module, as_batch_of_one(loader))[0]
            probe = see(first).float()  # depends on all that is done to a photo: normalisation, pooling, a neck
        size = probe.nbytes * len(loader.dataset) * max(1, views)
        if size + sum(each.stat().st_size for each in keep) > self.max_gb * 1e9:
            raise _TooLarge
        weights = tensors_hash([*backbone.named_parameters(), *backbone.named_buffers(), ("probe", probe)])
        facts = f"{_VERSION} {split} {data.fingerprint(split, views)} {trainer.precision} {weights}"
        path = self.folder / f"features-{split}-{hashlib.sha256(facts.encode()).hexdigest()[:20]}.npy"
        if not trainer.strategy.broadcast(path.is_file()):
            found = self._compute(trainer, pl_module, loader, views)
            if trainer.local_rank == 0:
                with FileLock(self.folder / ".features.lock"):
                    self._make_room(found.nbytes, [*keep, path])
                    with atomic_write(path) as beside, open(beside, "wb") as file:
                        np.save(file, found, allow_pickle=False)
        trainer.strategy.barrier("features")
        os.utime(path)
        data.use_features(split, path)  # mapped at once: it stays readable if another run needs its place on disk
        return path

    def _compute(self, trainer: Trainer, pl_module: LightningModule, loader: Any, views: int) -> np.ndarray[Any, Any]:
        """Features ``[views, N, ...]`` of all rows; each process computes its share."""
        see: Any = getattr(pl_module, self.features)
        parts: list[np.ndarray[Any, Any]] = []
        with torch.no_grad(), trainer.precision_plugin.forward_context():
            for batch in loader:
                parts.append(see(to_device(trainer, pl_module, batch)[0]).float().cpu().numpy())
        mine = np.concatenate(parts)
        mine = mine.reshape(-1, max(1, views), *mine.shape[1:]).swapaxes(0, 1)
        if trainer.world_size == 1:
            return np.ascontiguousarray(mine)
        shares: list[Any] = [None] * trainer.world_size
        torch.distributed.all_gather_object(shares, mine)
        whole = np.empty((mine.shape[0], sum(each.shape[1] for each in shares), *mine.shape[2:]), np.float32)
        for rank, share in enumerate(shares):
            whole[:, rank :: trainer.world_size] = share
        return whole

    def _make_room(self, size: int, keep: list[Path]) -> None:
        """The features that were used longest ago leave first; those in ``keep`` stay."""
        for left in self.folder.glob(".features-*.part"):  # of a process that was killed: only the holder of the lock writes
            left.unlink(missing_ok=True)
        stored = sorted(self.folder.glob("features-*.npy"), key=lambda path: path.stat().st_mtime)
        total = sum(path.stat().st_size for path in stored) + size
        for path in stored:
            if total <= self.max_gb * 1e9:
                return
            if path not in keep:
                total -= path.stat().st_size
                path.unlink(missing_ok=True)


class _TooLarge(Exception):
    """More features than may be kept."""
