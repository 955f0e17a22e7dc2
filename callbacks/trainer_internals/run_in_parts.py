"""A batch trained in parts: forward, backward and step for each of them, within Lightning's own step for the batch."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from practicum.lightning_shim import Trainer

from .private_names import check_private_names


def run_in_parts(trainer: Trainer, split: Callable[[Any], Iterable[tuple[Any, dict[str, Any], float]]]) -> Callable[[], None]:
    """Let the trainer's loops train each part of a batch by itself; hooks of the batch are called once, as before.

    A step is a step of the optimizer, so a batch in ``n`` parts counts ``n`` steps; schedulers are stepped once per batch. What
    ``training_step`` logs is a mean over the parts, like that over batches; its output is that of the last part, with the mean
    loss.

    Args:
        trainer: Before its fit.
        split: Yields each part of a batch with further arguments of ``training_step`` by name, and its weight in the mean loss.
        It
            is resumed after the part's step, and sees the output by ``send``.

    Returns:
        Undoes it.

    Raises:
        MisconfigurationException: This version of Lightning lacks a private name that this relies on.
    """
    check_private_names(trainer, "run_in_parts.py")
    loop: Any = trainer.fit_loop.epoch_loop
    originals = {"automatic_optimization": loop.automatic_optimization.run, "manual_optimization": loop.manual_optimization.run}

    def in_parts(run: Callable[..., Any]) -> Callable[..., Any]:
        def run_parts(*arguments: Any) -> Any:
            *before, kwargs = arguments
            first_of_epoch = trainer._logger_connector._first_loop_iter
            output: dict[str, Any] = {}
            losses: list[tuple[Any, float]] = []
            parts: Any = split(kwargs["batch"])
            try:
                part = next(parts)
                while True:
                    batch, further, weight = part
                    output = run(*before, OrderedDict({**kwargs, "batch": batch, **further}))
                    if output.get("loss") is not None:
                        losses.append((output["loss"], weight))
                    # What another hook logs in between would reset what the first parts of an epoch have logged.
                    trainer._logger_connector._first_loop_iter = False
                    if -1 < trainer.max_steps <= trainer.global_step:
                        parts.close()
                        break
                    part = parts.send(output)
            except StopIteration:
                pass
            finally:
                trainer._logger_connector._first_loop_iter = first_of_epoch
            if losses:
                total = sum(weight for _, weight in losses)
                output = {**output, "loss": torch.stack([loss * (weight / total) for loss, weight in losses]).sum()}
            return output

        return run_parts

    for name, run in originals.items():
        getattr(loop, name).run = in_parts(run)

    def undo() -> None:
        for name in originals:
            vars(getattr(loop, name)).pop("run", None)

    return undo
