"""New rows for a trained model: read, encoded by the run's preprocessing, and served for prediction."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import torch
from practicum.lightning_shim import LightningDataModule, MisconfigurationException
from torch import Tensor
from torchdata.stateful_dataloader import StatefulDataLoader

from ..files.csv_format import CSVFormat, check_csv_format
from ..files.csv_numbers import as_plain_number, is_number, mark_numbers
from ..files.csv_reader import read_text_table
from ..files.csv_typed import column_signs, odd_signs, with_other_sign
from ..files.quoting import plain, quoted
from ..files.say_once import say_once
from ..loading.batch_loader import batch_loader
from ..loading.inputs import each_input, input_name
from .column_notes import strange_numbers
from .column_types import as_written, clean_text
from .new_header import format_of_new
from .preprocessor import TablePreprocessor
from .readers import (
    POLARS_ERRORS,
    as_lazy_frame,
    as_number,
    check_table,
    is_parquet,
    read_table,
    require_columns,
    unreadable,
)
from .unit_columns import of_new_rows
from .unlike_training import changed_constants, unlike_training

log = logging.getLogger(__name__)

_PREDICTED = re.compile(r"true|predicted|score|(probability|quantile)_.*|class_\d+")  # see the models' objectives
_LINE = "__line"
TableSource = str | os.PathLike[str] | Any  # a path, or a frame of polars or pandas


class NewRows(LightningDataModule):
    """Rows to predict, see :meth:`.Table.for_prediction`.

    Args:
        rows: As they were read.
        batches: Their encoded batches, in the same order; targets are NaN.
        plain: Their values, see :class:`RowsAsRead`; default: ``rows``.

    Attributes:
        targets: The target of each row, where they are to be scored; else ``None``.
        rejected: Empty; every row gets a prediction.
    """

    targets: Tensor | None = None

    def __init__(self, rows: pl.DataFrame, batches: Any, plain: pl.DataFrame | None = None) -> None:
        super().__init__()
        self.rows, self.batches = rows, batches
        self.plain = rows if plain is None else plain
        self.rejected: list[tuple[str, str]] = []

    def predict_dataloader(self) -> StatefulDataLoader[Any]:
        """All rows, in the order of the source."""
        return batch_loader(self.batches)

    def source_rows(self) -> pl.DataFrame:
        """The rows as they were read."""
        return self.rows

    def row_columns(self) -> dict[str, list[Any]]:
        """The rows' columns, to be written beside the predictions; see :func:`columns_beside`."""
        return columns_beside(self.rows)


def columns_beside(rows: pl.DataFrame) -> dict[str, list[Any]]:
    """Columns that are written beside predictions; those called like a column of predictions get ``table_`` before their name.

    Example:
        >>> import polars as pl
        >>> from practicum.datamodules.tabular.new_rows import columns_beside
        >>> columns_beside(pl.DataFrame({"x": [1], "predicted": [2]}))
        {'x': [1], 'table_predicted': [2]}
    """
    columns: dict[str, list[Any]] = {}
    for name, values in rows.to_dict(as_series=False).items():
        beside = name
        while beside in columns or _PREDICTED.fullmatch(beside) or (beside != name and beside in rows.columns):
            beside = f"table_{beside}"
        if beside != name:
            say_once(f"Column {quoted(name)} of the table is written as {quoted(beside)}: predictions have a column of its name.")
        columns[beside] = values
    return columns


def names_beside(names: Iterable[str], written: Container[str]) -> dict[str, str]:
    """What :func:`columns_beside` has called columns that predictions have one of the name of.

    Args:
        names: Of columns of the table.
        written: Of all columns that were written.

    Returns:
        Their names by what they are called now.

    Example:
        >>> from practicum.datamodules.tabular.new_rows import names_beside
        >>> names_beside(["x", "true"], ["x", "table_x", "table_true", "table_table_true", "true", "predicted"])
        {'table_table_true': 'true'}
    """
    found = {}
    for name in filter(_PREDICTED.fullmatch, names):
        beside = name
        while f"table_{beside}" in written:
            beside = f"table_{beside}"
        if beside != name:
            found[beside] = name
    return found


