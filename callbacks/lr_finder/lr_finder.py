"""The learning-rate range test: a short trial training in which the rate grows from nearly zero until the loss explodes.

**What it does.** Trains for up to 100 steps, each at a higher rate, records the loss, and restores everything to its state before
the test. The curve is flat where the rate is too small to learn, falls where it is good and rises steeply where it is too large;
four rules read a rate off it (see :mod:`.suggestions`). ``lr_find.csv`` holds the curve, ``lr_find.png`` shows it.

**When to use it.** Before any training with a new network, data set or batch size; again when layers are unfrozen. It takes
seconds and replaces a guess at the most important hyper-parameter.

**Defaults.** From 1e-7 to 10 in 100 steps, exponentially; stops at four times the lowest loss; ``valley``. All as in fastai.

**Source.** Smith 2015, "Cyclical learning rates for training neural networks", section 3.3; fastai's ``lr_find``.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from matplotlib.figure import Figure
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch.nn.parameter import is_lazy

from ..figures.figure_callback import never_fatal
from ..files.output_path import output_path
from ..roles import OutsideTrials
from ..schedules.param_group_lrs import peak_lrs, scale_lrs
from ..trainer_internals.isolate_training import isolate_training
from ..trainer_internals.loaders import steps_take_iterator, train_loaders
from ..trainer_internals.private_names import check_private_names
from ..trainer_internals.trial_steps import TrialSteps, exit_fit
from .figure import draw_curves, panel_of, write_curves
from .suggestions import RULES, has_valley, smooth, suggestions

log = logging.getLogger(__name__)


def range_test_rates(start: float, end: float, steps: int, mode: Literal["exponential", "linear"] = "exponential") -> list[float]:
    """Return the rates of a range test, ``start`` and ``end`` included."""
    shares = [step / (steps - 1) for step in range(steps)]
    if mode == "linear":
        return [start + (end - start) * share for share in shares]
    return [start * (end / start) ** share for share in shares]


class LRFinder(OutsideTrials):
    """Runs the range test within a fit, at its start or later; changes nothing but the rate, and that only with ``update``.

    Works with any LightningModule: automatic optimization, or manual optimization with one optimizer; with accumulation, mixed
    precision, clipping and several processes (losses are averaged over them). Callbacks that shape a training step take part in
    the test; those that act outside of a step do not (Lightning's checkpoints, progress bars and monitors, schedules, any
    :class:`.Watcher`). Each
    parameter group keeps the ratio of its rate to the highest one, which is swept. The test reads loaders of its own over the
    training data, beginning with the batches of the present epoch, and leaves the fit's loaders where they are.

    Args:
        start: The lowest rate.
        end: The highest rate.
        steps: Number of rates; at least 25.
        mode: ``exponential`` (constant ratio between rates) or ``linear``.
        at: Epochs before whose first step the test runs; ``"unfreeze"`` means every epoch from which more parameters train.
        suggest: The rule whose rate is taken: ``valley``, ``steep``, ``minimum`` or ``slide``.
        update: Scale all rates, those of schedulers too, so that the highest becomes the suggestion; ``False`` only reports it.
        stop_at: Stop when the smoothed loss is this many times its lowest value; ``None`` sweeps to the end.
        beta: Decay of the exponential smoothing.
        stop_after_test: End the fit after the test, before any training.
        folder: Folder of ``lr_find.csv`` and ``lr_find.png``; a relative one is below the trainer's ``default_root_dir``.
            Default: none is written.

    Attributes:
        tests: One dictionary per test: ``epoch``, ``lr``, ``loss``, ``smoothed``, ``suggestions``, ``chosen``.

    Raises:
        MisconfigurationException: An option is out of range; there are several optimizers, or it is LBFGS; a layer is lazy and
            has seen no batch; all rates are 0; a training step gives no loss, or one that is NaN at the lowest rate.

    Example:
        >>> import torch
        >>> from practicum.callbacks import LRFinder
        >>> from practicum.lightning_shim import LightningModule, Trainer
        >>> class Line(LightningModule):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.layer = torch.nn.Linear(1, 1)
        ...     def training_step(self, batch, batch_idx):
        ...         return (self.layer(batch) - 3 * batch).pow(2).mean()
        ...     def configure_optimizers(self):
        ...         return torch.optim.SGD(self.parameters(), lr=0.01)
        >>> finder = LRFinder(steps=50, stop_after_test=True)
        >>> quiet = dict(logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False)
        >>> trainer = Trainer(accelerator="cpu", max_epochs=1, callbacks=[finder], **quiet)
        >>> trainer.fit(Line(), torch.utils.data.DataLoader(torch.randn(64, 1), batch_size=8))
        >>> sorted(finder.tests[0]["suggestions"])
        ['minimum', 'slide', 'steep', 'valley']
        >>> trainer.global_step
        0
    """

    def __init__(
        self,
        start: float = 1e-7,
        end: float = 10.0,
        steps: int = 100,
        mode: Literal["exponential", "linear"] = "exponential",
        at: Sequence[int | Literal["unfreeze"]] = (0,),
        suggest: Literal["valley", "steep", "minimum", "slide"] = "valley",
        update: bool = True,
        stop_at: float | None = 4.0,
        beta: float = 0.98,
        stop_after_test: bool = False,
        folder: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__()
        if not 0 < start < end:
            raise MisconfigurationException(f"LRFinder: start={start} must be above 0 and below end={end}.")
        if steps < 25:
            raise MisconfigurationException(f"LRFinder: steps={steps} must be at least 25, or there is no curve to read.")
        if mode not in ("exponential", "linear"):
            raise MisconfigurationException(f"LRFinder: mode={mode} must be exponential or linear.")
        if suggest not in RULES:
            raise MisconfigurationException(f"LRFinder: suggest={suggest} must be one of {', '.join(RULES)}.")
        if stop_at is not None and stop_at <= 1:
            raise MisconfigurationException(f"LRFinder: stop_at={stop_at} must be above 1 (times the lowest loss), or null.")
        if not 0 <= beta < 1:
            raise MisconfigurationException(f"LRFinder: beta={beta} must be from 0 to below 1.")
        if any((each < 0) if isinstance(each, int) else each != "unfreeze" for each in at):
            raise MisconfigurationException(f"LRFinder: at={list(at)} must be epochs (from 0), or unfreeze.")
        self.start, self.end, self.steps, self.mode = start, end, steps, mode
        self.at, self.suggest, self.update, self.stop_at, self.beta = list(at), suggest, update, stop_at, beta
        self.stop_after_test, self.folder = stop_after_test, folder
        self.tests: list[dict[str, Any]] = []
        self._trainable: int | None = None
        self._fits = False
        self._resumed: dict[str, Any] | None = None

    def state_dict(self) -> dict[str, Any]:
        """Return the tests so far, and the number of parameters that trained in the latest epoch."""
        return {"tests": list(self.tests), "trainable": self._trainable}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep it until a fit starts that it is resumed by."""
        self._resumed = state_dict if self._fits else None

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Note whether a fit is resumed: testing a checkpoint loads callbacks' states too."""
        self._fits = trainer.state.fn == "fit"

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Check that this version of Lightning has what the test relies on."""
        if stage == "fit":
            check_private_names(trainer, "isolate_training.py", "loaders.py", "batches.py", "trial_steps.py", "torch_names.py")

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Continue from a checkpoint's state, or begin anew."""
        if self._resumed is not None:
            self.tests, self._trainable = list(self._resumed["tests"]), self._resumed["trainable"]
        elif trainer.global_step == 0:  # another fit with the same object
            self.tests, self._trainable = [], None
        self._resumed = None

    @property
    def facts(self) -> dict[str, float]:
        """What the latest test suggests, for a record of the run."""
        last = self.tests[-1] if self.tests else {"suggestions": {}, "chosen": None}
        found = {f"lr_find/{name}": value for name, value in last["suggestions"].items()}
        return found | ({} if last["chosen"] is None else {"lr_find/chosen": last["chosen"]})

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Run the test before an epoch's first step, after other callbacks have prepared the epoch."""
        if batch_idx != 0:
            return
        parameters = [*pl_module.parameters()]
        lazy = any(map(is_lazy, parameters))  # these have no size yet
        trainable = None if lazy else sum(each.numel() for each in parameters if each.requires_grad)
        unfrozen = trainable is not None and self._trainable is not None and trainable > self._trainable
        self._trainable = trainable
        if trainer.current_epoch in self.at or ("unfreeze" in self.at and unfrozen):
            self.sweep(trainer, pl_module)
            if self.stop_after_test:
                exit_fit(trainer)

    # The test ---------------------------------------------------------------------------------------------------------

    def sweep(self, trainer: Trainer, pl_module: LightningModule) -> dict[str, Any]:
        """Run one test now, within a fit.

        Args:
            trainer: Of the fit.
            pl_module: The module that it trains.

        Returns:
            The test, which is also appended to :attr:`tests`.
        """
        self._check(trainer, pl_module)
        optimizer = trainer.optimizers[0]
        schedulers = [config.scheduler for config in trainer.lr_scheduler_configs]
        peaks = peak_lrs(optimizer, schedulers)
        top = max(peaks)
        if top <= 0:
            raise MisconfigurationException(f"LRFinder: all rates of {type(optimizer).__name__} are 0; set one above 0.")
        lrs: list[float] = []
        losses: list[float] = []
        with isolate_training(trainer, pl_module), TrialSteps(trainer, pl_module) as steps:
            for lr in range_test_rates(self.start, self.end, self.steps, self.mode):
                for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                    group["lr"] = lr * (peak / top)
                loss = steps.run()
                lrs.append(lr)
                losses.append(loss)
                if len(losses) == 1 and not math.isfinite(loss):
                    raise MisconfigurationException(
                        f"LRFinder: the loss is {loss} at the first step already, at start={lr:g}; look for broken "
                        "inputs or targets, or an unbounded loss."
                    )
                smoothed = smooth(losses, self.beta)
                lowest = min(smoothed)
                too_high = self.stop_at is not None and smoothed[-1] - lowest > (self.stop_at - 1) * abs(lowest)
                if not math.isfinite(loss) or too_high:
                    break
        test = self._read(trainer.current_epoch, lrs, losses)
        self._report(trainer, test, top)
        if self.update and test["chosen"] is not None:
            scale_lrs(optimizer, schedulers, test["chosen"] / top)
        self.tests.append(test)
        if trainer.is_global_zero and self.folder is not None:
            with never_fatal(trainer, "LRFinder"):
                write_curves(self.tests, output_path(trainer, self.folder, "lr_find.csv"))
                self._draw(output_path(trainer, self.folder, "lr_find.png"))
        return test

    def _draw(self, path: Path | None) -> Figure:
        panels = [panel_of(each, self.suggest, self.steps) for each in self.tests]
        return draw_curves(panels, path, log_scale=self.mode == "exponential")

    def plot(self) -> Figure:
        """The curves of the tests, as a figure, which a notebook shows.

        Raises:
            MisconfigurationException: There was no test yet.
        """
        if not self.tests:
            raise MisconfigurationException("LRFinder: nothing is drawn yet; plot() shows the tests of a fit.")
        return self._draw(None)

    def _check(self, trainer: Trainer, pl_module: LightningModule) -> None:
        name = type(pl_module).__name__
        if any(map(is_lazy, pl_module.parameters())):
            raise MisconfigurationException(
                f"LRFinder: {name} has lazy layers, whose weights begin with the first batch and so can't be put back after a "
                "test; set num_sanity_val_steps=1, or call the module on a batch before fit."
            )
        if len(trainer.optimizers) != 1:
            raise MisconfigurationException(
                f"LRFinder: {name}.configure_optimizers returns {len(trainer.optimizers)} optimizers, but the test "
                "sweeps the rate of one."
            )
        if isinstance(trainer.optimizers[0], torch.optim.LBFGS):
            raise MisconfigurationException(
                "LRFinder: LBFGS takes many steps on each batch and adapts their length; a range test does not apply to its lr."
            )
        if steps_take_iterator(trainer):
            raise MisconfigurationException(f"LRFinder: {name}.training_step takes dataloader_iter; it must take a batch.")
        for loader in train_loaders(trainer):
            if hasattr(loader, "__next__"):
                raise MisconfigurationException(
                    f"LRFinder: the training data are a {type(loader).__name__}, which can be read only once; use a DataLoader."
                )

    def _read(self, epoch: int, lrs: list[float], losses: list[float]) -> dict[str, Any]:
        finite = len(losses) if math.isfinite(losses[-1]) else len(losses) - 1
        lrs, losses = lrs[:finite], losses[:finite]
        smoothed = smooth(losses, self.beta)
        found = suggestions(lrs, smoothed, self.steps)
        chosen = found.get(self.suggest) if has_valley(losses, self.steps) else None
        return {"epoch": epoch, "lr": lrs, "loss": losses, "smoothed": smoothed, "suggestions": found, "chosen": chosen}

    def _report(self, trainer: Trainer, test: dict[str, Any], top: float) -> None:
        if not trainer.is_global_zero:
            return
        where = f"LRFinder, epoch {test['epoch'] + 1}"
        if test["chosen"] is None:
            tried = f"between {test['lr'][0]:.2g} and {test['lr'][-1]:.2g}"
            why = (
                "the loss never falls by 1 % and significantly"
                if test["suggestions"]
                else f"only {len(test['lr'])} steps before the loss explodes"
            )
            log.warning(f"{where}: the curve has no valley ({why} {tried}); the rate stays {top:.3g}.")
            return
        others = ", ".join(f"{name} {lr:.2g}" for name, lr in test["suggestions"].items() if name != self.suggest)
        effect = f"the rate changes from {top:.3g} to it" if self.update else f"the rate stays {top:.3g}"
        log.info(f"{where}: {self.suggest} {test['chosen']:.3g} ({others}); {effect}.")
