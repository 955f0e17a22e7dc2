"""Steps from a table's columns to what a network takes, learnt from the training rows alone and kept as JSON.

**What it does.** Categories become codes (0: unknown or missing; 1 and on: levels in their order), numbers are filled with their
median where missing (a column of its own says so) and standardised, a date becomes its parts.

**When to use it.** Inside :class:`.Table`; a run's ``steps.json`` is what ``predict.py`` applies to new rows.

**Defaults.** Levels seen once are levels.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from practicum.lightning_shim import MisconfigurationException

from .date_parts import date_parts, holiday_names
from .readers import as_date, as_number, require

Codes = np.ndarray[Any, np.dtype[np.int32]]
Numbers = np.ndarray[Any, np.dtype[np.float32]]

_KINDS: dict[str, Any] = {"String": pl.String, "Int64": pl.Int64, "Float64": pl.Float64, "Boolean": pl.Boolean}


@dataclass
class Category:
    """A categorical column: how it is read, and its levels, whose codes are their places from 1."""

    kind: str
    levels: list[str]


@dataclass
class Number:
    """A column of numbers: what fills its gaps, how it is standardised, whether gaps are told, and from where to where it
    reached.

    A number beyond that counts as its edge: nothing is known of what lies there, and a network would go on in a straight line
    (trees stop by themselves). Days elapsed and days of the year are such numbers wherever rows are split by time.
    """

    median: float
    mean: float
    std: float
    flagged: bool
    low: float
    high: float


@dataclass
class TableSteps:
    """What was learnt of a table's columns.

    Attributes:
        categorical: By column, the parts of a date included.
        continuous: By column, the parts of a date included.
        date: Column whose parts are used.
        has_time: Whether its hour is one of them.
        holidays: Place whose public holidays are.
        target: Column to predict.
        classes: Of the target, where it is a class.
        facts: Of the target, where it is a number: mean, std, min, max, and of its logarithm where it is positive.
    """

    categorical: dict[str, Category] = field(default_factory=dict)
    continuous: dict[str, Number] = field(default_factory=dict)
    date: str | None = None
    has_time: bool = False
    holidays: str | None = None
    target: str = ""
    classes: list[str] | None = None
    facts: dict[str, float] | None = None

    # Learning ---------------------------------------------------------------------------------------------------------

    def learn_category(self, values: pl.Series, min_count: int = 1) -> None:
        """Take the levels of a column from training rows: those that occur ``min_count`` times, in their natural order."""
        values = plain(values)
        counts = values.drop_nulls().value_counts(sort=False)
        levels = counts.filter(pl.col("count") >= min_count)[values.name].sort()
        self.categorical[values.name] = Category(str(values.dtype), levels.cast(pl.String).to_list())

    def learn_number(self, values: pl.Series, where: object) -> None:
        """Take median, mean and deviation of a column from training rows."""
        numbers = as_number(values, where)
        median = numbers.median()
        filled = numbers.fill_null(median if median is not None else 0.0)
        std = filled.std() or 0.0
        self.continuous[values.name] = Number(
            float(median or 0.0),  # type: ignore[arg-type]
            float(filled.mean() or 0.0),  # type: ignore[arg-type]
            float(std) if std > 0 else 1.0,  # type: ignore[arg-type, operator]
            bool(numbers.null_count()),
            float(filled.min() or 0.0),  # type: ignore[arg-type]
            float(filled.max() or 0.0),  # type: ignore[arg-type]
        )

    def learn_date(self, values: pl.Series, where: object, holidays: str | None) -> None:
        """Take a date's parts from training rows."""
        values = as_date(values, where)
        self.date, self.holidays = values.name, holidays
        self.has_time = values.dtype == pl.Datetime and values.dt.time().n_unique() > 1
        parts, numbers = self._parts(values)
        for part in parts:
            if part.n_unique() > 1:
                self.learn_category(part)
        for number in numbers:
            if number.n_unique() > 1:
                self.learn_number(number, where)

    def learn_target(self, values: pl.Series, is_class: bool) -> None:
        """Take classes, or a number's facts, from training rows."""
        self.target = values.name
        if is_class:
            self.classes = plain(values).unique().sort().cast(pl.String).to_list()
            return
        numbers = values.to_numpy()
        std = float(numbers.std())
        self.facts = {"mean": float(numbers.mean()), "std": std or 1.0, "min": float(numbers.min()), "max": float(numbers.max())}
        if self.facts["min"] > 0:
            logs = np.log(numbers)
            self.facts |= {"log_mean": float(logs.mean()), "log_std": float(logs.std()) or 1.0}

    def _parts(self, dates: pl.Series) -> tuple[list[pl.Series], list[pl.Series]]:
        frame = dates.to_frame()
        categorical, numbers = date_parts(dates.name, self.has_time)
        parts = frame.select(**categorical).get_columns()
        if self.holidays is not None:
            parts.append(holiday_names(dates.dt.date(), self.holidays).alias(f"{dates.name}_holiday"))
        return parts, frame.select(**numbers).get_columns()

    # Applying ---------------------------------------------------------------------------------------------------------

    @property
    def needs(self) -> list[str]:
        """Columns of a table that :meth:`codes_and_numbers` reads."""
        parts = self._part_names()
        own = [name for name in (*self.categorical, *self.continuous) if name not in parts]
        return own + ([self.date] if self.date is not None else [])

    def _part_names(self) -> set[str]:
        if self.date is None:
            return set()
        categorical, numbers = date_parts(self.date, True)
        return {*categorical, *numbers, f"{self.date}_holiday"}

    @property
    def number_names(self) -> list[str]:
        """Columns of numbers, in the order of :meth:`codes_and_numbers`: those that tell of gaps come last."""
        return [*self.continuous, *(f"{name}_missing" for name, each in self.continuous.items() if each.flagged)]

    def codes_and_numbers(self, frame: pl.DataFrame, where: object) -> tuple[Codes, Numbers, dict[str, list[str]]]:
        """Rows as a network takes them.

        Args:
            frame: Has the columns of :attr:`needs`.
            where: It is from, for messages.

        Returns:
            Codes ``int32 [rows, categorical]``, numbers ``float32 [rows, number_names]``, and by column the levels that training
            didn't have, one for each row that has one.

        Raises:
            MisconfigurationException: A column is missing, or holds what it can't.
        """
        require(where, frame.columns, self.needs)
        columns = {name: frame[name] for name in frame.columns}
        if self.date is not None:
            parts, numbers = self._parts(as_date(frame[self.date], where))
            columns |= {each.name: each for each in (*parts, *numbers)}
        codes = np.zeros((len(frame), len(self.categorical)), np.int32)
        unknown: dict[str, list[str]] = {}
        for place, (name, category) in enumerate(self.categorical.items()):
            values = columns[name]
            found = _codes(values, category)
            codes[:, place] = found.to_numpy()
            strange = values.filter((found == 0) & values.is_not_null())
            if len(strange):
                unknown[name] = strange.cast(pl.String).to_list()
        matrix = np.zeros((len(frame), len(self.number_names)), np.float32)
        flags = len(self.continuous)
        for place, (name, number) in enumerate(self.continuous.items()):
            values = as_number(columns[name], where)
            inside = values.fill_null(number.median).clip(number.low, number.high)
            matrix[:, place] = ((inside - number.mean) / number.std).to_numpy()
            if number.flagged:
                matrix[:, flags] = values.is_null().to_numpy()
                flags += 1
        return codes, matrix, unknown

    def targets(self, values: pl.Series, where: object) -> np.ndarray[Any, Any]:
        """Of each row the number ``float32``, or the class's number ``int64``; where it is missing NaN, or -1."""
        if self.classes is None:
            return as_number(values, where).to_numpy().astype(np.float32)
        number_of = {name: number for number, name in enumerate(self.classes)}
        return np.array([number_of.get(each, -1) for each in plain(values).cast(pl.String)], np.int64)

    # Keeping ----------------------------------------------------------------------------------------------------------

    def as_json(self) -> str:
        """All of it as text."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, path: Path) -> TableSteps:
        """Read what :meth:`as_json` gave.

        Raises:
            MisconfigurationException: Not there, or not that.
        """
        if not path.is_file():
            raise MisconfigurationException(f"{path}: no such file; it lies in the run folder that made it.")
        try:
            facts: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            steps = cls(**facts)
            steps.categorical = {name: Category(**each) for name, each in facts["categorical"].items()}
            steps.continuous = {name: Number(**each) for name, each in facts["continuous"].items()}
        except (ValueError, TypeError, KeyError) as error:
            raise MisconfigurationException(f"{path}: is damaged ({error}); take another copy of the run.") from error
        return steps


def plain(values: pl.Series) -> pl.Series:
    """A column as text, whole numbers, decimal numbers or truth values, whatever polars had it as."""
    dtype = values.dtype
    if dtype in (pl.Boolean, pl.String):
        return values
    if dtype.is_integer():
        return values.cast(pl.Int64)
    if dtype.is_numeric():
        return values.cast(pl.Float64)
    return values.cast(pl.String)


def _codes(values: pl.Series, category: Category) -> pl.Series:
    kind = _KINDS[category.kind]
    values = plain(values)
    if values.dtype != kind:
        if kind == pl.Boolean and values.dtype == pl.String:
            values = values.str.to_lowercase().replace_strict(
                {"true": True, "false": False}, default=None, return_dtype=pl.Boolean
            )
        else:
            values = values.cast(kind, strict=False)
    old: Sequence[Any] = category.levels
    if kind == pl.Boolean:
        old = [each == "true" for each in old]
    elif kind in (pl.Int64, pl.Float64):
        old = pl.Series(category.levels, dtype=pl.String).cast(kind).to_list()
    if not len(old):
        return pl.zeros(len(values), pl.Int32, eager=True)
    new = range(1, len(old) + 1)
    return values.replace_strict(old, new, default=0, return_dtype=pl.Int32).fill_null(0)
