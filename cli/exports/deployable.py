"""A model with its preprocessing as one graph, and real inputs to check it on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
import torch
from practicum.datamodules.tabular.categories import CategoricalColumn
from torch import Tensor, nn

_RAW = {"String": "string", "Float64": "float64"}  # types of categories as ONNX takes them; the others are whole numbers
RawInputs = Mapping[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class GraphInput:
    """One input of a graph.

    Attributes:
        dims: Name of each axis whose length may vary; ``None`` of one that is fixed.
        example: A tensor that the graph is traced with; axes that vary have a length of 2 or more.
        meaning: What it holds, in words.
        column: Of categories: how raw values become the codes that the graph takes; ``None``: the graph takes raw values.
    """

    dims: Sequence[str | None]
    example: Tensor
    meaning: str
    column: CategoricalColumn | None = None


@dataclass(frozen=True)
class Call:
    """Real inputs of one call, and what the checkpoint predicts of them.

    Attributes:
        inputs: Raw values by the name of the input.
        wanted: Predictions ``[N, ...]``.
        exact: Whether training would give the network the very same numbers; ``False``: photos that the graph resizes itself.
    """

    inputs: RawInputs
    wanted: Tensor
    exact: bool = True


@dataclass
class Deployable:
    """What is exported.

    Attributes:
        kind: ``photos``, ``tables``, ``texts`` or ``ratings``.
        graph: Takes the inputs in their order; gives predictions.
        inputs: By name.
        output: What the predictions are called: ``probabilities``, ``prediction``, ``quantiles`` or ``score``.
        calls: Real inputs to check it on.
        facts: What else belongs into the exported file: classes, threshold ...
        recurrent: Whether it has an LSTM, whose length of time only ONNX lets vary.
    """

    kind: str
    graph: nn.Module
    inputs: dict[str, GraphInput]
    output: str
    calls: list[Call]
    facts: dict[str, Any] = field(default_factory=dict)
    recurrent: bool = False

    @property
    def vocabularies(self) -> dict[str, dict[str, Any]]:
        """Type and categories of each input of codes; codes count from 1, and 0 is unknown or missing."""
        columns = {name: each.column for name, each in self.inputs.items() if each.column is not None}
        return {name: {"dtype": column.dtype, "categories": column.categories} for name, column in columns.items()}

    def encoded(self, raw: RawInputs) -> list[Tensor]:
        """Inputs of the graph: raw values, or codes of categories.

        Args:
            raw: Raw values by name.
        """
        return [self._encode(name, each, raw[name]) for name, each in self.inputs.items()]

    @staticmethod
    def _encode(name: str, given: GraphInput, values: np.ndarray[Any, Any]) -> Tensor:
        if given.column is None:
            return torch.from_numpy(np.array(values))  # a copy: decoded photos can't be written to
        series = pl.Series(name, values.tolist() if values.dtype == object else values)
        return torch.from_numpy(given.column.encode(series).to_numpy().astype(np.int64))

    def description(self, encoded: bool) -> dict[str, Any]:
        """Inputs and output in words, for the file of facts.

        Args:
            encoded: Whether what is exported takes codes in the place of categories, as all but ONNX does.
        """
        described = {}
        for name, each in self.inputs.items():
            kind, meaning = str(each.example.dtype).removeprefix("torch."), each.meaning
            if each.column is not None and encoded:
                meaning += " Given as its code: its place in vocabularies, counted from 1; 0: unknown."
            elif each.column is not None:
                kind = _RAW.get(each.column.dtype, "int64")
            described[name] = {"dtype": kind, "shape": _shape(each), "meaning": meaning}
        return {"inputs": described, "output": self.output}


def _shape(given: GraphInput) -> list[Any]:
    return [size if name is None else name for name, size in zip(given.dims, given.example.shape, strict=True)]
