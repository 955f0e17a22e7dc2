"""Snapshot ensembles: train once, get several models, one from the end of each cycle of the learning rate.

**What it does.** Keeps the weights at the end of each cycle, where the rate is lowest, and averages what the last few of them
say: their probabilities (an ensemble), or by choice the weights themselves (one model, as fast as any).

**When to use it.** With :class:`.SGDR`, :class:`.CyclicalLR` or any other schedule with cycles, when a few times the cost of
prediction buys accuracy. Cycles must be long enough for each snapshot to be good by itself.

**Defaults.** The last 5 snapshots, probabilities averaged.

**Sources.** Huang et al. 2017, "Snapshot ensembles: train 1, get M for free", section 3; averaging weights: Izmailov et al.
2018 (SWA), in torch's ``AveragedModel`` and ``update_bn``.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import torch
from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, Trainer
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel, update_bn

from ..module_outputs.logits import extract_logits, is_multi_label, replace_logits, to_logits, to_probabilities
from ..prediction.forward_override import ForwardOverride
from ..trainer_internals.batches import inputs_of, to_device
from ..trainer_internals.loaders import clone_loaders, endless_batches

log = logging.getLogger(__name__)


class SnapshotEnsemble(Callback):
    """Collects ``cycle-1.ckpt``, ``cycle-2.ckpt`` ... and lets them speak together when the module is tested or predicts.

    Works with any LightningModule whose ``forward`` returns logits ``[B, classes]`` and any scheduler with cycles: a cycle
    ends where the rate, having fallen, rises again, or where the training ends at its lowest. In a test and a prediction
    ``forward`` gives the ensemble's logits, so losses, metrics, pictures and tables follow by themselves. Memory: one model
    at a time, and the probabilities of all rows.

    Args:
        folder: Of the checkpoints.
        last: How many snapshots, the latest ones.
        average: ``probabilities``, or ``weights``: one model whose weights are the mean, its BatchNorm statistics taken anew
            from the training data (``average.ckpt``), under several processes from the first one's share of them.
        multi_label: Sigmoid in place of softmax. Default: the module's attribute of that name, else softmax.
        output: The key of the logits where ``forward`` returns a dictionary; while the ensemble speaks there is no other key.

    Attributes:
        enabled: ``False`` tests and predicts with the single model.

    Raises:
        MisconfigurationException: ``forward`` returns no logits, or ``test_step`` does not call it.
    """

    watches_only = True
    shapes_predictions = True  # predict.py takes it along

    def __init__(
        self,
        folder: str | os.PathLike[str],
        last: int = 5,
        average: Literal["probabilities", "weights"] = "probabilities",
        multi_label: bool | None = None,
        output: str | None = None,
    ) -> None:
        super().__init__()
        if last < 1:
            raise MisconfigurationException(f"SnapshotEnsemble: last={last} must be at least 1.")
        if average not in ("probabilities", "weights"):
            raise MisconfigurationException(f"SnapshotEnsemble: average={average} must be probabilities or weights.")
        self.folder, self.last, self.average = Path(folder), last, average
        self.multi_label, self.output = multi_label, output
        self.enabled = True
        self.cycles = 0
        self.facts: dict[str, float] = {}
        self._factor: float | None = None  # of the latest step: its rate by the group's own
        self._falling = False
        self._lowest = float("inf")  # factor so far
        self._resumed = False
        self._forward: ForwardOverride | None = None
        self._logits: list[Tensor] = []
        self._batch = 0

    # Collecting -------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """How many cycles have ended, and which way the rate goes."""
        return {"cycles": self.cycles, "factor": self._factor, "falling": self._falling, "lowest": self._lowest}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from there."""
        self.cycles, self._factor = state_dict["cycles"], state_dict["factor"]
        self._falling, self._lowest = state_dict["falling"], state_dict["lowest"]

    def snapshots(self) -> list[Path]:
        """The latest snapshots, oldest first."""
        numbered = {int(path.stem.removeprefix("cycle-")): path for path in self.folder.glob("cycle-*.ckpt")}
        return [numbered[number] for number in sorted(numbered)][-self.last :]

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """A training that goes on keeps its snapshots."""
        self._resumed = trainer.state.fn == "fit"

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remove snapshots that are not this training's, or come after the point it goes on from."""
        if not self._resumed:
            self.cycles, self._factor, self._falling, self._lowest = 0, None, False, float("inf")
        self._resumed = False
        if trainer.is_global_zero:
            for path in [*self.folder.glob("cycle-*.ckpt"), *self.folder.glob("average.ckpt")]:
                if path.stem == "average" or int(path.stem.removeprefix("cycle-")) > self.cycles:
                    path.unlink()

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer) -> None:
        """Note the rate of this step, by the group's own: a range test may move both."""
        factor = _factor_of(optimizer)
        self._falling = self._factor is not None and (factor < self._factor or (self._falling and factor == self._factor))
        self._factor, self._lowest = factor, min(factor, self._lowest)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int) -> None:
        """A schedule that moves by steps has moved by now."""
        self._take_if_cycle_ended(trainer)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """A schedule that moves by epochs has moved by now."""
        self._take_if_cycle_ended(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The last cycle may end with the training: where the rate has come down to its lowest."""
        self._take_if_cycle_ended(trainer)
        if self._falling and _factor_of(trainer.optimizers[0]) <= self._lowest:
            self._take(trainer)
        if not self.cycles and trainer.is_global_zero:
            log.warning(
                "SnapshotEnsemble: no cycle of the learning rate ended, so there is no snapshot; train with schedule=sgdr."
            )

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Average the weights if asked to; here, as a training that is resumed at its very end has no other hook."""
        if self.average == "weights" and self.cycles:
            self._average_weights(trainer, pl_module)

    def _take_if_cycle_ended(self, trainer: Trainer) -> None:
        if not self._falling or self._factor is None or _factor_of(trainer.optimizers[0]) <= self._factor:
            return
        self._take(trainer)

    def _take(self, trainer: Trainer) -> None:
        self._falling = False
        self.cycles += 1
        _save(trainer, self.folder / f"cycle-{self.cycles}.ckpt")
        outdated = self.folder / f"cycle-{self.cycles - self.last}.ckpt"
        if trainer.is_global_zero:
            outdated.unlink(missing_ok=True)

    def _average_weights(self, trainer: Trainer, pl_module: LightningModule) -> None:
        trainer.strategy.barrier("snapshots")
        device = pl_module.device  # the strategy has taken it off its own by now
        pl_module.to(trainer.strategy.root_device)
        own = {name: value.detach().clone() for name, value in pl_module.state_dict().items()}
        mode = {module: module.training for module in pl_module.modules()}
        averaged: AveragedModel | None = None
        for path in self.snapshots():
            _load(pl_module, path)
            averaged = averaged or AveragedModel(pl_module)
            averaged.update_parameters(pl_module)
        assert averaged is not None
        pl_module.load_state_dict(averaged.module.state_dict())
        with torch.no_grad(), trainer.precision_plugin.forward_context():
            update_bn(self._inputs(trainer, pl_module), pl_module)
        _save(trainer, self.folder / "average.ckpt")
        pl_module.load_state_dict(own)
        for module, training in mode.items():
            module.training = training
        pl_module.to(device)

    @staticmethod
    def _inputs(trainer: Trainer, pl_module: LightningModule) -> Iterator[Any]:
        passes = [0]
        for batch in endless_batches(trainer, lambda: passes.append(0)):
            if len(passes) > 2:
                return
            yield inputs_of(to_device(trainer, pl_module, batch))

    # Speaking together ------------------------------------------------------------------------------------------------

    def members(self) -> list[Path]:
        """Checkpoints of the models that speak."""
        if self.average == "weights":
            return [path for path in [self.folder / "average.ckpt"] if path.is_file()]
        return self.snapshots()

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Ask each snapshot in turn about every batch."""
        self._ask(trainer, pl_module, trainer._evaluation_loop._combined_loader)

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Ask each snapshot in turn about every batch."""
        self._ask(trainer, pl_module, trainer.predict_loop._combined_loader)

    def on_test_batch_start(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """The next batch."""
        self._batch += 1

    def on_predict_batch_start(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """The next batch."""
        self._batch += 1

    def on_test_batch_end(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """See to it that the ensemble has spoken."""
        if self._forward is not None:
            self._forward.check_called(type(self).__name__, "test_step")

    def on_predict_batch_end(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """See to it that the ensemble has spoken."""
        if self._forward is not None:
            self._forward.check_called(type(self).__name__, "predict_step")

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Give ``forward`` back."""
        self._give_back()

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Give ``forward`` back."""
        self._give_back()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Give ``forward`` back."""
        self._give_back()

    def _give_back(self) -> None:
        if self._forward is not None:
            self._forward.remove()
        self._forward, self._logits = None, []

    def _ask(self, trainer: Trainer, pl_module: LightningModule, combined: Any) -> None:
        members = self.members() if self.enabled else []
        if not members:
            return
        assert combined is not None
        multi_label = is_multi_label(pl_module, self.multi_label)
        own = {name: value.detach().clone() for name, value in pl_module.state_dict().items()}
        total: list[Tensor] = []
        try:
            for number, path in enumerate(members):
                _load(pl_module, path)
                for index, logits in enumerate(self._logits_of(trainer, pl_module, combined)):
                    probabilities = to_probabilities(logits, multi_label)
                    if number == 0:
                        total.append(probabilities.cpu())
                    else:
                        total[index] += probabilities.cpu()
        finally:
            pl_module.load_state_dict(own)
        self.facts["snapshots"] = len(self.snapshots())
        self._logits = [to_logits(each / len(members), multi_label) for each in total]
        self._batch = -1
        device = pl_module.device

        def forward(beneath: Any, *inputs: Any, **options: Any) -> Any:
            return replace_logits({}, self.output, self._logits[self._batch].to(device))

        self._forward = ForwardOverride(pl_module, forward)

    def _logits_of(self, trainer: Trainer, pl_module: LightningModule, combined: Any) -> Iterator[Tensor]:
        hook = "on_test_batch_start" if trainer.testing else "on_predict_batch_start"
        callbacks: list[Any] = trainer.callbacks  # type: ignore[attr-defined]
        others = [each for each in callbacks if getattr(each, "shapes_predictions", False) and each is not self]
        for batch, index, _ in iter(clone_loaders(combined)):
            prepared = to_device(trainer, pl_module, batch)
            for each in others:  # they have a say in every snapshot's predictions
                getattr(each, hook)(trainer, pl_module, prepared, index)
            with trainer.precision_plugin.forward_context():
                output = pl_module(inputs_of(prepared))
            yield extract_logits(output, self.output, "SnapshotEnsemble", pl_module)


def _factor_of(optimizer: Optimizer) -> float:
    group = optimizer.param_groups[-1]
    return float(group["lr"]) / (float(group.get("initial_lr", group["lr"])) or 1.0)


def _save(trainer: Trainer, path: Path) -> None:
    """Weights and nothing else: these load without running anything, whatever the module's hyperparameters are."""
    trainer.strategy.save_checkpoint({"state_dict": trainer.strategy.lightning_module_state_dict()}, path)
    trainer.strategy.barrier("snapshot")


def _load(pl_module: LightningModule, path: Path) -> None:
    pl_module.load_state_dict(torch.load(path, map_location="cpu", weights_only=True)["state_dict"])
