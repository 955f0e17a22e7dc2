"""A table's columns of numbers with a unit: read as numbers in training, and in the same unit from new rows.

**What it does.** Where every cell of a column of text is a number with the same unit (:mod:`.units`), the numbers are learnt
from, and the run says so with an example. The unit holds at prediction: it is taken from the cells of new rows, and cells with
another one are refused, as 500 g are not 500 kg.

**When to use it.** It is what :class:`.Table` does with columns whose role is inferred, with those in the option ``continuous``,
and with a target that is a number; the option ``categorical`` leaves a column as it is written. Up to 20 different whole numbers
stay categories with their words, as they would be without them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl
from practicum.lightning_shim import MisconfigurationException

from ..files.csv_format import CSVFormat
from ..files.quoting import plain, quoted
from .column_roles import MAX_CATEGORIES
from .table_config import TableConfig
from .units import Unit, find_unit

_TEXTS = (pl.String, pl.Categorical, pl.Enum)


def may_have_unit(name: str, config: TableConfig) -> bool:
    """Whether a column of text may be read as numbers by its role."""
    if name == config.target:
        return config.kind != "class"
    return name in config.continuous or (config.infer_roles and name not in config.columns)


def read_units(
    frame: pl.LazyFrame, column: Callable[[str], pl.Series], config: TableConfig, csv: CSVFormat | None, where: object
) -> tuple[pl.LazyFrame, dict[str, Unit], list[str]]:
    """Make numbers of a table's columns of numbers with a unit.

    Args:
        frame: The table.
        column: Reads one of its columns.
        config: Says which columns may be numbers, and what the user knows of the decimal sign.
        csv: How the table is written; ``None``: it is no table of text.
        where: The table, for messages.

    Returns:
        The table, the units by column, and a sentence on each.
    """
    told = config.csv_format.get("decimal")
    decimal = told or ("." if csv is None else csv.decimal)
    units: dict[str, Unit] = {}
    notes: list[str] = []
    for name, dtype in frame.collect_schema().items():
        if dtype != pl.String or not may_have_unit(name, config):
            continue
        values = column(name)
        unit = find_unit(values, decimal, told is not None)
        distinct = values.n_unique() - bool(values.null_count())
        if unit is None or distinct == 1:
            continue
        numbers = unit.number(pl.col(name))
        is_whole = values.to_frame().select(numbers.str.contains(r"^-?\d{1,18}$").all()).item()
        wanted = name in config.continuous or (name == config.target and config.kind == "number")
        if is_whole and distinct <= MAX_CATEGORIES and not wanted:
            if name == config.target:
                notes.append(
                    f"{where}: the target {quoted(name)} holds {distinct} numbers with the unit {quoted(unit.sign)}, and is "
                    "taken for classes; kind=number changes that."
                )
            continue
        units[name] = unit
        frame = frame.with_columns(numbers.cast(pl.Int64 if is_whole else pl.Float64))
        notes.append(f"{where}: {_what_was_read(values, unit, name == config.target)}")
    return frame, units, notes


def _what_was_read(values: pl.Series, unit: Unit, is_target: bool) -> str:
    """A sentence with an example: one that could be read in another way, if there is any and none decides it."""
    name, text = quoted(values.name), pl.col(values.name)
    cells = values.drop_nulls().to_frame()
    either = cells.filter(unit.is_ambiguous(text))
    decided = cells.select(unit.swapped().number(text).is_null().any()).item()
    shown = (cells if decided or not len(either) else either).head(1)
    cell, read = shown.select(text, unit.number(text).cast(pl.Float64).alias(f"{values.name} read")).row(0)
    if len(either) and not decided:
        advice = f"if that is wrong, give csv_format.decimal='{unit.swapped().decimal}'"
    else:
        advice = "kind=class takes it for classes" if is_target else "the option categorical leaves it as it is written"
    return (
        f"column {name} holds numbers with the unit {quoted(unit.sign)} and is read as numbers ({quoted(cell)} as {read:.12g}); "
        f"{advice}."
    )


def of_new_rows(
    frame: pl.DataFrame, units: Mapping[str, Unit], where: object, target: str, decimal: str | None = None
) -> tuple[pl.DataFrame, list[str]]:
    """Take training's units from new rows.

    Cells with the unit are read as training's were, since programs copy them as they are, unless most of a column can't be; bare
    numbers as the file's others. Single cells that can only be read with the other decimal sign are; that is said.

    Args:
        frame: The rows; columns of numbers stay.
        units: By column.
        where: The rows, for messages.
        target: What is predicted: its cells may hold anything, as far as they are not scored.
        decimal: The decimal sign of the rows' file; ``None``: they are in no table of text.

    Returns:
        The rows, and sentences on columns with bare numbers, or with numbers that are written in another way.

    Raises:
        MisconfigurationException: A cell has another unit, or is no number.
    """
    notes = []
    for name, trained in units.items():
        if name not in frame.columns or frame.schema[name] not in _TEXTS:
            continue
        text = pl.col(name)
        cells = frame.select(text.cast(pl.String).str.strip_chars())
        beside = trained.is_beside(text)
        unit = _notation(cells.filter(beside)[name], trained, decimal)
        bare = trained.with_decimal(decimal or trained.decimal)
        number = pl.when(beside).then(_either(text, unit)).otherwise(_either(text, bare))
        odd = cells.select((number.is_null() & text.is_not_null()).arg_true()).to_series()
        if len(odd) and name != target:
            raise MisconfigurationException(f"{where}: {_refusal(cells[name], odd.to_list(), trained)}")
        frame = frame.with_columns(cells.select(pl.coalesce(number, text)).to_series())

        other = number.cast(pl.Float64).ne_missing(trained.number(text).cast(pl.Float64))
        unsure = unit.is_ambiguous(text) if decimal not in (None, trained.decimal) or not trained.certain else pl.lit(False)
        example = cells.filter(beside & number.is_not_null() & (other | unsure)).head(1)
        if len(example):
            read = example.select(number.cast(pl.Float64)).item()
            notes.append(
                f"{where}: column {quoted(name)}: {quoted(example.item())} is read as {read:.12g}; correct it if that is wrong."
            )
        if count := cells.select((number.is_not_null() & ~beside).sum()).item():
            notes.append(
                f"{where}: {count:,} of {len(cells):,} rows have a {plain(name)} without training's unit {quoted(trained.sign)}; "
                "they are taken for numbers in it."
            )
    return frame, notes


def _either(text: pl.Expr, unit: Unit) -> pl.Expr:
    """The numbers of cells in a notation, or else with the other decimal sign."""
    return pl.coalesce(unit.number(text), unit.swapped().number(text))


def _notation(values: pl.Series, trained: Unit, decimal: str | None) -> Unit:
    """How cells with training's unit are written: as then, unless more of them can only be read with the other decimal sign."""
    if not trained.certain:
        found = find_unit(values, decimal or trained.decimal)
        return found if found is not None and found.sign == trained.sign else trained
    text = pl.col(values.name)
    own, other = trained.number(text).is_not_null(), trained.swapped().number(text).is_not_null()
    mine, its = values.to_frame().select(mine=(own & ~other).sum(), its=(other & ~own).sum()).row(0)
    return trained.swapped() if its > mine and (its > 1 or decimal not in (None, trained.decimal)) else trained


def _refusal(values: pl.Series, odd: list[int], unit: Unit) -> str:
    cell = values[odd[0]]
    more = f" (and {len(odd) - 1:,} more rows)" if len(odd) > 1 else ""
    wanted = f"a number with the unit {quoted(unit.sign)}, as in training"
    return (
        f"column {quoted(values.name)} should be {wanted}, but row {odd[0] + 1:,} holds {quoted(cell)}{more}; convert it, or "
        "leave it blank."
    )
