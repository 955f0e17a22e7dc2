"""A network for tables: entity embeddings for categories, numbers as they are, a few layers.

**What it does.** Each category of each categorical column gets a trainable vector; the vectors and the standardised numbers pass
through a few fully connected layers to a number, a class or a set of quantiles.

**When to use it.** For tables of thousands of rows and more with high-cardinality columns (shops, products, places): there it
equals boosted trees or does better, and what it learns about the categories can be inspected and reused in other models. For
fewer rows: trees.

**Defaults.** Layers of 200 and 100, ReLU then batch norm (fast.ai); no dropout; embedding sizes ``min(600, round(1.6 n^0.56))``;
squared error of the standardised target, or cross-entropy.

**Source.** Guo & Berkhahn 2016, "Entity embeddings of categorical variables"; fast.ai's tabular learner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor, nn

from .base.check_options import at_least, check_options, rates
from .base.fine_tunable import LayerGroup
from .base.optimizers import NamedOptimizer
from .base.supervised import Supervised
from .layers.entity_embeddings import EntityEmbeddings, choose_dims
from .layers.mlp import mlp_blocks
from .objectives.classification import Classification
from .objectives.objective import Objective
from .objectives.regression import Regression, RegressionLoss


class EntityEmbeddingModel(Supervised):
    """Predicts one column of a table from the others.

    Args:
        categories: Categories of each categorical column, in the order of their codes from 1; code 0 is unknown or missing.
        continuous: Names of the numeric columns, which come standardised.
        target: For regression: ``mean``, ``std``, ``min``, ``max`` and, where all are positive, ``log_mean`` and ``log_std``.
        classes: For classification: names of the classes. Either ``target`` or ``classes`` must be given.
        hidden_sizes: Sizes of the hidden layers.
        embedding_dims: Embedding sizes by column; other columns follow the rule.
        max_embedding_dim: Upper bound on sizes by the rule.
        embedding_dropout: Dropout of embedded features.
        dropout: Dropout after each hidden layer: one rate for all, or one each.
        unknown_dropout: Probability, in training, of replacing a category by the unknown one, so that code 0 is trained for
            categories that were never seen.
        batch_norm: Batch norm after each hidden layer. Not of the numbers: they come standardised, and an indicator that is
            rarely 1 (a missing value) would be scaled up to where few rows were ever seen.
        init_range: Initialise embeddings and the weights of hidden layers uniformly from minus to plus this (the paper's code:
            .05); ``None``: the layers' own defaults.
        loss: Loss of a regression, see :class:`.Regression`.
        log_target: Learn the target's logarithm.
        bounded: Keep predictions within the training target's range, and a tenth beyond.
        quantiles: Which, with ``loss="quantiles"``.
        label_smoothing: Share of each class target that is spread evenly over all classes.
        optimizer: See :class:`.FineTunable`.
        lr: Likewise.

    Shape:
        Input: integer codes ``[B, C]`` and numbers ``[B, N]``, as a pair. Output: numbers ``[B]``, ``[B, quantiles]``, or
        logits ``[B, classes]``.

    Raises:
        MisconfigurationException: No column, an embedding size for a column that doesn't exist, a number out of range.

    Example:
        >>> import torch
        >>> from practicum.modules import EntityEmbeddingModel
        >>> target = {"mean": 5.0, "std": 2.0, "min": 1.0, "max": 9.0}
        >>> model = EntityEmbeddingModel({"shop": ["a", "b", "c"]}, ["price"], target=target, hidden_sizes=[16]).eval()
        >>> x = torch.tensor([[1], [0]]), torch.randn(2, 1)
        >>> model(x).shape
        torch.Size([2])
        >>> model.embedding_table("shop").shape
        torch.Size([3, 3])
    """

    def __init__(
        self,
        categories: Mapping[str, Sequence[str]],
        continuous: Sequence[str] = (),
        target: Mapping[str, float] | None = None,
        classes: Sequence[str] | None = None,
        hidden_sizes: Sequence[int] = (200, 100),
        embedding_dims: Mapping[str, int] | None = None,
        max_embedding_dim: int = 600,
        embedding_dropout: float = 0.0,
        dropout: float | Sequence[float] = 0.0,
        unknown_dropout: float = 0.0,
        batch_norm: bool = True,
        init_range: float | None = None,
        loss: RegressionLoss = "squared",
        log_target: bool = False,
        bounded: bool = False,
        quantiles: Sequence[float] = (0.1, 0.5, 0.9),
        label_smoothing: float = 0.0,
        optimizer: NamedOptimizer = None,
        lr: float | None = None,
    ) -> None:
        name = "EntityEmbeddingModel"
        objective: Objective
        if classes is not None:
            objective = Classification(classes, label_smoothing)
        elif target is not None:
            objective = Regression(target, loss, log_target, bounded, quantiles)
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
            *at_least(1, max_embedding_dim=max_embedding_dim),
            *rates(embedding_dropout=embedding_dropout, unknown_dropout=unknown_dropout),
            ("init_range", init_range, init_range is None or init_range > 0, "must be above 0, or null"),
        )
        self.save_hyperparameters(ignore=["optimizer", "lr"], logger=False)
        self.unknown_dropout, self.batch_norm = unknown_dropout, batch_norm and len(hidden_sizes) > 0
        counts = [len(levels) + 1 for levels in self.categories.values()]
        self.embeddings = EntityEmbeddings(counts, choose_dims(name, self.categories, embedding_dims or {}, max_embedding_dim))
        self.embedding_dropout = nn.Dropout(embedding_dropout)
        inputs = sum(self.embeddings.dims) + len(self.continuous)
        self.layers = mlp_blocks(name, inputs, hidden_sizes, dropout, batch_norm)
        self.head = nn.Linear(hidden_sizes[-1] if hidden_sizes else inputs, objective.outputs)
        if init_range is not None:
            nn.init.uniform_(self.embeddings.weight, -init_range, init_range)
            for each in self.layers.modules():
                if isinstance(each, nn.Linear):
                    nn.init.uniform_(each.weight, -init_range, init_range)
                    nn.init.zeros_(each.bias)

    def embedded(self, x: tuple[Tensor, Tensor]) -> Tensor:
        """The hidden layers' input: vectors of the categories, then the numbers ``[B, sum of embedding sizes + N]``."""
        codes, numbers = x
        if self.training and self.unknown_dropout:
            codes = codes.masked_fill(torch.rand(codes.shape, device=codes.device) < self.unknown_dropout, 0)
        parts = []
        if self.categories:
            parts.append(self.embedding_dropout(self.embeddings(codes)))
        if self.continuous:
            parts.append(numbers)
        return torch.cat(parts, 1) if len(parts) > 1 else parts[0]

    def output(self, x: tuple[Tensor, Tensor]) -> Tensor:
        """The network's raw output ``[B, outputs]``."""
        hidden = self.embedded(x)
        if self.training and self.batch_norm and len(hidden) == 1:
            raise MisconfigurationException(
                "EntityEmbeddingModel: BatchNorm can't train on a batch of one row: batch_size must be above 1 (or take "
                "batch_norm=False)."
            )
        for layer in self.layers:
            hidden = layer(hidden)
        return self.head(hidden)

    def evaluated_output(self, x: tuple[Tensor, Tensor]) -> Tensor:
        """As of any supervised module: logits by ``forward``, which snapshots or a temperature may replace."""
        return self.output(x) if self.classes is None else self(x)

    def forward(self, x: tuple[Tensor, Tensor]) -> Tensor:
        """Numbers ``[B]`` in their own units, quantiles ``[B, quantiles]``, or logits ``[B, classes]``."""
        output = self.output(x)
        return self.objective.predict(output) if self.classes is None else output

    def embedding_table(self, column: str) -> Tensor:
        """Vectors of a categorical column's categories ``[categories, embedding size]``, without the unknown one."""
        return self.embeddings.table(list(self.categories).index(column))[1:].detach()

    def embedded_names(self) -> list[str]:
        """Names of the features of :meth:`embedded`: ``<column>_<number>``, then the numeric columns."""
        pairs = zip(self.categories, self.embeddings.dims, strict=True)
        return [f"{column}_{i + 1}" for column, dim in pairs for i in range(dim)] + self.continuous

    def layer_groups(self) -> list[LayerGroup]:
        """The embeddings, the hidden layers, the head."""
        return [[self.embeddings], [*self.layers], [self.head]]