def source_name(source: Any) -> str:
    """What messages call a source."""
    paths = all(isinstance(each, str | os.PathLike) for each in each_input(source))
    return input_name(source) if paths else "the new rows"


def open_source(source: TableSource) -> pl.LazyFrame:
    """Open a path, or a frame of polars or pandas.

    Raises:
        MisconfigurationException: It can't be read.
    """
    return read_table(Path(source)) if isinstance(source, str | os.PathLike) else as_lazy_frame(source)


def collect_rows(source: TableSource, read: Callable[[TableSource], pl.LazyFrame] = open_source) -> pl.DataFrame:
    """Read new rows.

    Raises:
        MisconfigurationException: The source can't be read, or is empty.
    """
    try:
        frame = read(source).collect()
    except POLARS_ERRORS as error:
        raise unreadable(source_name(source), error) from error
    if not len(frame):
        raise MisconfigurationException(f"{source_name(source)}: has no rows.")
    return frame


class RowsAsRead(NamedTuple):
    """New rows, and the rows as the model's preprocessing takes them.

    Attributes:
        written: As they will be written beside the predictions: the texts of a file stay what they are (``01234``, ``N/A``).
        plain: Without marks of missing values, and with columns of numbers as ordinary numbers, whatever the file's decimal sign.
    """

    written: pl.DataFrame
    plain: pl.DataFrame


def read_new_rows(
    source: TableSource | Sequence[TableSource],
    steps: TablePreprocessor,
    told: Mapping[str, Any] | None = None,
    header: Sequence[str] | None = None,
    more_numbers: Sequence[str] = (),
) -> RowsAsRead:
    """Read new rows as training read its table: in its format, and nothing is inferred from the new rows.

    Args:
        source: A file, or a frame of polars or pandas; or several, whose rows come one after another.
        steps: The preprocessing fitted in training.
        told: The option ``csv_format``: what the user fixed.
        header: Column names that training's file was given in place of a header line; ``None``: none.
        more_numbers: Columns that hold numbers besides those that ``steps`` takes, such as ratings.

    Raises:
        MisconfigurationException: The source can't be read, or is empty; a number has another unit than in training; or one of
            several lacks a column that another has.
    """
    sources = each_input(source)
    if not sources:
        raise MisconfigurationException("the new rows: there are none; give a file or a frame, or several.")
    parts = [_read_one(each, steps, told, header, more_numbers) for each in sources]
    if len(parts) == 1:
        return parts[0]
    held = {name for part in parts for name in part.plain.columns}
    needed = [name for name in steps.source_columns if name in held]
    for place, (each, part) in enumerate(zip(sources, parts, strict=True), 1):  # else its rows would be taken for ones with gaps
        where = source_name(each) if isinstance(each, str | os.PathLike) else f"the new rows, frame {place}"
        require_columns(where, part.plain.columns, needed)
    written, plain = zip(*parts, strict=True)
    return RowsAsRead(*(pl.concat(each, how="diagonal_relaxed") for each in (written, plain)))


