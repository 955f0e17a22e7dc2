"""Test-time augmentation: predictions for several augmented views of a photo are averaged.

**What it does.** In tests and predictions, ``beta`` times the probabilities of the unaugmented view plus ``1 - beta`` times the
mean of ``n`` augmented ones (or the maximum over all views for each class). It helps with photos whose subject is off-centre or
oddly posed, and improves calibration.

**When to use it.** At the end, where better predictions are worth ``n + 1`` times their cost, with the augmentation that the
network was trained with.

**Defaults.** fastai's: ``n=4``, ``beta=0.25``, the mean.

**Sources.** Krizhevsky et al. 2012 (AlexNet), section 4.1; fastai's ``Learner.tta``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import numpy as np
import torch
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor

from ..figures.figure_callback import never_fatal
from ..figures.images.tta_views import MostChanged, draw_views
from ..figures.plots import Plots
from ..files.output_path import output_path
from ..module_outputs.logits import extract_logits, is_multi_label, replace_logits, to_logits, to_probabilities
from ..trainer_internals.batches import inputs_of, to_device
from ..trainer_internals.private_names import check_private_names
from .forward_check import check_logits
from .prediction_transform import PredictionTransform


def combine(plain: Tensor, views: Tensor, beta: float = 0.25, reduction: Literal["mean", "max"] = "mean") -> Tensor:
    """Combine the probabilities of the unaugmented view and of augmented ones.

    Args:
        plain: ``[..., classes]``.
        views: ``[n, ..., classes]``.
        beta: Weight of the unaugmented view; without effect on the maximum.
        reduction: ``mean``, or ``max``: the highest probability of each class in any view.

    Returns:
        ``[..., classes]``; the maxima of single-label probabilities do not sum to 1.
    """
    return torch.maximum(plain, views.amax(0)) if reduction == "max" else beta * plain + (1 - beta) * views.mean(0)


def augment_rows(x: Tensor, augment: Callable[[Tensor], Tensor], seed: int, view: int, rows: Sequence[int]) -> Tensor:
    """Augment each photo of a batch by itself, with random numbers that depend on the seed, the view and its place in the data.

    Args:
        x: ``[B, ...]``.
        augment: A function of a batch of one.
        seed: Of the random numbers.
        view: From 0.
        rows: Place in the data of each photo.
    """
    views = []
    with torch.random.fork_rng(devices=[x.device] if x.is_cuda else []):
        for row, photo in zip(rows, x, strict=True):
            draw = np.random.SeedSequence([seed, view, row]).generate_state(1, np.uint64)[0]
            torch.default_generator.manual_seed(int(draw >> np.uint64(1)))
            if x.is_cuda:
                torch.cuda.default_generators[x.device.index].manual_seed(int(draw >> np.uint64(1)))
            views.append(augment(photo[None]))
    return torch.cat(views)


class TestTimeAugmentation(Plots, PredictionTransform):
    """Combines a module's predictions for ``n`` augmented views of every photo with that for the photo itself.

    Works with any LightningModule whose ``forward`` takes a batch and returns logits ``[B, classes]``, or a dictionary that holds
    them. In tests and predictions ``forward`` returns log-probabilities (for multi-label, log-odds) in their place, so the
    module's own losses and metrics stay correct. Views come from the data module's ``views_dataloader(split, n)`` if it has one
    (made from decoded photos, so that crops are real), else from ``augment``.

    Args:
        n: Number of augmented views.
        beta: Weight of the unaugmented view.
        reduction: ``mean`` or ``max``; see :func:`combine`.
        augment: Makes a view of a batch of one ``[1, 3, H, W]``; called for each photo by itself, so that any of torchvision's
            transforms will do. Default: the data module's views.
        output: The key of the logits if ``forward`` returns a dictionary.
        multi_label: Sigmoid instead of softmax. Default: the module's attribute of that name, else softmax.
        seed: Of ``augment``; a photo's views depend on it and on the photo's place in the data.
        folder: Folder of ``tta.png``, the photos whose prediction changed most in a test; a relative one is below the trainer's
            ``default_root_dir``. Default: no figure.
        count: Number of photos in the figure.

    Attributes:
        enabled: ``False`` tests and predicts without augmentation.
        facts: ``tta/views``, the number of views, once used.

    Raises:
        MisconfigurationException: An option is out of range; there is no augmentation; ``forward`` returns no logits, or is
            called with something other than the batch of the data.

    Example:
        >>> from torchvision.transforms import v2
        >>> from practicum.callbacks import TestTimeAugmentation
        >>> callback = TestTimeAugmentation(n=2, augment=v2.RandomHorizontalFlip())  # one of the trainer's callbacks
        >>> import torch
        >>> from practicum.callbacks.prediction.test_time_augmentation import combine
        >>> combine(torch.tensor([0.5, 0.5]), torch.tensor([[0.9, 0.1], [0.7, 0.3]]), beta=0.5)
        tensor([0.6500, 0.3500])
    """

    __test__ = False  # not pytest's

    def __init__(
        self,
        n: int = 4,
        beta: float = 0.25,
        reduction: Literal["mean", "max"] = "mean",
        augment: Callable[[Tensor], Tensor] | None = None,
        output: str | None = None,
        multi_label: bool | None = None,
        seed: int = 1,
        folder: str | os.PathLike[str] | None = None,
        count: int = 4,
    ) -> None:
        super().__init__()
        if n < 1:
            raise MisconfigurationException(f"TestTimeAugmentation: n={n} must be at least 1; leave the callback out for none.")
        if not 0 <= beta <= 1:
            raise MisconfigurationException(
                f"TestTimeAugmentation: beta={beta} must be between 0 and 1 (weight of the unaugmented view)."
            )
        if reduction not in ("mean", "max"):
            raise MisconfigurationException(f"TestTimeAugmentation: reduction={reduction} must be mean or max.")
        self.n, self.beta, self.reduction, self.augment = n, beta, reduction, augment
        self.output, self.multi_label, self.seed, self.folder = output, multi_label, seed, folder
        self.facts: dict[str, float] = {}
        self._module: Any = None
        self._views: Iterator[Any] | None = None
        self._batch: Any = None  # of the data, in progress
        self._batch_views: Tensor | None = None  # [n, B, ...], of the data module
        self._seen, self._count = 0, 0  # rows before this batch, and in it
        self._rank, self._processes = 0, 1
        self._changed = MostChanged(count)

    # The module's forward ---------------------------------------------------------------------------------------------

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Replace ``forward``, before any other callback asks the module for predictions; before a fit check what that needs."""
        source = getattr(trainer, "datamodule", None)
        if self.augment is None and getattr(source, "augments", True) is False:  # reported before a training, not after it
            raise MisconfigurationException(
                "TestTimeAugmentation: the data module augments nothing, so all views of a photo are alike; choose an "
                "augmentation, such as side_on."
            )
        if stage not in ("fit", "test", "predict") or not self.enabled:
            return
        check_private_names(trainer, "batches.py")
        if self.augment is None and not hasattr(source, "views_dataloader"):
            raise MisconfigurationException(
                "TestTimeAugmentation has no views: give it augment (a function of a batch, e.g. one of "
                "torchvision.transforms.v2), or use a data module with views_dataloader(split, n)."
            )
        if stage == "fit":
            return
        self._changed.clear()
        self._module = pl_module
        self.reverts.callback(self._forget)
        self.override(pl_module, self._predict)

    @property
    def needs_logits(self) -> bool:
        """Always."""
        return True

    def _forget(self) -> None:
        self._module, self._views, self._batch, self._batch_views = None, None, None, None

    def _predict(self, beneath: Callable[..., Any], *inputs: Any, **options: Any) -> Any:
        output = beneath(*inputs, **options)
        if self._batch is None:  # not within a test or prediction
            return output
        name = type(self).__name__
        if not inputs or not isinstance(inputs[0], Tensor):
            raise MisconfigurationException(
                f"{name} needs {type(self._module).__name__}.forward to be called with a tensor of photos as its first argument."
            )
        x, others = inputs[0], inputs[1:]
        self._count = len(x)
        multi_label = is_multi_label(self._module, self.multi_label)
        plain = to_probabilities(check_logits(output, self.output, name, self._module, multi_label), multi_label)
        views = self._views_of(x)
        logits = [extract_logits(beneath(view, *others, **options), self.output, name, self._module) for view in views]
        probabilities = torch.stack([to_probabilities(each, multi_label) for each in logits])
        combined = combine(plain, probabilities, self.beta, self.reduction)
        if self.folder is not None and x.ndim == 4 and x.shape[1] == 3 and plain.ndim == 2:
            y = self._batch[1] if isinstance(self._batch, list | tuple) and len(self._batch) > 1 else None
            target = y if isinstance(y, Tensor) else None
            self._changed.add(self._rows(x), [x, *views], torch.cat([plain[None], probabilities]), combined, target)
        return replace_logits(output, self.output, to_logits(combined, multi_label))

    def _views_of(self, x: Tensor) -> Sequence[Tensor] | Tensor:
        if self.augment is not None:
            return [augment_rows(x, self.augment, self.seed, view, self._rows(x)) for view in range(self.n)]
        assert self._batch_views is not None
        mine = inputs_of(self._batch)
        if x is not mine and (not isinstance(mine, Tensor) or x.shape != mine.shape or x.dtype != mine.dtype):
            raise MisconfigurationException(
                f"TestTimeAugmentation: {type(self._module).__name__} calls forward with something other than the data's batch, "
                "so that the data module's views don't fit; set augment=... to make views of what it is called with."
            )
        return self._batch_views

    def _rows(self, x: Tensor) -> list[int]:
        """Return the place of each photo of this batch in the whole data, which are interleaved over the processes."""
        return [(self._seen + place) * self._processes + self._rank for place in range(len(x))]

    # Which batch it is ------------------------------------------------------------------------------------------------

    def on_test_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Fetch the batch's views."""
        self._next(trainer, pl_module, batch, batch_idx, "test")

    def on_predict_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Fetch the batch's views."""
        self._next(trainer, pl_module, batch, batch_idx, "predict")

    def _next(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, split: str) -> None:
        if not self.overrides:
            return
        self._batch = batch
        self._seen = 0 if batch_idx == 0 else self._seen + self._count
        self._rank, self._processes = trainer.global_rank, trainer.world_size
        self.facts["tta/views"] = self.n
        if self.augment is not None:
            return
        if batch_idx == 0:
            datamodule: Any = trainer.datamodule  # type: ignore[attr-defined]
            self._views = iter(datamodule.views_dataloader(split, self.n))
        assert self._views is not None
        views = inputs_of(to_device(trainer, pl_module, next(self._views)))
        self._batch_views = views.reshape(-1, self.n, *views.shape[1:]).transpose(0, 1)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw the photos whose prediction changed most."""
        photos = self._changed.photos()
        if self.folder is not None and photos and trainer.is_global_zero:
            with never_fatal(trainer, type(self).__name__):
                path = output_path(trainer, self.folder, "tta.png")
                self.keep_figure(draw_views(photos, getattr(pl_module, "classes", None), path), path)
