"""A model of a table that takes raw columns: numbers, categories, a date; and one of ratings that takes ids."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import torch
from practicum.datamodules.tabular.categories import CategoricalColumn, to_plain_dtype
from practicum.datamodules.tabular.date_formats import EPOCHS, parse_dates
from practicum.datamodules.tabular.date_parts import part_names
from practicum.datamodules.tabular.date_zones import zone_of
from practicum.datamodules.tabular.preprocessor import TablePreprocessor
from practicum.datamodules.tabular.readers import as_number
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor, nn

from .date_graph import MISSING, graph_date_parts
from .deployable import Call, Deployable, GraphInput

_LARGEST = 3.4028e38  # a float32 holds no more
_NO_NUMBER = torch.iinfo(torch.int64).min  # a missing whole number


class TablePredictor(nn.Module):
    """Predictions of rows from codes of categories ``int64 [N]``, then numbers ``float64 [N]``, then a date ``int64 [N]``.

    Args:
        model: A module for tables.
        steps: The preprocessing fitted in training.
    """

    def __init__(self, model: Any, steps: TablePreprocessor) -> None:
        super().__init__()
        self.model, self.steps = model, steps
        parts = set() if steps.date is None else part_names(steps.date)
        self.categories = [name for name in steps.categorical if name not in parts]
        self.numbers = [name for name in steps.continuous if name not in parts]

    def forward(self, *columns: Tensor) -> Tensor:
        """Numbers, quantiles or probabilities."""
        given = dict(zip([*self.categories, *self.numbers], columns, strict=False))
        codes = {name: given[name] for name in self.categories}
        values = {name: (given[name], ~(given[name].abs() <= _LARGEST)) for name in self.numbers}
        if self.steps.date is not None:
            parts, missing = graph_date_parts(columns[-1], self.steps.has_time)
            for part, numbers in parts.items():
                name = f"{self.steps.date}_{part}"
                if name in self.steps.categorical:
                    codes[name] = _codes(numbers, self.steps.categorical[name]).masked_fill(missing, 0)
                elif name in self.steps.continuous:
                    values[name] = numbers.double(), missing
        rows = columns[0].shape[0]  # not len, which torch.export would fix
        coded = [codes[name] for name in self.steps.categorical]
        x = torch.stack(coded, 1).int() if coded else columns[0].new_zeros((rows, 0), dtype=torch.int32)
        scaled, gaps = [], []
        for name, fitted in self.steps.continuous.items():
            numbers, missing = values[name]
            clipped = torch.where(missing, fitted.median, numbers).clamp(fitted.low, fitted.high)
            scaled.append(((clipped - fitted.mean) / fitted.std).float())
            gaps += [missing.float()] if fitted.has_missing else []
        numbers = torch.stack([*scaled, *gaps], 1) if scaled else columns[0].new_zeros((rows, 0), dtype=torch.float32)
        return self.model.objective.predict(self.model.output((x, numbers)))


def _codes(values: Tensor, column: CategoricalColumn) -> Tensor:
    """Codes of whole numbers, or of yes and no as 1 and 0."""
    known = [int({"true": 1, "false": 0}.get(each, each)) for each in column.categories]
    keys = torch.tensor(known, dtype=torch.int64)
    return ((values[:, None] == keys) * torch.arange(1, len(known) + 1)).sum(1)


def table_deployable(model: Any, steps: TablePreprocessor, rows: pl.DataFrame) -> Deployable:
    """A model of a table, ready to be exported.

    Args:
        model: The module.
        steps: The preprocessing fitted in training.
        rows: Rows to check it on, read as training read them.

    Returns:
        Inputs are called as their columns, ``unnamed`` where a column has no name.

    Raises:
        MisconfigurationException: Public holidays are among its columns.
    """
    if steps.holidays is not None:
        raise MisconfigurationException(
            f"holidays={steps.holidays}: a calendar of holidays can't be put into a graph; train without, or with "
            "a column of your own."
        )
    graph = TablePredictor(model, steps)
    called = {name: name or _unnamed(steps) for name in steps.source_columns}
    inputs = {called[name]: category_input(name, steps.categorical[name]) for name in graph.categories}
    for name in graph.numbers:
        unit = f" in {steps.units[name].sign}" if name in steps.units else ""
        inputs[called[name]] = GraphInput(("rows",), torch.zeros(3, dtype=torch.float64), f"A number{unit}; NaN: missing.")
    if steps.date is not None:
        step = "seconds" if steps.has_time else "days"
        zone = zone_of(steps.date_format)
        in_utc = zone == "UTC" or steps.date_format in EPOCHS or (steps.date_format or "").endswith("%z")
        clock = " in UTC" if in_utc else f" by the clock in {zone}, not in UTC" if zone is not None else ""
        inputs[called[steps.date]] = GraphInput(
            ("rows",), torch.arange(3), f"A date as whole {step} since 1970{clock}; NumPy's NaT as int64: missing."
        )
    codes, numbers, _ = steps.transform(rows, "the run's rows")
    wanted = model.objective.predict(model.output((torch.from_numpy(codes), torch.from_numpy(numbers))))
    raw = {called[name]: raw_category(rows[name], steps.categorical[name]) for name in graph.categories}
    raw |= {called[name]: as_number(rows[name], "the run's rows").to_numpy().astype(np.float64) for name in graph.numbers}
    if steps.date is not None:
        raw[called[steps.date]] = raw_date(parse_dates(rows[steps.date], steps.date_format, "the run's rows"), steps.has_time)
    facts: dict[str, Any] = {"target": steps.target}
    output = "prediction"
    if steps.classes is not None:
        facts["classes"], output = steps.classes, "probabilities"
    elif wanted.ndim > 1:
        facts["quantiles"], output = list(model.objective.quantiles), "quantiles"
    return Deployable("tables", graph, inputs, output, [Call(raw, wanted)], facts)


def _unnamed(steps: TablePreprocessor) -> str:
    """What the input of a column without a name is called, as pandas writes its index: ONNX wants a name."""
    name = "unnamed"
    while name in steps.source_columns:
        name += "_"
    return name


def category_input(name: str, column: CategoricalColumn) -> GraphInput:
    """An input of categories: raw values, which the graph or its caller turns into codes.

    Args:
        name: The column.
        column: As it was fitted.
    """
    kind = {"String": "a text, without spaces around it", "Boolean": "1 or 0"}.get(column.dtype, "a number")
    meaning = f"A category, {kind}; any that training had not, and missing ones, are unknown."
    return GraphInput(("rows",), torch.ones(3, dtype=torch.int64), meaning, column)


def raw_category(values: pl.Series, column: CategoricalColumn) -> np.ndarray[Any, Any]:
    """Values as a program without our reader has them: texts, ``int64``, ``float64``, or yes and no as 1 and 0.

    Args:
        values: As they were read.
        column: As the column was fitted.
    """
    codes = column.encode(to_plain_dtype(values)).to_list()
    spelled = [column.categories[code - 1] if code else None for code in codes]
    if column.dtype == "String":
        return np.array(["" if each is None else each for each in spelled], dtype=object)
    if column.dtype == "Float64":
        return np.array([np.nan if each is None else float(each) for each in spelled])
    known = {"true": 1, "false": 0}
    return np.array([_NO_NUMBER if each is None else known.get(each, each) for each in spelled]).astype(np.int64)


def raw_date(dates: pl.Series, has_time: bool) -> np.ndarray[Any, Any]:
    """Dates as ``int64``: days since 1970, or seconds.

    Args:
        dates: Of type ``Date`` or ``Datetime``; of one with a zone, what the clock shows there.
        has_time: Whether seconds.
    """
    if isinstance(dates.dtype, pl.Datetime) and dates.dtype.time_zone is not None:
        dates = dates.dt.replace_time_zone(None)  # the clock of its zone, whose hours and days were learnt
    whole = dates.cast(pl.Datetime("us")).dt.timestamp("ms") // 1000 if has_time else dates.cast(pl.Date).cast(pl.Int64)
    return whole.fill_null(MISSING).to_numpy().astype(np.int64)


def first_rows(rows: pl.DataFrame, count: int) -> pl.DataFrame:
    """Up to ``count`` rows, spread evenly.

    Args:
        rows: The rows.
        count: How many.
    """
    step = max(1, len(rows) // count)
    return rows.gather_every(step).head(count)
