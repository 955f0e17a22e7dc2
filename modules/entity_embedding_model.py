"""A network for tables: entity embeddings for categories, numbers as they are, a few layers.

**What it does.** Each level of each categorical column gets a vector that is learnt along; the vectors and the standardised
numbers pass through a few fully connected layers to a number, a class or a set of quantiles.

**When to use it.** Tables of thousands of rows and more with columns of many levels (shops, products, places): there it equals
boosted trees or does better, and what it learns of the levels can be looked at and lent to other models. Fewer rows: trees.

**Defaults.** Layers of 200 and 100, ReLU then batch norm (fast.ai); no dropout; widths ``min(600, round(1.6 n^0.56))``; squared
error of the standardised target, or cross-entropy.

**Source.** Guo & Berkhahn 2016, "Entity embeddings of categorical variables"; fast.ai's tabular learner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor, nn

from .base.fine_tunable import LayerGroup, OptimizerFactory
from .base.supervised import Supervised
from .layers.embedding_widths import embedding_widths
from .layers.entity_embeddings import EntityEmbeddings
from .layers.mlp import hidden_layers
from .objectives.objective import Classification, Objective, Regression, RegressionLoss


class EntityEmbeddingModel(Supervised):
    """Predicts a column of a table from the others.

    Args:
        categories: Levels of each categorical column, in the order of their codes from 1; code 0 is unknown or missing.
        continuous: Names of the columns of numbers, which come standardised.
        target: Of a number: ``mean``, ``std``, ``min``, ``max`` and, where all are positive, ``log_mean`` and ``log_std``.
        classes: Of a class: names. One of ``target`` and ``classes`` is given.
        layers: Sizes of the hidden layers.
        widths: Of embeddings, by column; those not named follow the rule.
        max_width: No embedding by the rule is wider.
        embedding_dropout: Of embedded features.
        dropout: After each hidden layer: one number, or one each.
        unknown: Chance, in training, that a level is hidden, so that code 0 learns what to say of levels never seen.
        batch_norm: After each hidden layer. Not of the numbers: they come standardised, and a mark that is rarely 1 (a missing
            value) would be blown up to where few rows were ever seen.
        init_range: Draw embeddings and the weights of hidden layers evenly from minus to plus this (the paper's code: .05);
            ``None``: the layers' own way.
        loss: Of a number, see :class:`.Regression`.
        log_target: Learn the target's logarithm.
        bounded: Keep predictions within the training target's range.
        quantiles: With ``loss=quantiles``.
        label_smoothing: Of classes.
        optimizer: See :class:`.FineTunable`.

    Shape:
        Input: codes, whole numbers ``[B, C]``, and numbers ``[B, N]``, as a pair. Output: ``[B]`` numbers, ``[B, quantiles]``, or
        logits ``[B, classes]``.

    Raises:
        MisconfigurationException: No column, a width for a column that is not there, a number out of range.
    """

    def __init__(
        self,
        categories: Mapping[str, Sequence[str]],
        continuous: Sequence[str] = (),
        target: Mapping[str, float] | None = None,
        classes: Sequence[str] | None = None,
        layers: Sequence[int] = (200, 100),
        widths: Mapping[str, int] | None = None,
        max_width: int = 600,
        embedding_dropout: float = 0.0,
        dropout: float | Sequence[float] = 0.0,
        unknown: float = 0.0,
        batch_norm: bool = True,
        init_range: float | None = None,
        loss: RegressionLoss = "squared",
        log_target: bool = False,
        bounded: bool = False,
        quantiles: Sequence[float] = (0.1, 0.5, 0.9),
        label_smoothing: float = 0.0,
        optimizer: OptimizerFactory | None = None,
    ) -> None:
        objective: Objective
        if classes is not None:
            objective = Classification(classes, label_smoothing)
        elif target is not None:
            objective = Regression(target, loss, log_target, bounded, quantiles)
        else:
            raise MisconfigurationException("EntityEmbeddingModel needs classes, or target: the facts of a number.")
        super().__init__(objective.metrics(), optimizer)
        self.objective = objective
        self.categories = {column: list(levels) for column, levels in categories.items()}
        self.continuous = list(continuous)
        self.classes = list(classes) if classes is not None else None
        if not self.categories and not self.continuous:
            raise MisconfigurationException("EntityEmbeddingModel needs a column to predict from, categorical or continuous.")
        for option, value, valid in (
            ("max_width", max_width, max_width >= 1),
            ("embedding_dropout", embedding_dropout, 0 <= embedding_dropout < 1),
            ("unknown", unknown, 0 <= unknown < 1),
            ("init_range", init_range, init_range is None or init_range > 0),
        ):
            if not valid:
                raise MisconfigurationException(f"model.{option}={value} is out of range.")
        self.save_hyperparameters(ignore=["optimizer"], logger=False)
        self.unknown = unknown
        counts = [len(levels) + 1 for levels in self.categories.values()]
        self.embeddings = EntityEmbeddings(counts, embedding_widths(self.categories, widths or {}, max_width))
        self.embedding_dropout = nn.Dropout(embedding_dropout)
        inputs = sum(self.embeddings.widths) + len(self.continuous)
        self.layers = hidden_layers(inputs, layers, dropout, batch_norm)
        self.head = nn.Linear(layers[-1] if layers else inputs, objective.outputs)
        if init_range is not None:
            nn.init.uniform_(self.embeddings.weight, -init_range, init_range)
            for each in self.layers.modules():
                if isinstance(each, nn.Linear):
                    nn.init.uniform_(each.weight, -init_range, init_range)
                    nn.init.zeros_(each.bias)

    def embedded(self, x: tuple[Tensor, Tensor]) -> Tensor:
        """Categories replaced by their vectors, then the numbers ``[B, sum of widths + N]``: what the layers see."""
        codes, numbers = x
        if self.training and self.unknown:
            codes = codes.masked_fill(torch.rand(codes.shape, device=codes.device) < self.unknown, 0)
        parts = []
        if self.categories:
            parts.append(self.embedding_dropout(self.embeddings(codes)))
        if self.continuous:
            parts.append(numbers)
        return torch.cat(parts, 1) if len(parts) > 1 else parts[0]

    def output(self, x: tuple[Tensor, Tensor]) -> Tensor:
        """What the network gives, before it is a prediction ``[B, outputs]``."""
        hidden = self.embedded(x)
        for layer in self.layers:
            hidden = layer(hidden)
        return self.head(hidden)

    def forward(self, x: tuple[Tensor, Tensor]) -> Tensor:
        """The number of each row in its own units ``[B]``, quantiles ``[B, quantiles]``, or logits ``[B, classes]``."""
        return self.objective.result(self.output(x))

    def loss(self, output: Tensor, y: Tensor) -> Tensor:
        """As the objective has it, in 32 bit."""
        return self.objective.loss(output, y)

    def said(self, output: Tensor) -> Tensor:
        """Numbers, quantiles or probabilities."""
        return self.objective.prediction(output)

    def measured(self, said: Tensor) -> Tensor:
        """Of quantiles the middle one."""
        return self.objective.measured(said)

    def step_outputs(self, output: Tensor) -> dict[str, Tensor]:
        """``prediction`` of a number, ``logits`` of classes."""
        return self.objective.step_outputs(output)

    def probabilities(self, logits: Tensor) -> Tensor:
        """Of classes, from what a step returned."""
        return self.objective.prediction(logits)

    def prediction_table(self, predictions: Tensor, top_k: int | None = None) -> dict[str, list[Any]]:
        """Predictions as named columns, a row each: ``predicted`` and, as it may be, quantiles or probabilities."""
        return self.objective.table(predictions, top_k)

    def embedding_table(self, column: str) -> Tensor:
        """The vectors of a categorical column's levels ``[levels, width]``, without that of unknown."""
        return self.embeddings.table(list(self.categories).index(column))[1:].detach()

    def embedded_names(self) -> list[str]:
        """Names of the features that :meth:`embedded` gives: ``<column>_<number>``, then the numbers' own."""
        pairs = zip(self.categories, self.embeddings.widths, strict=True)
        return [f"{column}_{i + 1}" for column, width in pairs for i in range(width)] + self.continuous

    def layer_groups(self) -> list[LayerGroup]:
        """The embeddings, the hidden layers, the head."""
        return [[self.embeddings], [*self.layers], [self.head]]
