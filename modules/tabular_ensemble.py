"""Several small networks for tables in one, with periodic embeddings of numbers; the prediction is the mean of theirs.

**What it does.** ``members`` networks of the same size, each with weights of its own, learn from the same batches in one matrix
product. Each is a RealMLP made smaller: numbers are clipped smoothly and embedded periodically, categories get vectors, all
inputs a trainable scale; three hidden layers.

**When to use it.** For any table, by default. Several networks make different mistakes: their mean has a tenth less error than
one of them, more than a larger network gains in that time. For vectors of categories to look at, or millions of categories:
:class:`.EntityEmbeddingModel`.

**Defaults.** Eight networks of three layers of 128, SiLU (no worse than RealMLP's Mish, in a third of its time); dropout of .15;
category vectors of 8.

**Source.** The network: Holzmüller, Grinsztajn, Steinwart 2024, "Better by default" (RealMLP-TD). Several in one: Gorishniy,
Kotelnikov, Babenko 2025, "TabM". Embeddings of numbers: Gorishniy et al. 2022.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor, nn
from torch.nn import functional as F

from .base.check_options import at_least, check_options, rates
from .base.fine_tunable import LayerGroup
from .base.optimizers import NamedOptimizer
from .base.supervised import Supervised
from .layers.entity_embeddings import EntityEmbeddings
from .layers.member_linear import MemberLinear
from .layers.periodic_embeddings import PeriodicEmbeddings
from .layers.smooth_clip import smooth_clip
from .objectives.classification import Classification
from .objectives.objective import Objective
from .objectives.regression import Regression, RegressionLoss

_SCALE_RATE = 6.0  # what a step moves an input's scale by, relative to a weight


class TabularEnsemble(Supervised):
    """Predicts one column of a table from the others, as the mean of several networks.

    Args:
        categories: Categories of each categorical column, in the order of their codes from 1; code 0 is unknown or missing.
        continuous: Names of the numeric columns, best scaled by median and quartiles (``scaling="robust"`` of :class:`.Table`).
        target: For regression: ``mean``, ``std``, ``min``, ``max`` and, where all are positive, ``log_mean`` and ``log_std``.
        classes: For classification: names of the classes. Either ``target`` or ``classes`` must be given.
        members: Number of networks.
        hidden_sizes: Sizes of the hidden layers of each.
        embedding_dim: Size of a category's vector in each network.
        number_dim: Size of a number's vector, with the number itself; 1: only the number.
        frequency_scale: Deviation of the initial frequencies of numbers' embeddings, in waves per unit.
        clip: Bound towards which numbers are squeezed.
        dropout: Dropout after each hidden layer.
        loss: Loss of a regression, see :class:`.Regression`.
        log_target: Learn the target's logarithm.
        bounded: Cut predictions of numbers off at the training target's range.
        quantiles: Which, with ``loss="quantiles"``.
        label_smoothing: Share of each class target that is spread evenly over all classes.
        optimizer: See :class:`.FineTunable`.
        lr: Likewise.

    Shape:
        Input: integer codes ``[B, C]`` and numbers ``[B, N]``, as a pair. Output: numbers ``[B]``, ``[B, quantiles]``, or
        logits ``[B, classes]``.

    Raises:
        MisconfigurationException: No column, or a number out of range.

    Example:
        >>> import torch
        >>> from practicum.modules import TabularEnsemble
        >>> target = {"mean": 5.0, "std": 2.0, "min": 1.0, "max": 9.0}
        >>> model = TabularEnsemble({"shop": ["a", "b", "c"]}, ["price"], target=target, members=2, hidden_sizes=[16]).eval()
        >>> x = torch.tensor([[1], [0]]), torch.randn(2, 1)
        >>> model(x).shape, model.member_outputs(x).shape
        (torch.Size([2]), torch.Size([2, 2, 1]))
    """

    def __init__(
        self,
        categories: Mapping[str, Sequence[str]],
        continuous: Sequence[str] = (),
        target: Mapping[str, float] | None = None,
        classes: Sequence[str] | None = None,
        members: int = 8,
        hidden_sizes: Sequence[int] = (128, 128, 128),
        embedding_dim: int = 8,
        number_dim: int = 8,
        frequency_scale: float = 1.0,
        clip: float = 3.0,
        dropout: float = 0.15,
        loss: RegressionLoss = "squared",
        log_target: bool = False,
        bounded: bool = True,
        quantiles: Sequence[float] = (0.1, 0.5, 0.9),
        label_smoothing: float = 0.0,
        optimizer: NamedOptimizer = None,
        lr: float | None = None,
    ) -> None:
        name = "TabularEnsemble"
        objective: Objective
        if classes is not None:
            objective = Classification(classes, label_smoothing)
        elif target is not None:
            objective = Regression(target, loss, log_target, quantiles=quantiles)
        else:
            raise MisconfigurationException(f"{name}: needs classes, or target: the statistics of a number.")
        super().__init__(objective, optimizer, lr)
        self.categories = {column: list(levels) for column, levels in categories.items()}
        self.continuous = list(continuous)
        self.classes = list(classes) if classes is not None else None
        if not self.categories and not self.continuous:
            raise MisconfigurationException(f"{name}: needs a column to predict from, categorical or continuous.")
        check_options(
            name,
            *at_least(1, members=members, embedding_dim=embedding_dim, number_dim=number_dim),
            *rates(dropout=dropout),
            ("hidden_sizes", list(hidden_sizes), all(size >= 1 for size in hidden_sizes), "must each be at least 1"),
            ("frequency_scale", frequency_scale, frequency_scale > 0, "must be above 0"),
            ("clip", clip, clip > 0, "must be above 0"),
        )
        self.save_hyperparameters(ignore=["optimizer", "lr"], logger=False)
        self.members, self.embedding_dim, self.clip, self.dropout = members, embedding_dim, clip, dropout
        self.range: tuple[float, float] | None = None
        if isinstance(objective, Regression) and bounded and target is not None:
            low, high = objective.inverse(torch.tensor([target["min"], target["max"]])).tolist()
            self.range = low, high
        counts = [len(levels) + 1 for levels in self.categories.values()]
        self.embeddings = EntityEmbeddings(counts, [members * embedding_dim] * len(counts))
        nn.init.normal_(self.embeddings.weight)
        columns = len(self.continuous)
        self.numbers = PeriodicEmbeddings(members, columns, dim=number_dim, scale=frequency_scale) if number_dim > 1 else None
        inputs = embedding_dim * len(counts) + number_dim * columns
        self.scale = nn.Parameter(torch.full((members, 1, inputs), 1 / _SCALE_RATE))
        sizes = [inputs, *hidden_sizes]
        self.layers = nn.ModuleList(MemberLinear(members, *pair) for pair in pairwise(sizes))
        self.head = MemberLinear(members, sizes[-1], objective.outputs, zero=True)

    def member_outputs(self, x: tuple[Tensor, Tensor]) -> Tensor:
        """Each network's raw outputs ``[members, B, outputs]``."""
        codes, numbers = x
        parts = []
        if self.categories:
            vectors = self.embeddings(codes).view(codes.shape[0], len(self.categories), self.members, self.embedding_dim)
            parts.append(vectors.permute(2, 0, 1, 3).flatten(2))
        if self.continuous:
            clipped = smooth_clip(numbers, self.clip)
            parts.append(clipped.expand(self.members, -1, -1) if self.numbers is None else self.numbers(clipped))
        hidden = torch.cat(parts, 2) * (_SCALE_RATE * self.scale)
        for layer in self.layers:
            hidden = F.silu(layer(hidden))
            if self.training and self.dropout:  # one mask for all networks: their units have nothing in common
                hidden = hidden * F.dropout(torch.ones_like(hidden[0]), self.dropout)
        return self.head(hidden)

    def output(self, x: tuple[Tensor, Tensor]) -> Tensor:
        """The mean of the networks' outputs ``[B, outputs]``; of classes, the logarithm of the sum of their probabilities."""
        outputs = self.member_outputs(x).float()
        if self.classes is not None:
            return outputs.log_softmax(2).logsumexp(0)
        mean = outputs.mean(0)
        return mean if self.range is None else mean.clamp(*self.range)

    def evaluated_output(self, x: tuple[Tensor, Tensor]) -> Tensor:
        """As of any supervised module: logits by ``forward``, which snapshots or a temperature may replace."""
        return self.output(x) if self.classes is None else self(x)

    def forward(self, x: tuple[Tensor, Tensor]) -> Tensor:
        """Numbers ``[B]`` in their own units, quantiles ``[B, quantiles]``, or logits ``[B, classes]``."""
        output = self.output(x)
        return self.objective.predict(output) if self.classes is None else output

    def training_step(self, batch: tuple[Any, Tensor], batch_idx: int) -> Tensor:
        """Mean of the networks' losses, each by itself: trained by the loss of their mean they would rely on each other."""
        x, y = batch
        loss = self.objective.loss(self.member_outputs(x).flatten(0, 1), y.repeat(self.members))
        self.log_train_loss(loss, batch_size=len(y))
        return loss

    def embedding_table(self, column: str) -> Tensor:
        """Vectors of a column's categories, those of all networks side by side, without the unknown one's."""
        return self.embeddings.table(list(self.categories).index(column))[1:].detach()

    def embedded(self, x: tuple[Tensor, Tensor]) -> Tensor:
        """Vectors of the categories, those of all networks side by side, then the numbers, as they came."""
        codes, numbers = x
        parts = ([self.embeddings(codes)] if self.categories else []) + ([numbers] if self.continuous else [])
        return torch.cat(parts, 1)

    def embedded_names(self) -> list[str]:
        """Names of the features of :meth:`embedded`: ``<column>_<number>``, then the numeric columns."""
        size = self.members * self.embedding_dim
        return [f"{column}_{i + 1}" for column in self.categories for i in range(size)] + self.continuous

    def layer_groups(self) -> list[LayerGroup]:
        """The embeddings, the hidden layers, the head."""
        numbers = [] if self.numbers is None else [self.numbers]
        return [[self.embeddings, *numbers, self.scale], [*self.layers], [self.head]]
