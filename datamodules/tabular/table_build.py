"""Turn a table into arrays on disk: roles of columns, split, fitted preprocessing, then one block of rows at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from practicum.lightning_shim import MisconfigurationException

from ..files.csv_numbers import without_marks
from ..files.quoting import quoted
from ..files.say_once import say_once
from ..loading.similar_classes import similar_classes
from .array_files import create_array
from .boolean_words import with_words
from .column_notes import (
    kind_of_target,
    left_out,
    missing_classes,
    missing_values,
    names_of_splits,
    strange_numbers,
    strange_text,
)
from .column_roles import MAX_CATEGORIES, ONE_VALUE, ColumnRole, infer_role, is_mostly_numeric, whole_as_integers
from .date_column import with_date_column
from .date_formats import find_format
from .date_parts import part_names
from .design_notes import design_notes
from .numeric_text import number_type, read_numeric_text
from .preprocessor import TablePreprocessor
from .readers import AS_CATEGORY, as_number, require_columns
from .repeated_rows import repeated_rows
from .row_labels import ReadColumn, row_labels, split_strategy
from .row_places import RowPlaces, row_places
from .source_table import SPLIT_COLUMN, SourceTable
from .splits import LEFT_OUT, SPLITS, Labels
from .table_config import TableConfig
from .total_rows import total_rows
from .unit_columns import read_units

_BLOCK = 500_000  # rows that are encoded at a time


def build_arrays(source: SourceTable, config: TableConfig, where: object, key: str, folder: Path) -> None:
    """Write a table's arrays, split, preprocessing and facts.

    Args:
        source: The table; single columns and blocks of rows of its frame are collected.
        config: How it becomes arrays.
        where: Its origin, for messages.
        key: SHA-256 of contents and configuration, stored with the facts.
        folder: An existing, empty folder.

    Raises:
        MisconfigurationException: The table can't be used.
    """
    frame, notes = source.frame, [*source.notes]
    names = frame.collect_schema().names()
    require_columns(where, names, config.columns)
    config.require_single_roles()

    def column(name: str) -> pl.Series:
        return frame.select(name).collect()[name]

    config, said = with_date_column(column, names, config, where)
    notes += [("info", each) for each in said]
    date_format = source.date_format
    if config.date is not None:
        date_format, guesses = find_format(column(config.date), where, config.date_format)
        notes += [("warning", each) for each in guesses]
    frame, units, said = read_units(frame, column, config, source.csv, where)
    frame, more = read_numeric_text(frame, column, config, where)
    said += more
    frame = without_marks(frame, config.csv_format.get("na_values", ()))
    frame = whole_as_integers(frame, but=(config.date, config.split_column))
    notes += [("warning", each) for each in said]
    places = row_places(frame, source.files, SPLIT_COLUMN, where)
    target = column(config.target)
    is_class = config.kind == "class" or (config.kind == "auto" and _looks_like_class(target, places))
    if is_class and target.dtype == pl.Boolean and config.target in source.words:
        frame = with_words(frame, config.target, source.words[config.target])
        target = column(config.target)
    if config.kind == "auto":
        notes += [("info", each) for each in kind_of_target(target, is_class, where)]
    missing = target.is_null() if is_class else places.as_number(target).is_null()
    if not is_class or target.dtype != pl.String or number_type(target, is_target=True) is None:  # else kind=class was told
        notes += [("warning", each) for each in (strange_text if is_class else strange_numbers)(target, where)]
    if is_class:
        _require_classes(target, where)
        if config.csv_format.get("keep_default_na", True):
            notes += [("warning", each) for each in missing_classes(target, where)]
    labels, tested = row_labels(column, target, missing, is_class, config, where, date_format)
    if tested:
        notes.append(("info", tested))
    rejected = [*source.rejected] + [(_row_name(places, row), _missing_target(target[row])) for row in missing.arg_true()]
    training = pl.Series(labels == 0)
    leaked: dict[str, int] = {}
    if config.infer_roles:
        said, leaked = repeated_rows(frame, labels, where, config.split_column)
        notes += [("warning", each) for each in (*said, *total_rows(frame, where))]

    csv = None if source.csv is None else source.csv.as_dict()
    steps, roles = TablePreprocessor(csv=csv, date_format=date_format), []
    for name in names:
        role = _role(name, column, config, places)
        roles.append(role)
        if role.role == "categorical":
            steps.fit_category(column(name).filter(training), config.min_count)
        elif role.role == "continuous":
            values = column(name)
            steps.fit_number(values.filter(training), where, config.scaling)
            notes += [("warning", each) for each in strange_numbers(values, where)]
        elif role.role == "date":
            steps.fit_date(column(name).filter(training), where, config.holidays, config.scaling, config.date_parts or "all")
        elif role.reason == ONE_VALUE and (only := column(name).drop_nulls().head(1).cast(pl.String)).len():
            steps.constants[name] = only[0]
        if config.infer_roles and role.role in ("categorical", "ignored") and name not in config.columns:
            notes += [("warning", each) for each in strange_text(column(name), where)]
        if role.role == "categorical" and config.split_column is None:
            notes += [("warning", each) for each in names_of_splits(column(name), where)]
    ignored = left_out((role for role in roles if role.column not in config.columns), where) if config.infer_roles else []
    notes += [("info", each) for each in ignored]
    used = {role.column for role in roles if role.role in ("categorical", "continuous", "date")}
    steps.units = {name: unit for name, unit in units.items() if name in used or name == config.target}
    _require_own_names(used, steps, where)
    notes += [("info", each) for each in missing_values(_missing(frame, used), len(labels), where)]
    train_target = target.filter(training)
    if is_class:
        steps.fit_target(train_target, is_class=True)
    else:
        held_out = target.filter(pl.Series((labels != 0) & (labels != LEFT_OUT)))
        steps.fit_target(as_number(train_target, where), is_class=False, held_out=as_number(held_out, where))
    if not steps.categorical and not steps.continuous:
        raise MisconfigurationException(" ".join([f"{where}: has no column to predict {config.target} from.", *ignored]))
    if config.infer_roles:
        told = design_notes(frame, used, target, labels, is_class, config, where)
        notes += [("warning", each) for each in told]
    if is_class and len(steps.classes or ()) < 2:
        gaps = int(missing.sum())
        marks = f" ({gaps:,} rows have none: they are blank, or have a mark such as NA or None)" if gaps else ""
        raise MisconfigurationException(
            f"{where}: all training rows have the target {quoted(train_target[0])}{marks}; two classes are needed."
        )
    if is_class and (alike := similar_classes(steps.classes or (), where)):
        notes.append(("warning", alike))
    if not is_class and train_target.n_unique() == 1 and not config.constant_target:
        notes.append(
            ("warning", f"{where}: all training rows have the target {train_target[0]}: there is nothing else to learn.")
        )

    _write_arrays(frame, labels, steps, config, places, folder)
    if config.weight is not None:
        np.save(folder / "weights.npy", _weights(column(config.weight), training, where))
    np.save(folder / "split.npy", labels)
    (folder / "steps.json").write_text(steps.to_json(), encoding="utf-8")
    facts = {"roles": roles, "rejected": rejected, "leaked": leaked, "notes": list(dict.fromkeys(notes)), "sha256": key}
    (folder / "facts.json").write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")


def _write_arrays(
    frame: pl.LazyFrame, labels: Labels, steps: TablePreprocessor, config: TableConfig, places: RowPlaces, folder: Path
) -> None:
    rows, where = len(labels), places.where
    targets = create_array(folder / "targets.npy", np.int64 if steps.classes is not None else np.float32, (rows,))
    codes = create_array(folder / "codes.npy", np.int32, (rows, len(steps.categorical)))
    numbers = create_array(folder / "numbers.npy", np.float32, (rows, len(steps.number_names)))
    evaluated: dict[int, list[pl.DataFrame]] = {number: [] for number in (1, 2) if (labels == number).any()}
    for start in range(0, rows, _BLOCK):
        block = frame.slice(start, _BLOCK).collect()
        place = slice(start, start + len(block))
        codes[place], numbers[place], _ = steps.transform(block, where)
        targets[place] = steps.transform_target(block[config.target], where)
        for number, parts in evaluated.items():
            parts.append(block.filter(pl.Series(labels[place] == number)))
    unseen = (targets == -1) & (labels != LEFT_OUT) if steps.classes is not None else np.zeros(rows, bool)
    if unseen.any():
        row = int(unseen.argmax())
        raise _unseen_class(places, row, frame.slice(row, 1).collect()[config.target][0], config)
    for number, parts in evaluated.items():
        pl.concat(parts).write_parquet(folder / f"{SPLITS[number]}.parquet")


def _unseen_class(places: RowPlaces, row: int, value: object, config: TableConfig) -> MisconfigurationException:
    """A row that validates or tests has a class that can't be learnt; another split helps only where files aren't the splits."""
    path, number = places.of(row)
    first = next(iter(places.rows), path)
    cure = (
        f"correct it, or choose another split{'' if split_strategy(config) == 'random' else ' (split=random)'}"
        if path == first
        else f"correct it, leave the row out, or add rows with it to {Path(str(first)).name}"
    )
    return MisconfigurationException(f"{path}: row {number:,} has a target that no training row has ({quoted(value)}); {cure}.")


def _row_name(places: RowPlaces, row: int) -> str:
    path, number = places.of(row)
    return f"{Path(str(path)).name}, row {number:,}" if places.rows else f"row {number:,}"


def _weights(values: pl.Series, training: pl.Series, where: object) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Weights as they are in the table; missing ones are the median of the training rows'."""
    numbers = as_number(values, where)
    median = numbers.filter(training).median()
    return numbers.fill_null(median if median is not None else 0.0).to_numpy().astype(np.float32)


