"""The small base that every module here shares: an optimizer with one parameter group per layer group.

Discriminative learning rates and gradual unfreezing act on *layer groups*, input side first and head last. All
groups exist from the first step, frozen or not, so schedulers, range tests and checkpoints always see the same list.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

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

    Subclasses keep their arguments for checkpoints, not for loggers: what data say (a vocabulary, a million ids) is among them.

    Args:
        optimizer: Builds the optimizer from a list of parameter groups: a class, or a partial of one with its learning
            rate. Default ``AdamW`` with torch's defaults.
    """

    def __init__(self, optimizer: OptimizerFactory | None = None) -> None:
        super().__init__()
        self._optimizer = optimizer or AdamW

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