def _read_one(
    source: TableSource,
    steps: TablePreprocessor,
    told: Mapping[str, Any] | None,
    header: Sequence[str] | None,
    more_numbers: Sequence[str],
) -> RowsAsRead:
    path = Path(source) if isinstance(source, str | os.PathLike) else None
    if path is not None:
        check_table(path)
    if path is None or is_parquet(path):
        rows = collect_rows(source)
        clean = _without_units(clean_text(rows.lazy(), told).collect(), steps, source_name(source))
        return RowsAsRead(rows, _without_marks(clean, [*steps.units], check_csv_format(told).get("na_values", ())))
    trained = None if steps.csv is None else CSVFormat.from_dict(steps.csv)
    csv, names = format_of_new(path, trained, check_csv_format(told), header, steps.source_columns)
    text = collect_rows(path, lambda path: read_text_table(path, csv, missing=(), line_column=_LINE, names=names).lazy())
    lines, text = text[_LINE], text.drop(_LINE)
    marks = {"na_values": csv.na_values, "keep_default_na": csv.keep_default_na}
    clean = _without_units(clean_text(text.lazy(), marks).collect(), steps, path, csv.decimal)
    constants = [name for name, only in steps.constants.items() if is_number(only)]
    wanted = dict.fromkeys([*steps.numeric_columns, *more_numbers, *constants])
    numbers = [name for name in wanted if name in text.columns and name not in steps.units]
    # A column has its decimal sign of training; a cell may have the other one if that can be no sign between thousands. What is
    # no number stays as it is, to be named in a message or to count as unknown.
    signs = column_signs(clean, numbers, csv.decimals, (csv.decimal, csv.thousands))
    usual = {name: as_plain_number(pl.col(name), *signs[name]) for name in numbers}
    other = {name: with_other_sign(pl.col(name), signs[name][0]) for name in numbers}
    for name in numbers:
        odd = clean.select((usual[name].is_null() & other[name].is_not_null()).arg_true())[name]
        if len(odd):
            log.warning(odd_signs(path, name, clean[name][odd[0]], lines[odd[0]], len(odd) - 1, signs[name][0]))
    plain = clean.with_columns(pl.coalesce(usual[name], other[name], pl.col(name)) for name in numbers)
    return RowsAsRead(as_written(text), _without_marks(plain, [*numbers, *steps.units], csv.na_values))


def _without_marks(frame: pl.DataFrame, names: Sequence[str], marks: Sequence[str]) -> pl.DataFrame:
    """Make null of texts that are numbers equal to a mark of missing values, as training did."""
    values = mark_numbers(marks)
    columns = [pl.col(name) for name in names if values and frame.schema.get(name) == pl.String]
    return frame.with_columns(
        pl.when(~each.cast(pl.Float64, strict=False).is_in(values).fill_null(False)).then(each) for each in columns
    )


def _without_units(frame: pl.DataFrame, steps: TablePreprocessor, where: object, decimal: str | None = None) -> pl.DataFrame:
    frame, notes = of_new_rows(frame, steps.units, where, steps.target, decimal)
    for note in notes:
        log.warning(note)
    return frame


def encode_rows(frame: pl.DataFrame, steps: TablePreprocessor, where: object) -> tuple[Tensor, Tensor, Tensor]:
    """Encode new rows; warnings count values that training didn't have, numbers far outside of its range, and new gaps.

    Args:
        frame: The rows.
        steps: The preprocessing fitted in training.
        where: The rows' origin, for messages.

    Returns:
        Codes ``int32 [N, categorical]``, numbers ``float32 [N, continuous]`` and NaN targets ``float32 [N]``.

    Raises:
        MisconfigurationException: A column is missing or has the wrong type, or training had no value of any row.
    """
    codes, numbers, unknown = steps.transform(frame, where)
    for name in steps.continuous:
        if name in frame.columns:
            for note in (*strange_numbers(frame[name], where), *unlike_training(frame[name], steps.continuous[name], where)):
                log.warning(note)
    for note in changed_constants(frame, steps.constants, where):
        log.warning(note)
    given = [name for name in steps.continuous if name in frame.columns and as_number(frame[name], where).is_not_null().any()]
    if unknown and not codes.any() and not given:
        named = ", ".join(f"{plain(column)} {quoted(values[0])}" for column, values in [*unknown.items()][:4])
        raise MisconfigurationException(
            f"{where}: training had none of these values ({named}), so that nothing is left to predict from; is it the right "
            "table?"
        )
    for column, values in unknown.items():
        log.warning(
            f"{where}: {len(values):,} of {len(frame):,} rows have a value of {plain(column)} that did not occur in training "
            f"({quoted(values[0])}); it counts as unknown."
        )
    return torch.from_numpy(codes), torch.from_numpy(numbers), torch.full((len(frame),), float("nan"))
