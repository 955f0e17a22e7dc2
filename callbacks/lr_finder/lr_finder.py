"""The learning-rate range test: a mock training in which the rate grows from next to nothing until the loss explodes.

**What it does.** Trains for up to 100 steps, each at a higher rate, notes the loss, and puts everything back as it was. The
curve is flat where the rate is too small to learn, falls where it is good and shoots up where it is too large; four rules name
a rate (see :mod:`.lr_suggestions`). ``lr_find.csv`` holds the curve, ``lr_find.png`` shows it.

**When to use it.** Before any training with a new network, data set or batch size; again when layers thaw. It costs seconds
and saves the most important guess there is.

**Defaults.** 1e-7 to 10 in 100 steps, exponentially; stops at four times the lowest loss; ``valley``: all as in fastai.

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
from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, Trainer, classes, part_of

from ..figures.canvas import BLUE, GRID, INK, ORANGE, new_figure, save_figure
from ..run.atomic_file import write_csv
from ..schedules.param_group_lrs import peak_rate, scale_rates
from ..trainer_internals.isolate_training import isolate_training
from ..trainer_internals.trial_steps import TrialSteps
from .suggestions import RULES, has_valley, readable_part, smooth, suggestions

log = logging.getLogger(__name__)


def range_test_rates(start: float, end: float, steps: int, mode: Literal["exponential", "linear"] = "exponential") -> list[float]:
    """The rates of a range test, ``start`` and ``end`` included."""
    shares = [step / (steps - 1) for step in range(steps)]
    if mode == "linear":
        return [start + (end - start) * share for share in shares]
    return [start * (end / start) ** share for share in shares]


class LRFinder(Callback):
    """The range test within a training, at its start or later. Changes nothing but the rate, and that only if ``update``.

    Works with any LightningModule: automatic optimization, or optimization by hand with one optimizer; with accumulation,
    mixed precision, clipping and several processes (losses are averaged over them). Callbacks that shape a training step take
    part in it; those that watch do not (Lightning's checkpoints, bars and monitors; any with ``watches_only = True``). Each
    parameter group keeps its rate's ratio to the highest, which is the one that sweeps. It reads loaders like the training's,
    beginning with the batches of the epoch at hand, and leaves the training's own where they are.

    Args:
        start: The lowest rate.
        end: The highest rate.
        steps: How many rates in all.
        mode: ``exponential`` (each rate the same factor above the one before) or ``linear``.
        at: Epochs before whose first step the test runs; ``"unfreeze"`` for every epoch from which more parameters train.
        suggest: The rule whose rate is taken: ``valley``, ``steep``, ``minimum`` or ``slide``.
        update: Scale all rates, those of schedulers too, so that the highest becomes the suggestion. Default; ``False`` only
            shows.
        stop_at: Stop where the smoothed loss is this many times its lowest; ``None`` goes to the end.
        beta: Of the exponential smoothing.
        alone: End the fit after the test, before any training.
        folder: Where ``lr_find.csv`` goes, and ``figures/lr_find.png``. Default: nowhere.

    Attributes:
        tests: One dictionary for each test: ``epoch``, ``lr``, ``loss``, ``smoothed``, ``suggestions``, ``chosen``.

    Raises:
        MisconfigurationException: Bounds the wrong way round; several optimizers, LBFGS, no rate to keep a ratio to; a
            training step without a loss, or one that is NaN at the lowest rate.
    """

    watches_only = True  # takes no part in its own test

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
        alone: bool = False,
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
            raise MisconfigurationException(f"LRFinder: at={list(at)} must be epochs from 0, or unfreeze.")
        self.start, self.end, self.steps, self.mode = start, end, steps, mode
        self.at, self.suggest, self.update, self.stop_at, self.beta, self.alone = list(at), suggest, update, stop_at, beta, alone
        self.folder = None if folder is None else Path(folder)
        self.tests: list[dict[str, Any]] = []
        self._trainable: int | None = None
        self._resumed: dict[str, Any] | None = None

    def state_dict(self) -> dict[str, Any]:
        """The tests so far, and how many parameters trained at the last look."""
        return {"tests": list(self.tests), "trainable": self._trainable}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from there."""
        self._resumed = state_dict

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take up what an earlier part of this training found: testing a checkpoint loads callbacks' states, too."""
        if self._resumed is not None:
            self.tests, self._trainable = list(self._resumed["tests"]), self._resumed["trainable"]
        self._resumed = None

    @property
    def facts(self) -> dict[str, float]:
        """What the last test suggests, for a record of the run."""
        last = self.tests[-1] if self.tests else {"suggestions": {}, "chosen": None}
        found = {f"lr_find/{name}": value for name, value in last["suggestions"].items()}
        return found | ({} if last["chosen"] is None else {"lr_find/chosen": last["chosen"]})

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Before an epoch's first step, when everything that shapes it has had its say."""
        if batch_idx != 0:
            return
        trainable = sum(parameter.numel() for parameter in pl_module.parameters() if parameter.requires_grad)
        thawed = self._trainable is not None and trainable > self._trainable
        self._trainable = trainable
        if trainer.current_epoch in self.at or ("unfreeze" in self.at and thawed):
            self.sweep(trainer, pl_module)
            if self.alone:
                raise part_of(
                    trainer, "utilities.exceptions"
                )._TunerExitException  # Lightning's own way out of a fit that was only a trial

    # The test ---------------------------------------------------------------------------------------------------------

    def sweep(self, trainer: Trainer, pl_module: LightningModule) -> dict[str, Any]:
        """Run one test now, in the middle of a fit.

        Args:
            trainer: Whose.
            pl_module: What it trains.

        Returns:
            The test, which is also appended to :attr:`tests`.
        """
        self._check(trainer, pl_module)
        optimizer = trainer.optimizers[0]
        peaks = [peak_rate(group) for group in optimizer.param_groups]
        top = max(peaks)
        if top <= 0:
            raise MisconfigurationException(f"LRFinder: every rate of {type(optimizer).__name__} is 0; give it one above.")
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
                        f"LRFinder: the loss is {loss} at the first step already, at start={lr:g}: no rate is to blame; look for "
                        "broken inputs or targets, or a loss without a bound."
                    )
                smoothed = smooth(losses, self.beta)
                lowest = min(smoothed)
                too_high = self.stop_at is not None and smoothed[-1] - lowest > (self.stop_at - 1) * abs(lowest)
                if not math.isfinite(loss) or too_high:
                    break
        test = self._read(trainer.current_epoch, lrs, losses)
        self._say(trainer, test, top)
        if self.update and test["chosen"] is not None:
            scale_rates(optimizer, [config.scheduler for config in trainer.lr_scheduler_configs], test["chosen"] / top)
        self.tests.append(test)
        if trainer.is_global_zero and self.folder is not None:
            self._write()
            self._draw()
        return test

    def _check(self, trainer: Trainer, pl_module: LightningModule) -> None:
        name = type(pl_module).__name__
        if len(trainer.optimizers) != 1:
            raise MisconfigurationException(
                f"LRFinder: {name}.configure_optimizers gives {len(trainer.optimizers)} optimizers; one is "
                "wanted, as one rate sweeps."
            )
        if isinstance(trainer.optimizers[0], torch.optim.LBFGS):
            raise MisconfigurationException(
                "LRFinder: LBFGS takes many steps on each batch and adapts their length; a range test says nothing of its lr."
            )
        if isinstance(trainer.fit_loop._data_fetcher, classes("loops.fetchers._DataLoaderIterDataFetcher")):
            raise MisconfigurationException(f"LRFinder: {name}.training_step takes dataloader_iter; it must take a batch.")
        combined = trainer.fit_loop._combined_loader
        assert combined is not None
        for loader in combined.flattened:
            if hasattr(loader, "__next__"):
                raise MisconfigurationException(
                    f"LRFinder: the training data are a {type(loader).__name__}, which can be read once only; give a DataLoader."
                )

    def _read(self, epoch: int, lrs: list[float], losses: list[float]) -> dict[str, Any]:
        finite = len(losses) if math.isfinite(losses[-1]) else len(losses) - 1
        lrs, losses = lrs[:finite], losses[:finite]
        smoothed = smooth(losses, self.beta)
        found = suggestions(lrs, smoothed, self.steps)
        chosen = found.get(self.suggest) if has_valley(losses, self.steps) else None
        return {"epoch": epoch, "lr": lrs, "loss": losses, "smoothed": smoothed, "suggestions": found, "chosen": chosen}

    def _say(self, trainer: Trainer, test: dict[str, Any], top: float) -> None:
        if not trainer.is_global_zero:
            return
        where = f"LRFinder, epoch {test['epoch']}"
        if test["chosen"] is None:
            tried = f"between {test['lr'][0]:.2g} and {test['lr'][-1]:.2g}"
            why = (
                "the loss never falls by 1 % and more than chance would have it"
                if test["suggestions"]
                else f"only {len(test['lr'])} steps before it explodes"
            )
            log.warning(f"{where}: the curve has no valley ({why} {tried}); the rate stays {top:.3g}.")
            return
        others = ", ".join(f"{name} {lr:.2g}" for name, lr in test["suggestions"].items() if name != self.suggest)
        does = f"the rate goes from {top:.3g} to that" if self.update else f"the rate stays {top:.3g}"
        log.info(f"{where}: {self.suggest} {test['chosen']:.3g} ({others}); {does}.")

    # What it shows ----------------------------------------------------------------------------------------------------

    def _write(self) -> None:
        assert self.folder is not None
        rows = (
            (test["epoch"], step, *row)
            for test in self.tests
            for step, row in enumerate(zip(test["lr"], test["loss"], test["smoothed"], strict=True))
        )
        write_csv(self.folder / "lr_find.csv", ("epoch", "step", "lr", "loss", "smoothed"), rows)

    def _draw(self) -> None:
        assert self.folder is not None
        figure = new_figure(6.2 * len(self.tests), 3.9)
        for number, test in enumerate(self.tests, 1):
            axes = figure.add_subplot(1, len(self.tests), number)
            axes.plot(test["lr"], test["loss"], color=GRID, linewidth=1, label="loss of each step")
            axes.plot(test["lr"], test["smoothed"], color=BLUE, linewidth=2, label="smoothed")
            for marker, (name, lr) in zip("osDv", test["suggestions"].items(), strict=False):
                height = _at(lr, test["lr"], test["smoothed"])
                chosen = name == self.suggest and test["chosen"] is not None
                label = f"{name} {lr:.2g}" + (" (chosen)" if chosen else "")
                axes.plot(
                    lr, height, marker, color=ORANGE if chosen else INK, markersize=9 if chosen else 5, label=label, zorder=3
                )
            if self.mode == "exponential":
                axes.set_xscale("log")
            shown = readable_part(test["lr"], test["smoothed"], self.steps)[1] or test["smoothed"]
            if test["chosen"] is None:  # then the whole curve shows why
                low, high, above = min(test["smoothed"]), max(test["smoothed"]), 1
            else:
                low, high, above = min(shown), max(shown[0], test["smoothed"][0]), 3
            margin = 0.25 * max(high - low, 1e-3 * abs(high), 1e-12)
            axes.set_ylim(low - margin, high + above * margin)
            axes.set_title(f"range test at epoch {test['epoch']}" + ("" if test["chosen"] is not None else ": no valley"))
            axes.set_xlabel("learning rate")
            axes.set_ylabel("loss")
            axes.grid(color=GRID)
            axes.spines[["top", "right"]].set_visible(False)
            axes.legend(frameon=False, fontsize=8)
        save_figure(figure, self.folder / "figures" / "lr_find.png")


def _at(lr: float, lrs: Sequence[float], losses: Sequence[float]) -> float:
    return losses[min(range(len(lrs)), key=lambda i: abs(math.log(lrs[i] / lr)))]
