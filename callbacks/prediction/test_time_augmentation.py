"""Test-time augmentation: look at a photo several times, each time a little differently, and average what is said.

**What it does.** In tests and predictions, ``beta`` times the probabilities of the plain view plus ``1 - beta`` times the mean of
``n`` augmented ones (or, of all, the highest of each class). A photo whose subject lies at the border, or stands oddly, gets a
second chance; the result is better calibrated, too.

**When to use it.** At the end, where better predictions are worth ``n + 1`` times their cost. With augmentation that the network
was trained with.

**Defaults.** fastai's: ``n=4``, ``beta=.25``, the mean.

**Sources.** Krizhevsky et al. 2012 (AlexNet), section 4.1; fastai's ``Learner.tta``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, Trainer
from torch import Tensor

from ..figures.canvas import new_figure, save_figure
from ..figures.images.example_batch import draw_photo, label_of
from ..module_outputs.logits import extract_logits, is_multi_label, replace_logits, to_logits, to_probabilities
from ..prediction.forward_override import ForwardOverride
from ..trainer_internals.batches import inputs_of, to_device


def combine(plain: Tensor, views: Tensor, beta: float = 0.25, how: Literal["mean", "max"] = "mean") -> Tensor:
    """Probabilities of a plain view and of augmented ones, as one.

    Args:
        plain: ``[..., classes]``.
        views: ``[n, ..., classes]``.
        beta: Weight of the plain view; of no effect on the maximum.
        how: ``mean``, or ``max``: the highest probability of each class in any view.

    Returns:
        ``[..., classes]``; the maxima of single-label probabilities do not sum to 1.
    """
    return torch.maximum(plain, views.amax(0)) if how == "max" else beta * plain + (1 - beta) * views.mean(0)


@dataclass
class _Changed:
    change: float
    photos: Tensor  # [1 + n, 3, H, W], the plain one first
    probabilities: Tensor  # [1 + n, classes]
    together: Tensor  # [classes]
    target: Tensor | None


class TestTimeAugmentation(Callback):
    """Lets a module look at ``n`` more views of every photo when it is tested or predicts.

    Works with any LightningModule whose ``forward`` takes a batch and returns logits ``[B, classes]``, or a dictionary that
    holds them. For the duration ``forward`` returns log-probabilities (for multi-label, log-odds) in their place, so the
    module's own losses and metrics stay right. Views come from the data module's ``views_dataloader(split, n)`` where it has one
    (made from decoded photos, so that crops are real), else from ``augment``.

    Args:
        n: Augmented views.
        beta: Weight of the plain view.
        how: ``mean`` or ``max``.
        augment: Makes a view of a batch of one ``[1, 3, H, W]``; called for each photo by itself, so that any of torchvision's
            transforms will do. Default: the data module's views.
        output: The key of the logits where ``forward`` returns a dictionary.
        multi_label: Sigmoid in place of softmax. Default: the module's attribute of that name, else softmax.
        seed: Of ``augment``; a photo's views depend on it and on the photo's place in the data.
        folder: Where ``tta.png`` goes: the photos whose prediction changed most in a test. Default: nowhere.
        count: How many of them.

    Attributes:
        enabled: ``False`` tests and predicts plainly.

    Raises:
        MisconfigurationException: Numbers out of range; no augmentation to be had; ``forward`` returns no logits, or is called
            with something else than the batch that the data give.
    """

    __test__ = False  # not pytest's
    watches_only = True  # has no part in a training step
    shapes_predictions = True  # predict.py takes it along

    def __init__(
        self,
        n: int = 4,
        beta: float = 0.25,
        how: Literal["mean", "max"] = "mean",
        augment: Callable[[Tensor], Tensor] | None = None,
        output: str | None = None,
        multi_label: bool | None = None,
        seed: int = 1,
        folder: str | os.PathLike[str] | None = None,
        count: int = 4,
    ) -> None:
        super().__init__()
        if n < 1:
            raise MisconfigurationException(
                f"TestTimeAugmentation: n={n} must be at least 1 view; leave the callback out for none."
            )
        if not 0 <= beta <= 1:
            raise MisconfigurationException(
                f"TestTimeAugmentation: beta={beta} must be between 0 and 1: the plain view's weight."
            )
        if how not in ("mean", "max"):
            raise MisconfigurationException(f"TestTimeAugmentation: how={how} must be mean or max.")
        self.n, self.beta, self.how, self.augment = n, beta, how, augment
        self.output, self.multi_label, self.seed = output, multi_label, seed
        self.path = None if folder is None else Path(folder) / "tta.png"
        self.count = count
        self.enabled = True
        self.facts: dict[str, float] = {}
        self._forward: ForwardOverride | None = None
        self._module: Any = None
        self._views: Iterator[Any] | None = None
        self._batch: Any = None  # of the data, while it is being tested
        self._of_batch: list[Tensor] | Tensor | None = None  # its views, [n, B, ...]
        self._seen, self._count = 0, 0  # rows before this batch, and in it
        self._rank, self._processes = 0, 1
        self._changed: dict[int, _Changed] = {}

    # The module's forward ---------------------------------------------------------------------------------------------

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Put the views in the way of ``forward``; before any other callback asks the module for predictions."""
        source = getattr(trainer, "datamodule", None)
        if self.augment is None and getattr(source, "augments", True) is False:  # said before a training, not after it
            raise MisconfigurationException(
                "TestTimeAugmentation: augment=none makes all views of a photo alike; choose one, e.g. augment=side_on."
            )
        if stage not in ("test", "predict") or not self.enabled:
            return
        if self.augment is None and not hasattr(source, "views_dataloader"):
            raise MisconfigurationException(
                "TestTimeAugmentation has no views to show: give augment=... (a function of a batch, e.g. one of "
                "torchvision.transforms.v2), or a data module with views_dataloader(split, n)."
            )
        self._changed = {}
        self._forward = ForwardOverride(pl_module, self._look_again)
        self._module = pl_module

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Give ``forward`` back."""
        self._give_back()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Give ``forward`` back."""
        self._give_back()

    def _give_back(self) -> None:
        if self._forward is not None:
            self._forward.remove()
        self._forward, self._module, self._views, self._batch, self._of_batch = None, None, None, None, None

    def _look_again(self, beneath: Callable[..., Any], *inputs: Any, **options: Any) -> Any:
        output = beneath(*inputs, **options)
        if self._batch is None:  # not within a test or prediction: another's business
            return output
        me = type(self).__name__
        if not inputs or not isinstance(inputs[0], Tensor):
            raise MisconfigurationException(
                f"{me} needs {type(self._module).__name__}.forward to be called with a tensor of photos, as its first argument."
            )
        x, others = inputs[0], inputs[1:]
        self._count = len(x)
        multi_label = is_multi_label(self._module, self.multi_label)
        plain = to_probabilities(extract_logits(output, self.output, me, self._module), multi_label)
        views = self._views_of(x)
        said = [extract_logits(beneath(view, *others, **options), self.output, me, self._module) for view in views]
        each = torch.stack([to_probabilities(logits, multi_label) for logits in said])
        together = combine(plain, each, self.beta, self.how)
        self._keep_most_changed(x, views, plain, each, together)
        return replace_logits(output, self.output, to_logits(together, multi_label))

    def _views_of(self, x: Tensor) -> list[Tensor] | Tensor:
        if self.augment is not None:
            return [self._augmented(x, view) for view in range(self.n)]
        assert isinstance(self._of_batch, Tensor)
        mine = inputs_of(self._batch)
        if x is not mine and (not isinstance(mine, Tensor) or x.shape != mine.shape or x.dtype != mine.dtype):
            raise MisconfigurationException(
                f"TestTimeAugmentation: {type(self._module).__name__} calls forward with something else than the data's batch, "
                "so that the data module's views don't fit; give augment=... to make views of what it is called with."
            )
        return self._of_batch

    def _augmented(self, x: Tensor, view: int) -> Tensor:
        assert self.augment is not None
        views = []
        with torch.random.fork_rng(devices=[x.device] if x.is_cuda else []):
            for place, photo in enumerate(x):
                draw = np.random.SeedSequence([self.seed, view, self._row(place)]).generate_state(1, np.uint64)[0]
                torch.default_generator.manual_seed(int(draw >> np.uint64(1)))
                if x.is_cuda:
                    torch.cuda.default_generators[x.device.index].manual_seed(int(draw >> np.uint64(1)))
                views.append(self.augment(photo[None]))
        return torch.cat(views)

    def _row(self, place: int) -> int:
        """Where a photo of this batch stands in the whole data, of which each process has every so many-th."""
        return (self._seen + place) * self._processes + self._rank

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
        if self._forward is None:
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
        self._of_batch = views.reshape(-1, self.n, *views.shape[1:]).transpose(0, 1)

    def on_test_batch_end(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """See to it that the views had a say."""
        if self._forward is not None:
            self._forward.check_called(type(self).__name__, "test_step")

    def on_predict_batch_end(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """See to it that the views had a say."""
        if self._forward is not None:
            self._forward.check_called(type(self).__name__, "predict_step")

    # The picture ------------------------------------------------------------------------------------------------------

    def _keep_most_changed(self, x: Tensor, views: Any, plain: Tensor, each: Tensor, together: Tensor) -> None:
        if self.path is None or x.ndim != 4 or x.shape[1] != 3 or plain.ndim != 2:
            return
        batch = self._batch
        y = batch[1] if isinstance(batch, list | tuple) and len(batch) > 1 else None
        changes = (together - plain).abs().amax(1).tolist()
        for place in sorted(range(len(changes)), key=changes.__getitem__)[-self.count :]:
            photos = torch.stack([x[place], *(view[place] for view in views)]).cpu()
            said = torch.cat([plain[place, None], each[:, place]]).cpu()
            target = y[place].cpu() if isinstance(y, Tensor) else None
            self._changed[self._row(place)] = _Changed(changes[place], photos, said, together[place].cpu(), target)
        most = sorted(self._changed, key=lambda row: self._changed[row].change)[-self.count :]
        self._changed = {row: self._changed[row] for row in most}

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw the photos whose prediction changed most, with what was said of each view."""
        if self.path is None or not self._changed or not trainer.is_global_zero:
            return
        classes = getattr(pl_module, "classes", None)
        columns = min(1 + self.n, 7)
        figure = new_figure(2.1 * columns, 2.6 * len(self._changed))
        for line, changed in enumerate(sorted(self._changed.values(), key=lambda each: -each.change)):
            for column in range(columns):
                axes = figure.add_subplot(len(self._changed), columns, line * columns + column + 1)
                said = changed.probabilities[column]
                title = f"{'plain' if column == 0 else f'view {column}'}: {_said(said, classes)}"
                if column == 0:
                    true = "" if changed.target is None else f" (is {label_of(changed.target, classes)})"
                    title += f"\ntogether: {_said(changed.together, classes)}{true}"
                draw_photo(axes, changed.photos[column], title)
        save_figure(figure, self.path)


def _said(probabilities: Tensor, classes: Any) -> str:
    probability, index = probabilities.max(0)
    return f"{label_of(index, classes)} {float(probability):.2f}"
