"""Training steps by the trainer's own loops outside of its epoch, for trials within a fit."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, NoReturn

import torch
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer, part_of

from .batches import to_device
from .loaders import endless_batches


def exit_fit(trainer: Trainer) -> NoReturn:
    """End the present fit without an error and without another step, as Lightning's own tuner does."""
    raise part_of(trainer, "utilities.exceptions")._TunerExitException


class TrialSteps:
    """A context in which :meth:`run` makes training steps with the trainer's own loops, on batches of cloned loaders.

    Args:
        trainer: In the middle of a fit, within :func:`.isolate_training`.
        pl_module: The module that it trains.
    """

    def __init__(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.trainer, self.module, self.loop = trainer, pl_module, trainer.fit_loop.epoch_loop
        self._batches = endless_batches(trainer, self.loop.batch_progress.reset_on_run)
        self._stepped = False

    def __enter__(self) -> TrialSteps:
        # Under manual optimization the module decides when to step: watch the optimizer.
        self._hook = self.trainer.optimizers[0].register_step_post_hook(self._on_step)
        return self

    def __exit__(self, *error: object) -> None:
        self._hook.remove()

    def _on_step(self, *arguments: object) -> None:
        self._stepped = not self.module.automatic_optimization

    def run(self, max_batches: int = 1000) -> float:
        """Train up to the next step of the optimizer.

        Args:
            max_batches: Batches after which to give up.

        Returns:
            The mean loss of the batches, over all processes.

        Raises:
            MisconfigurationException: There are no batches, or none gives a step with a loss.
        """
        losses: list[float] = []
        self._stepped = False
        batches = 0
        while not (self._stepped and losses):
            if batches == max_batches:
                raise MisconfigurationException(
                    f"LRFinder: {type(self.module).__name__} made no step with a loss in {max_batches} batches."
                )
            batches += 1
            batch = next(self._batches, None)
            if batch is None:
                raise MisconfigurationException("LRFinder: there are no training batches.")
            loss = self._train_on(batch)
            if loss is not None:
                losses.append(loss)
        mean = torch.tensor(sum(losses) / len(losses), dtype=torch.float64)
        if self.trainer.world_size > 1:
            mean = self.trainer.strategy.reduce(mean.float().to(self.trainer.strategy.root_device), reduce_op="mean")
        return float(mean)

    def _train_on(self, batch: Any) -> float | None:
        trainer, module, loop, call = self.trainer, self.module, self.loop, part_of(self.trainer, "trainer.call")
        batch = to_device(trainer, module, batch)
        index = loop.batch_idx + 1
        loop.batch_progress.increment_ready()
        trainer._logger_connector.on_batch_start(batch)
        call._call_callback_hooks(trainer, "on_train_batch_start", batch, index)
        call._call_lightning_module_hook(trainer, "on_train_batch_start", batch, index)
        call._call_strategy_hook(trainer, "on_train_batch_start", batch, index)
        kwargs = loop._build_kwargs(OrderedDict(), batch, index)
        output: Any
        if module.automatic_optimization:
            steps = not loop._should_accumulate()
            output = loop.automatic_optimization.run(trainer.optimizers[0], index, kwargs)
            self._stepped = self._stepped or steps
        else:
            output = loop.manual_optimization.run(kwargs)
            if "loss" not in output:
                raise MisconfigurationException(
                    f"LRFinder: {type(module).__name__}.training_step optimizes by hand and must return its loss."
                )
        call._call_callback_hooks(trainer, "on_train_batch_end", output, batch, index)
        call._call_lightning_module_hook(trainer, "on_train_batch_end", output, batch, index)
        loss = output.get("loss")
        if loss is None:
            return None
        scale = trainer.accumulate_grad_batches if module.automatic_optimization else 1
        return float(loss.detach()) * scale
