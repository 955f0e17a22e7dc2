"""The small base that every module here shares: layer groups, one optimizer parameter group for each, and provenance.

Discriminative learning rates and gradual unfreezing act on *layer groups*, input side first and head last. All groups exist
from the first step, frozen or not, so schedulers, range tests and checkpoints always see the same list.
"""

from __future__ import annotations

import inspect
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, Self, TypeAlias

from practicum.lightning_shim import LightningModule, MisconfigurationException
from practicum.lightning_shim.step_log import log_step
from torch import Tensor, nn
from torch.optim import Optimizer

from .optimizers import NamedOptimizer, optimizer_factory

LayerGroup: TypeAlias = Sequence[nn.Module | nn.Parameter]
_ANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def parameters_of(group: LayerGroup) -> Iterator[nn.Parameter]:
    """Every parameter of one layer group, each once.

    Args:
        group: Modules and single parameters.

    Yields:
        The parameters, in the order of the group.
    """
    seen: set[int] = set()
    for part in group:
        for parameter in [part] if isinstance(part, nn.Parameter) else part.parameters():
            if id(parameter) not in seen:
                seen.add(id(parameter))
                yield parameter


class FineTunable(LightningModule):
    """A LightningModule whose optimizer has one parameter group for each of its :meth:`layer_groups`.

    Subclasses save their arguments to checkpoints but not to loggers: facts of the data (a vocabulary, a million ids) are among
    them.

    Args:
        optimizer: ``"adamw"``, ``"sgd"`` or another name of ``torch.optim``, a class, or what builds an optimizer from a list of
            parameter groups, such as a partial. Default: ``AdamW``.
        lr: Its learning rate, where ``optimizer`` is a name or a class; ``None``: torch's default.

    Attributes:
        provenance: Source and SHA-256 of the initial weights, a flat dictionary; stored in checkpoints.
    """

    def __init__(self, optimizer: NamedOptimizer = None, lr: float | None = None) -> None:
        super().__init__()
        self._optimizer = optimizer_factory(type(self).__name__, optimizer, lr)
        self.provenance: dict[str, Any] = {"source": "random"}

    @classmethod
    def for_data(cls, data: Any, **options: Any) -> Self:
        """A module for some data, which say what it must know of them: classes, vocabulary, categories.

        Args:
            data: A data module that has been set up; its ``describe()`` returns facts, of which those are taken that the
                signature names.
            options: The module's other options.

        Raises:
            MisconfigurationException: The data don't say what the module must know: they are of another kind.
        """
        named = inspect.signature(cls).parameters
        known = {name: value for name, value in data.describe().items() if name in named} | options
        needed = [each.name for each in named.values() if each.default is each.empty and each.kind not in _ANY]
        unknown = [name for name in needed if name not in known]
        if unknown:
            raise MisconfigurationException(
                f"{cls.__name__}: {type(data).__name__} says nothing of {', '.join(unknown)}, which this module must know; take "
                "a module for this kind of data."
            )
        return cls(**known)

    @property
    def pretrained(self) -> bool:
        """Whether the initial weights were trained; true where the provenance doesn't say, as there is nothing to protect."""
        return bool(self.provenance.get("pretrained", True))

    @abstractmethod
    def layer_groups(self) -> list[LayerGroup]:
        """Modules (or single parameters) by depth: the input side first, the head last."""

    def configure_optimizers(self) -> Optimizer:
        """One parameter group per layer group, named ``group 0`` ... ``head``, all at the optimizer's rate."""
        groups = self.layer_groups()
        names = [f"group {depth}" for depth in range(len(groups) - 1)] + ["head"]
        return self._optimizer(
            [{"params": list(parameters_of(group)), "name": name} for group, name in zip(groups, names, strict=True)]
        )

    def log_train_loss(self, loss: Tensor, batch_size: int) -> None:
        """Log ``train/loss`` of this training step, and its mean over the epoch, each step weighted by its ``batch_size``."""
        log_step(self, "train/loss", loss, batch_size)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Store the provenance with the weights."""
        checkpoint["provenance"] = self.provenance

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore the provenance."""
        self.provenance = checkpoint.get("provenance", self.provenance)
