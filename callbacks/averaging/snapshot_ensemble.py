"""Snapshot ensembles: one training yields several models, one from the end of each cycle of the learning rate.

**What it does.** Saves the weights at the end of each cycle, where the rate is lowest, and averages the probabilities that the
last few snapshots predict (an ensemble), or the weights themselves (one model, as fast as any).

**When to use it.** With :class:`.SGDR`, :class:`.CyclicalLR` or any other schedule with cycles, when accuracy is worth a few
times the cost of prediction. Cycles must be long enough for each snapshot to be good by itself.

**Defaults.** The last 5 snapshots, probabilities averaged.

**Sources.** Huang et al. 2017, "Snapshot ensembles: train 1, get M for free", section 3; averaging weights: Izmailov et al. 2018
(SWA).
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor

from ..module_outputs.logits import is_multi_label, replace_logits, to_logits, to_probabilities
from ..prediction.forward_check import check_logits
from ..prediction.prediction_transform import PredictionTransform
from ..trainer_internals.batches import first_tensor, inputs_of, to_device
from ..trainer_internals.loaders import clone_loaders, eval_loaders
from ..trainer_internals.private_names import check_private_names
from .snapshots import CycleSnapshots, average_snapshots, load_weights


class _Sum(NamedTuple):
    """What tells a batch from another: shape and sum of its first tensor."""

    shape: torch.Size
    total: float

    @classmethod
    def of(cls, batch: Any) -> _Sum:
        values = first_tensor(inputs_of(batch))
        return cls(values.shape, float(values.double().sum()))

    def matches(self, batch: Any) -> bool:
        other = self.of(batch)
        return self.shape == other.shape and (self.total == other.total or math.isnan(self.total + other.total))


class SnapshotEnsemble(CycleSnapshots, PredictionTransform):
    """Saves ``cycle-1.ckpt``, ``cycle-2.ckpt`` ... and combines their predictions when the module is tested or predicts.

    Works with any scheduler with cycles: a cycle ends where the rate, having fallen, rises again, or where the training ends at
    its lowest. Averages probabilities of any LightningModule whose ``forward`` returns logits ``[B, classes]``: in tests and
    predictions ``forward`` returns the ensemble's logits, so losses, metrics, figures and tables follow. Memory: one model at a
    time, and the probabilities of all rows; every call of ``forward`` on a batch returns that batch's. Averages weights of any
    LightningModule, whatever it predicts: tests and predictions are those of the averaged model.

    Args:
        folder: Where the checkpoints go.
        last: Number of snapshots: the latest.
        average: ``probabilities``, or ``weights``: one model with the mean of the weights, whose BatchNorm statistics are
            recomputed on the training data (``average.ckpt``), under several processes on the first one's share of them.
        multi_label: Sigmoid instead of softmax. Default: the module's attribute of that name, else softmax.
        output: The key of the logits if ``forward`` returns a dictionary; the ensemble's dictionary has no other key.

    Attributes:
        enabled: ``False`` tests and predicts with the single model.
        stores_logits: Whether ``forward`` gives what was predicted before, whatever it is called with.
        facts: ``snapshots``, their number, once used.

    Raises:
        MisconfigurationException: An option is out of range; with ``probabilities``, ``forward`` returns no logits (a fit's
            validation checks it), ``test_step`` does not call it, or batches come in another order each time.

    Example:
        >>> from practicum.callbacks import SGDR, SnapshotEnsemble
        >>> callbacks = [SGDR(cycles=3), SnapshotEnsemble("checkpoints", last=3)]  # the trainer's
        >>> callbacks[0].planned_epochs, callbacks[1].snapshots()
        (7, [])
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        last: int = 5,
        average: Literal["probabilities", "weights"] = "probabilities",
        multi_label: bool | None = None,
        output: str | None = None,
    ) -> None:
        super().__init__(folder, last)
        if average not in ("probabilities", "weights"):
            raise MisconfigurationException(f"SnapshotEnsemble: average={average} must be probabilities or weights.")
        self.average, self.multi_label, self.output = average, multi_label, output
        self.facts: dict[str, float] = {}
        self.stores_logits = False
        self._logits: list[Tensor] = []  # of each batch
        self._seen: list[_Sum] = []  # of each batch
        self._batch = 0

    @property
    def needs_logits(self) -> bool:
        """Whether probabilities are averaged."""
        return self.average == "probabilities"

    def members(self) -> list[Path]:
        """Return the checkpoints that predict."""
        if self.average == "weights":
            return [path for path in [self.folder / "average.ckpt"] if path.is_file()]
        return self.snapshots()

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Check that this version of Lightning has what this relies on."""
        check_private_names(trainer, "batches.py", "loaders.py")

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remove what another training has left; a mean of the weights only where this one makes its own."""
        super().on_fit_start(trainer, pl_module)
        if self.average == "weights" and trainer.is_global_zero and not trainer.fast_dev_run:  # type: ignore[attr-defined]
            (self.folder / "average.ckpt").unlink(missing_ok=True)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Average the weights if asked to; here, as a training that is resumed at its very end has no other hook."""
        if self.average == "weights" and self.cycles:
            average_snapshots(trainer, pl_module, self.snapshots(), self.folder / "average.ckpt")

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Predict every batch with each snapshot in turn, or load the average of the weights."""
        self._predict(trainer, pl_module)

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Predict every batch with each snapshot in turn, or load the average of the weights."""
        self._predict(trainer, pl_module)

    def on_test_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, *args: Any) -> None:
        """Count batches, and check that they are those that the snapshots predicted."""
        self._next_batch(batch)

    def on_predict_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, *args: Any) -> None:
        """Count batches, and check that they are those that the snapshots predicted."""
        self._next_batch(batch)

    def _next_batch(self, batch: Any) -> None:
        self._batch += 1
        if self._seen:
            self._require_same(self._batch, batch)

    def _require_same(self, place: int, batch: Any) -> None:
        if place >= len(self._seen) or not self._seen[place].matches(batch):
            raise MisconfigurationException(
                f"SnapshotEnsemble: batch {place + 1:,} is not the one that the first snapshot predicted; batches must come in "
                "the same order each time (shuffle=False, and nothing drawn at random), or average='weights' makes one model."
            )

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Restore ``forward`` or the weights, before other callbacks use them."""
        self.reverts.close()

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Restore ``forward`` or the weights, before other callbacks use them."""
        self.reverts.close()

    def _predict(self, trainer: Trainer, pl_module: LightningModule) -> None:
        members = self.members() if self.enabled else []
        if not members:
            return
        self.facts["snapshots"] = len(self.snapshots())
        if self.average == "weights":
            own = {name: value.detach().clone() for name, value in pl_module.state_dict().items()}
            self.reverts.callback(pl_module.load_state_dict, own, strict=pl_module.strict_loading)
            load_weights(pl_module, members[0])
            return
        loaders = eval_loaders(trainer)
        assert loaders is not None
        multi_label = is_multi_label(pl_module, self.multi_label)
        own = {name: value.detach().clone() for name, value in pl_module.state_dict().items()}
        total: list[Tensor] = []
        self._seen = []
        self.reverts.callback(self._seen.clear)
        try:
            for number, path in enumerate(members):
                load_weights(pl_module, path)
                for index, logits in enumerate(self._logits_of(trainer, pl_module, loaders)):
                    probabilities = to_probabilities(logits, multi_label)
                    if number == 0:
                        total.append(probabilities.cpu())
                    else:
                        total[index] += probabilities.cpu()
        finally:
            pl_module.load_state_dict(own, strict=pl_module.strict_loading)
        self._logits = [to_logits(each / len(members), multi_label) for each in total]
        self._batch = -1
        device = pl_module.device

        def forward(beneath: Any, *inputs: Any, **options: Any) -> Any:
            return replace_logits({}, self.output, self._logits[self._batch].to(device))

        self.stores_logits = True
        self.reverts.callback(setattr, self, "stores_logits", False)
        self.reverts.callback(self._logits.clear)
        self.override(pl_module, forward)

    def _logits_of(self, trainer: Trainer, pl_module: LightningModule, loaders: Any) -> Iterator[Tensor]:
        hook = "on_test_batch_start" if trainer.testing else "on_predict_batch_start"
        callbacks: list[Any] = trainer.callbacks  # type: ignore[attr-defined]
        others = [each for each in callbacks if isinstance(each, PredictionTransform) and each is not self]
        multi_label = is_multi_label(pl_module, self.multi_label)
        first = not self._seen
        for place, (batch, index, _) in enumerate(iter(clone_loaders(loaders))):
            prepared = to_device(trainer, pl_module, batch)
            if first:
                self._seen.append(_Sum.of(prepared))
            self._require_same(place, prepared)
            for each in others:  # they apply to every snapshot's predictions
                getattr(each, hook)(trainer, pl_module, prepared, index)
            try:
                with trainer.precision_plugin.forward_context():
                    output = pl_module(inputs_of(prepared))
            except TypeError as error:
                name = type(pl_module).__name__
                raise MisconfigurationException(
                    f"SnapshotEnsemble calls {name}.forward with the first part of each batch, which fails: {error}"
                ) from error
            yield check_logits(output, self.output, "SnapshotEnsemble", pl_module, multi_label)