def _missing(frame: pl.LazyFrame, names: Iterable[str]) -> dict[str, int]:
    """Missing values by column."""
    schema = frame.collect_schema()
    chosen = [name for name in schema.names() if name in {*names}]
    gaps = (pl.col(name).fill_nan(None) if schema[name].is_float() else pl.col(name) for name in chosen)
    return frame.select(each.null_count() for each in gaps).collect().row(0, named=True) if chosen else {}


def _missing_target(value: object) -> str:
    found = "blank or a mark such as NA or None" if value is None else value
    return f"its target is missing ({found})"


def _require_own_names(used: set[str], steps: TablePreprocessor, where: object) -> None:
    """Refuse columns that are called like a part of the date."""
    taken = set() if steps.date is None else used & part_names(steps.date)
    if taken:
        name = sorted(taken)[0]
        raise MisconfigurationException(
            f"{where}: column {quoted(name)} is called like a part of the date {steps.date!r}; rename it, or set ignore=[{name}] "
            "or date_parts=False."
        )


def _looks_like_class(target: pl.Series, places: RowPlaces) -> bool:
    if is_mostly_numeric(target):
        places.as_number(target, ", or set kind=class")  # raises, and names the first row that is not a number
    return target.dtype in (pl.String, pl.Boolean, pl.Categorical, pl.Enum) or (
        target.dtype.is_integer() and target.drop_nulls().n_unique() == 2
    )


