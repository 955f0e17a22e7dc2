"""Test-time augmentation: predictions for several augmented views of a photo are averaged.

**What it does.** In tests and predictions, ``beta`` times the probabilities of the unaugmented view plus ``1 - beta`` times the
mean of ``n`` augmented ones (or the maximum over all views for each class). It helps with photos whose subject is off-centre or
oddly posed, and improves calibration. A network that was trained without augmentation may take views for something else:
``only_if_better`` compares the log-loss of the validation data without and with views, and leaves them out where they harm.

**When to use it.** At the end, where better predictions are worth ``n + 1`` times their cost, with the augmentation that the
network was trained with.

**Defaults.** fastai's: ``n=4``, ``beta=0.25``, the mean, always. ``train.py`` sets ``only_if_better``.

**Sources.** Krizhevsky et al. 2012 (AlexNet), section 4.1; fastai's ``Learner.tta``.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor

from ..figures.figure_callback import never_fatal
from ..figures.images.tta_views import MostChanged, draw_views
from ..figures.plots import Plots
from ..files.output_path import output_path
from ..module_outputs.logits import extract_logits, is_multi_label, replace_logits, to_logits, to_probabilities
from ..trainer_internals.batches import inputs_of, is_same, to_device
from ..trainer_internals.private_names import check_private_names
from .augmented_views import augment_rows, check_options, combine, require_augmentation, require_views
from .forward_check import check_logits
from .prediction_transform import PredictionTransform
from .validation_loss import inputs_and_target, validation_batches, validation_loader
from .views_decision import FILE, LossSums, ViewsDecision, read_decision

log = logging.getLogger(__name__)


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
        only_if_better: Whether a test first predicts the data module's validation data, batches ``(x, y)``, without and with
            views, and leaves views out where they raise the log-loss. It is kept in ``tta.json`` in the trainer's
            ``default_root_dir``, which predictions read. ``test_step`` must call ``forward`` with the batch's ``x``.
        folder: Folder of ``tta.png``, the photos whose prediction changed most in a test; a relative one is below the trainer's
            ``default_root_dir``. Default: no figure.
        count: Number of photos in the figure.

    Attributes:
        enabled: ``False`` tests and predicts without augmentation.
        facts: ``tta/views``, the number of views, once used; 0 where they are left out. With ``only_if_better``,
            ``tta/val_loss`` and ``tta/val_loss/plain``.

    Raises:
        MisconfigurationException: An option is out of range; there is no augmentation; ``forward`` returns no logits, or is
            called with something other than the batch of the data; ``only_if_better`` has no validation data, or no
            ``tta.json`` at prediction.

    Example:
        >>> from torchvision.transforms import v2
        >>> from practicum.callbacks import TestTimeAugmentation
        >>> callback = TestTimeAugmentation(n=2, augment=v2.RandomHorizontalFlip())  # one of the trainer's callbacks
        >>> import torch
        >>> from practicum.callbacks.prediction.augmented_views import combine
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
        only_if_better: bool = False,
        folder: str | os.PathLike[str] | None = None,
        count: int = 4,
    ) -> None:
        super().__init__()
        check_options(n, beta, reduction)
        self.n, self.beta, self.reduction, self.augment = n, beta, reduction, augment
        self.output, self.multi_label, self.seed, self.folder = output, multi_label, seed, folder
        self.only_if_better, self._asks = only_if_better, f"{type(self).__name__}: only_if_better=True"
        self.facts: dict[str, float] = {}
        self._decided, self._helps = False, True
        self._compared: list[tuple[Tensor, Tensor]] | None = None  # logits without and with views
        self._module: Any = None
        self._views: Iterator[Any] | None = None
        self._batch: Any = None  # of the data, in progress, whose views are averaged
        self._given: Any = None  # the inputs of a batch of the data in progress
        self._batch_views: Tensor | None = None  # [n, B, ...], of the data module
        self._seen, self._count = 0, 0  # rows before this batch, and in it
        self._rank, self._processes = 0, 1
        self._changed = MostChanged(count)

    # The module's forward ---------------------------------------------------------------------------------------------

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Replace ``forward``, before any other callback asks the module for predictions; before a fit check what that needs."""
        source = getattr(trainer, "datamodule", None)
        if stage in ("fit", "test"):
            self.facts.clear()  # of an earlier test
        require_augmentation(source, self.augment)
        if stage not in ("fit", "test", "predict") or not self.enabled:
            return
        check_private_names(trainer, "batches.py")
        require_views(source, self.augment)
        if self.only_if_better and stage != "predict":
            validation_loader(trainer, self._asks)
        if stage == "fit":
            return
        self._changed.clear()
        self._module, self._decided = pl_module, not self.only_if_better
        if self.only_if_better and stage == "predict":
            self._decide(read_decision(Path(trainer.default_root_dir)))
        self.reverts.callback(self._forget)
        self.override(pl_module, self._predict)

    @property
    def needs_logits(self) -> bool:
        """Always."""
        return True

    def _forget(self) -> None:
        self._module, self._views, self._batch, self._batch_views, self._given = None, None, None, None, None
        self._helps = True

    def _predict(self, beneath: Callable[..., Any], *inputs: Any, **options: Any) -> Any:
        output = beneath(*inputs, **options)
        name = type(self).__name__
        if self.only_if_better and self._given is not None and not is_same(inputs[0] if inputs else None, self._given):
            raise MisconfigurationException(
                f"{self._asks} compares what forward gives for the data's batches, but {type(self._module).__name__} calls it "
                "with something else; leave it False for this module."
            )
        if self._batch is None:  # not within a test or prediction, or views are left out
            return output
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
        if self._compared is not None:
            own = extract_logits(output, self.output, name, self._module)
            self._compared.append((own, to_logits(combined, multi_label)))
        elif self.folder is not None and x.ndim == 4 and x.shape[1] == 3 and plain.ndim == 2:
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
        if not self._decided:  # an ensemble begins its predictions before a test's first epoch
            self._compare(trainer, pl_module)
        self._given = inputs_of(batch)
        if self._helps:
            self._take(trainer, pl_module, batch, batch_idx, split)
            self.facts["tta/views"] = self.n

    def _take(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, split: str) -> None:
        self._batch, self._given = batch, inputs_of(batch)
        self._seen = 0 if batch_idx == 0 else self._seen + self._count
        self._rank, self._processes = trainer.global_rank, trainer.world_size
        if self.augment is not None:
            return
        if batch_idx == 0:
            datamodule: Any = trainer.datamodule  # type: ignore[attr-defined]
            self._views = iter(datamodule.views_dataloader(split, self.n))
        assert self._views is not None
        views = inputs_of(to_device(trainer, pl_module, next(self._views)))
        self._batch_views = views.reshape(-1, self.n, *views.shape[1:]).transpose(0, 1)

    # Whether views help -----------------------------------------------------------------------------------------------

    def on_validation_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Look at what a fit's validation gives: what a test would refuse is refused before the training."""
        super().on_validation_batch_start(trainer, pl_module, batch, batch_idx, dataloader_idx)
        if batch_idx == 0 and trainer.state.fn == "fit" and self.enabled and self.only_if_better:
            inputs_and_target(batch, self._asks)

    def on_test_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Find whether views help, with the weights that other callbacks have loaded at the start of the test."""
        if self.overrides and not self._decided:
            self._compare(trainer, pl_module)

    def _compare(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Predict the validation data without and with views, and keep the log-loss of each."""
        sums = LossSums(self._asks, is_multi_label(pl_module, self.multi_label))
        self._compared = []
        try:
            for place, given in enumerate(validation_batches(trainer, self._asks)):
                batch = to_device(trainer, pl_module, given)
                x, y = inputs_and_target(batch, self._asks)
                self._take(trainer, pl_module, batch, place, "valid")
                try:
                    with torch.no_grad(), trainer.precision_plugin.forward_context():
                        pl_module(x)
                except (RuntimeError, TypeError) as error:
                    name = type(pl_module).__name__
                    raise MisconfigurationException(
                        f"{self._asks} calls {name}.forward with x of the data's batches, which fails: {error}"
                    ) from error
                for plain, averaged in self._compared:
                    sums.add(plain, averaged, y)
                self._compared.clear()
        finally:
            self._compared, self._batch, self._given = None, None, None
        found = sums.decide(trainer)
        assert self._override is not None
        self._override.check_called(type(self).__name__, "forward")  # which forgets these calls: the test's own are wanted
        if trainer.is_global_zero and not trainer.fast_dev_run:  # type: ignore[attr-defined] # a trial of the code
            found.write(Path(trainer.default_root_dir))
            if not found.helps:
                log.warning(
                    f"{type(self).__name__}: {self.n} augmented views are left out, in predictions too: {found} ({FILE})."
                )
                if self.folder is not None:
                    output_path(trainer, self.folder, "tta.png").unlink(missing_ok=True)  # of an earlier test
        self._decide(found)

    def _decide(self, found: ViewsDecision) -> None:
        self._decided, self._helps = True, found.helps
        views = self.n if found.helps else 0
        self.facts |= {"tta/views": views, "tta/val_loss": found.averaged, "tta/val_loss/plain": found.plain}

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw the photos whose prediction changed most."""
        photos = self._changed.photos()
        if self.folder is not None and photos and trainer.is_global_zero:
            with never_fatal(trainer, type(self).__name__):
                path = output_path(trainer, self.folder, "tta.png")
                self.keep_figure(draw_views(photos, getattr(pl_module, "classes", None), path), path)
