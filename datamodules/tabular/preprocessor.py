"""Turn a table's columns into the codes and numbers a network takes, fitted on training rows only and stored as JSON.

**What it does.** Categories become codes (0: unknown or missing; from 1: categories in their sort order). Numbers are clipped to
the range seen in training, imputed with the median (with an indicator column where training had gaps) and scaled. A date
becomes its parts.

**When to use it.** Inside :class:`.Table` and :class:`.Ratings`; a run's ``steps.json`` is applied to new rows at prediction.

**Defaults.** Every category seen in training gets a code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from practicum.lightning_shim import MisconfigurationException

from ..files.csv_format import CSVFormat
from ..files.quoting import plain
from .categories import CategoricalColumn, to_plain_dtype
from .continuous import ContinuousColumn, Scaling
from .date_formats import check_format, parse_dates
from .date_parts import DateParts, chosen_part, date_parts, holiday_names, part_names
from .readers import as_number, require_columns
from .units import Unit

Codes = np.ndarray[Any, np.dtype[np.int32]]
Numbers = np.ndarray[Any, np.dtype[np.float32]]


@dataclass
class TablePreprocessor:
    """The fitted state of a table's preprocessing.

    Attributes:
        categorical: Fitted categorical columns by name, parts of the date included.
        continuous: Fitted continuous columns by name, parts of the date included.
        csv: How the training table was written, see :class:`.CSVFormat`; ``None``: it was no table of text.
        date: Column whose parts are used.
        date_format: Format of that column, or of the times of ratings; ``None``: it was no text.
        has_time: Whether the hour is one of them.
        holidays: Place whose public holidays are used.
        target: Column to predict.
        classes: Classes of a categorical target.
        constants: Columns that are left out, as all rows have one value, and that value.
        units: Of columns that were numbers with a unit, the target included; see :mod:`.units`.
        target_stats: Of a continuous target ``mean``, ``std``, ``min``, ``max``; of a positive one ``log_mean``, ``log_std`` too.
    """

    categorical: dict[str, CategoricalColumn] = field(default_factory=dict)
    continuous: dict[str, ContinuousColumn] = field(default_factory=dict)
    csv: dict[str, Any] | None = None
    date: str | None = None
    date_format: str | None = None
    has_time: bool = False
    holidays: str | None = None
    target: str = ""
    classes: list[str] | None = None
    target_stats: dict[str, float] | None = None
    constants: dict[str, str] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)

    # Fitting ----------------------------------------------------------------------------------------------------------

    def fit_category(self, values: pl.Series, min_count: int = 1) -> None:
        """Collect a column's categories that occur at least ``min_count`` times in the training rows ``values``."""
        values = to_plain_dtype(values)
        counts = values.drop_nulls().value_counts(sort=False)
        categories = counts.filter(pl.col("count") >= min_count)[values.name].sort()
        self.categorical[values.name] = CategoricalColumn(str(values.dtype), categories.cast(pl.String).to_list())

    def fit_number(self, values: pl.Series, where: object, scaling: Scaling = "standard") -> None:
        """Compute median, scale and range of a column over the training rows ``values``."""
        self.continuous[values.name] = ContinuousColumn.fit(values, where, scaling)

    def fit_date(
        self,
        values: pl.Series,
        where: object,
        holidays: str | None,
        scaling: Scaling = "standard",
        parts: DateParts = "all",
    ) -> None:
        """Fit the parts of a date, in :attr:`date_format`, on the training rows ``values``; constant parts are dropped."""
        values = parse_dates(values, self.date_format, where)
        self.date, self.holidays = values.name, holidays
        self.has_time = values.dtype == pl.Datetime and values.dt.time().n_unique() > 1
        categories, numbers = self._date_columns(values)
        for part in categories:
            if part.n_unique() > 1 and chosen_part(part.name, values.name, parts):
                self.fit_category(part)
        for number in numbers:
            if number.n_unique() > 1 and chosen_part(number.name, values.name, parts):
                self.fit_number(number, where, scaling)

    def fit_target(self, values: pl.Series, is_class: bool, held_out: pl.Series | None = None) -> None:
        """Collect the classes, or compute the statistics, of the target over the training rows ``values``.

        Where a ``held_out`` number is not positive there are no statistics of logarithms: its error could not be measured.
        """
        self.target = values.name
        if is_class:
            self.classes = to_plain_dtype(values).unique().sort().cast(pl.String).to_list()
            return
        numbers = values.to_numpy()
        std = float(numbers.std())
        stats = {"mean": float(numbers.mean()), "std": std or 1.0, "min": float(numbers.min()), "max": float(numbers.max())}
        if stats["min"] > 0 and (held_out is None or not (held_out <= 0).any()):
            logs = np.log(numbers)
            stats |= {"log_mean": float(logs.mean()), "log_std": float(logs.std()) or 1.0}
        self.target_stats = stats

    def _date_columns(self, dates: pl.Series) -> tuple[list[pl.Series], list[pl.Series]]:
        if self.has_time and dates.dtype == pl.Date:
            dates = dates.cast(pl.Datetime("us"))
        frame = dates.to_frame()
        categorical, continuous = date_parts(dates.name, self.has_time)
        categories = frame.select(**categorical).get_columns()
        if self.holidays is not None:
            categories.append(holiday_names(dates.dt.date(), self.holidays).alias(f"{dates.name}_holiday"))
        return categories, frame.select(**continuous).get_columns()

    # Transforming -----------------------------------------------------------------------------------------------------

    @property
    def source_columns(self) -> list[str]:
        """Columns of a table that :meth:`transform` reads."""
        derived = set() if self.date is None else part_names(self.date)
        columns = [name for name in (*self.categorical, *self.continuous) if name not in derived]
        return columns + ([self.date] if self.date is not None else [])

    @property
    def numeric_columns(self) -> list[str]:
        """Those of :attr:`source_columns` that training read as numbers, the codes of categories included."""
        numbers = [name for name, each in self.categorical.items() if each.dtype in ("Int64", "Float64")]
        return [name for name in self.source_columns if name in self.continuous or name in numbers]

    @property
    def number_names(self) -> list[str]:
        """Columns of the numbers that :meth:`transform` returns; indicators of missing values come last.

        An indicator is called ``<column>_missing``, with another underscore if the table has such a column of its own.
        """
        names = [*self.continuous]
        for column, fitted in self.continuous.items():
            if fitted.has_missing:
                name = f"{column}_missing"
                while name in names or name in self.categorical:
                    name += "_"
                names.append(name)
        return names

    def transform(self, frame: pl.DataFrame, where: object) -> tuple[Codes, Numbers, dict[str, list[str]]]:
        """Encode rows.

        Args:
            frame: Has :attr:`source_columns`.
            where: Its origin, for messages.

        Returns:
            Codes ``int32 [rows, categorical]``, numbers ``float32 [rows, number_names]``, and by column the values that training
            didn't have, one for each row with such a value.

        Raises:
            MisconfigurationException: A column is missing, or holds values of the wrong type.
        """
        require_columns(where, frame.columns, self.source_columns)
        columns = {name: frame[name] for name in frame.columns}
        if self.date is not None:
            categories, numbers = self._date_columns(parse_dates(frame[self.date], self.date_format, where))
            columns |= {each.name: each for each in (*categories, *numbers)}
        codes = np.zeros((len(frame), len(self.categorical)), np.int32)
        unknown: dict[str, list[str]] = {}
        for position, (name, category) in enumerate(self.categorical.items()):
            values = columns[name]
            found = category.encode(values)
            codes[:, position] = found.to_numpy()
            unseen = values.filter((found == 0) & values.is_not_null())
            if len(unseen):
                unknown[name] = unseen.cast(pl.String).to_list()
        matrix = np.zeros((len(frame), len(self.number_names)), np.float32)
        indicator = len(self.continuous)
        for position, (name, number) in enumerate(self.continuous.items()):
            values = as_number(columns[name], where)
            clipped = values.fill_null(number.median).clip(number.low, number.high)
            matrix[:, position] = ((clipped - number.mean) / number.std).to_numpy()
            if number.has_missing:
                matrix[:, indicator] = values.is_null().to_numpy()
                indicator += 1
        return codes, matrix, unknown

    def transform_target(self, values: pl.Series, where: object) -> np.ndarray[Any, Any]:
        """Encode the target: numbers ``float32`` (missing: NaN), or class indices ``int64`` (missing or unseen: -1)."""
        if self.classes is None:
            return as_number(values, where).to_numpy().astype(np.float32)
        index = {name: number for number, name in enumerate(self.classes)}
        return np.array([index.get(each, -1) for each in to_plain_dtype(values).cast(pl.String)], np.int64)

    def check(self) -> None:
        """Raise if no training can have left this, for what was read from a file.

        Raises:
            ValueError: A value is of another type, or not finite.
            MisconfigurationException: ``date_format`` is none.
        """
        for category in self.categorical.values():
            category.check()
        for name, number in self.continuous.items():
            number.check(name)
        for unit in self.units.values():
            unit.check()
        texts = (self.date, self.date_format, self.holidays)
        if not isinstance(self.target, str) or not all(each is None or isinstance(each, str) for each in texts):
            raise ValueError("target, date, date_format and holidays must be texts")
        check_format(type(self).__name__, self.date_format)
        if self.csv is not None:
            CSVFormat.from_dict(self.csv)
        if self.classes is not None:
            CategoricalColumn("String", self.classes).check()
        stats = {} if self.target_stats is None else self.target_stats
        if not isinstance(stats, dict) or not all(isinstance(each, int | float) for each in stats.values()):
            raise ValueError("target_stats must be numbers")
        if not isinstance(self.constants, dict) or not all(isinstance(each, str) for each in self.constants.values()):
            raise ValueError("constants must be texts")

    # Storing ----------------------------------------------------------------------------------------------------------

    def to_json(self) -> str:
        """Serialise the fitted state."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, path: Path) -> TablePreprocessor:
        """Read a file with what :meth:`to_json` returned.

        Raises:
            MisconfigurationException: There is no such file, or it holds something else.
        """
        if not path.is_file():
            raise MisconfigurationException(f"{path}: no such file; it belongs to the folder of the run that trained the model.")
        try:
            state: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            steps = cls(**state)
            steps.categorical = {name: CategoricalColumn(**each) for name, each in state["categorical"].items()}
            steps.continuous = {name: ContinuousColumn(**each) for name, each in state["continuous"].items()}
            steps.units = {name: Unit(**each) for name, each in state.get("units", {}).items()}
            steps.check()
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, MisconfigurationException) as error:
            reason = plain(" ".join(str(error).split()), 200)
            raise MisconfigurationException(
                f"{path}: is damaged, or was written by an earlier version ({reason}); copy the run again, or train anew."
            ) from error
        return steps