def _require_classes(target: pl.Series, where: object) -> None:
    """Refuse a target with another value in most rows."""
    present = target.drop_nulls()
    if len(present) > MAX_CATEGORIES and 2 * (distinct := present.n_unique()) > len(present):
        text = present.cast(pl.String)
        odd = text.filter(text.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False).is_null())
        raise MisconfigurationException(
            f"{where}: the target {quoted(target.name)} holds {distinct:,} different values in {len(present):,} rows, such as "
            f"{quoted(odd[0] if len(odd) else text[0])}, which are hardly classes; write plain numbers without signs and "
            "units if they are numbers, or choose another column."
        )


def _role(name: str, column: ReadColumn, config: TableConfig, places: RowPlaces) -> ColumnRole:
    if name == config.target:
        return ColumnRole(name, "target", "option target")
    if name == config.weight:
        return ColumnRole(name, "weight", "option weight")
    if name == config.date:
        return ColumnRole(name, "date", "option date") if config.date_parts else ColumnRole(name, "ignored", "only for the split")
    if name in config.ignore or name == config.split_column:
        return ColumnRole(name, "ignored", "option ignore" if name in config.ignore else "option split_column")
    given: Literal["categorical", "continuous"] | None
    given = "categorical" if name in config.categorical else "continuous" if name in config.continuous else None
    if given is None and not config.infer_roles:
        return ColumnRole(name, "ignored", "not named")
    values = column(name)
    if given is not None:
        if values.n_unique() <= 1:
            say_once(
                f"{places.where}: column {quoted(name)} has one value in all rows; it carries no information and is ignored."
            )
            return ColumnRole(name, "ignored", ONE_VALUE)
        if given == "continuous":
            places.as_number(values, ", or take the column out of the option continuous")
        return ColumnRole(name, given, f"option {given}")
    if is_mostly_numeric(values):
        places.as_number(values, AS_CATEGORY)  # raises, and names the first row that is not a number
    return infer_role(values)
