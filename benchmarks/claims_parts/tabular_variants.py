"""TabularEnsemble with one of its ingredients taken out, where no option does that."""

from __future__ import annotations

from typing import Any

import torch
from practicum.modules import TabularEnsemble
from torch import Tensor


class WithoutInputScale(TabularEnsemble):
    """Inputs keep the scale that they come with."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.scale.requires_grad_(False)


class TrainedByTheMean(TabularEnsemble):
    """The loss is that of the networks' mean, not the mean of their losses."""

    def training_step(self, batch: tuple[Any, Tensor], batch_idx: int) -> Tensor:
        x, y = batch
        outputs = self.member_outputs(x)
        mean = outputs.mean(0) if self.classes is None else outputs.log_softmax(2).logsumexp(0)
        loss = self.objective.loss(mean, y)
        self.log_train_loss(loss, batch_size=len(y))
        return loss


class UsualParametrisation(TabularEnsemble):
    """Weights of layers have torch's usual scale, not variance 1 divided by the root of their inputs."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        with torch.no_grad():
            for layer in (*self.layers, self.head):
                layer.weight.mul_(layer.gain)
                layer.gain = 1.0
