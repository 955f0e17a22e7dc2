"""The small base that every module here shares: layer groups, one optimizer parameter group for each, and provenance.

Discriminative learning rates and gradual unfreezing act on *layer groups*, input side first and head last. All groups exist
from the first step, frozen or not, so schedulers, range tests and checkpoints always see the same list.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from practicum.lightning_shim import LightningModule
from torch import nn
from torch.optim import AdamW, Optimizer

LayerGroup: TypeAlias = Sequence[nn.Module | nn.Parameter]
OptimizerFactory: TypeAlias = Callable[..., Optimizer]


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
        optimizer: Builds the optimizer from a list of parameter groups: a class, or a partial of one with its learning rate. By
            default ``AdamW`` with torch's defaults.

    Attributes:
        provenance: Source and SHA-256 of the initial weights, a flat dictionary; stored in checkpoints.
    """

    def __init__(self, optimizer: OptimizerFactory | None = None) -> None:
        super().__init__()
        self._optimizer = optimizer or AdamW
        self.provenance: dict[str, Any] = {"source": "random"}

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

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Store the provenance with the weights."""
        checkpoint["provenance"] = self.provenance

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore the provenance."""
        self.provenance = checkpoint.get("provenance", self.provenance)
