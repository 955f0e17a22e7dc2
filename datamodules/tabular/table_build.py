"""Turn a table into arrays on disk: roles of columns, split, fitted preprocessing, then one block of rows at a time."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from practicum.lightning_shim import MisconfigurationException

from .column_roles import ColumnRole, infer_role, is_mostly_numeric
from .preprocessor import TablePreprocessor
from .readers import as_date, as_number, require_columns
from .splits import LEFT_OUT, SPLITS, Labels, by_column, group_split, random_split, time_split
from .table_config import TableConfig

log = logging.getLogger(__name__)

_BLOCK = 500_000  # rows that are encoded at a time
ReadColumn = Callable[[str], pl.Series]


def build_arrays(frame: pl.LazyFrame, config: TableConfig, where: object, key: str, folder: Path) -> None:
    """Write a table's arrays, split, preprocessing and facts.

    Args:
        frame: The table; single columns and blocks of rows are collected from it.
        config: How it becomes arrays.
        where: Its origin, for messages.
        key: SHA-256 of contents and configuration, stored with the facts.
        folder: An existing, empty folder.

    Raises:
        MisconfigurationException: The table can't be used.
    """
    names = frame.collect_schema().names()
    require_columns(where, names, config.columns)
    config.require_single_roles()

    def column(name: str) -> pl.Series:
        return frame.select(name).collect()[name]

    target = column(config.target)
    is_class = config.kind == "class" or (config.kind == "auto" and _looks_like_class(target))
    missing = target.is_null() if is_class else as_number(target, where).is_null()
    labels = _split(column, len(target), config, where)
    labels[missing.to_numpy()] = LEFT_OUT
    rejected = [(f"row {row + 1:,}", f"its target is missing ({target[row]})") for row in missing.arg_true()]
    for number, name in enumerate(SPLITS[:2]):
        if not (labels == number).any():
            raise MisconfigurationException(
                f"{where}: no row with a target is left for the {name} split (of {len(labels):,} rows {len(rejected):,} have no "
                "target); change valid_fraction, split or the file."
            )
    _sample_training_rows(labels, config)
    training = pl.Series(labels == 0)
    if config.infer_roles and (repeated := len(labels) - frame.select(pl.struct(pl.all()).hash().n_unique()).collect().item()):
        log.warning(
            f"{where}: {repeated:,} of {len(labels):,} rows repeat another in every column; if that is a mistake, remove them: "
            "a random split puts equal rows on both sides."
        )

    steps, roles = TablePreprocessor(), []
    for name in names:
        role = _role(name, column, config, where)
        roles.append(role)
        if role.role == "categorical":
            steps.fit_category(column(name).filter(training), config.min_count)
        elif role.role == "continuous":
            steps.fit_number(column(name).filter(training), where)
        elif role.role == "date":
            steps.fit_date(column(name).filter(training), where, config.holidays)
    train_target = target.filter(training)
    steps.fit_target(train_target if is_class else as_number(train_target, where), is_class)
    if not steps.categorical and not steps.continuous:
        raise MisconfigurationException(f"{where}: has no column to predict {config.target} from.")
    if is_class and len(steps.classes or ()) < 2:
        raise MisconfigurationException(
            f"{where}: all training rows have the target {train_target[0]!r}; two classes are needed."
        )

    _write_arrays(frame, labels, steps, config, where, folder)
    if config.weight is not None:
        np.save(folder / "weights.npy", _weights(column(config.weight), training, where))
    np.save(folder / "split.npy", labels)
    (folder / "steps.json").write_text(steps.to_json(), encoding="utf-8")
    facts = {"roles": roles, "rejected": rejected, "sha256": key}
    (folder / "facts.json").write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")


def _write_arrays(
    frame: pl.LazyFrame, labels: Labels, steps: TablePreprocessor, config: TableConfig, where: object, folder: Path
) -> None:
    rows = len(labels)
    targets = np.lib.format.open_memmap(
        folder / "targets.npy", "w+", np.int64 if steps.classes is not None else np.float32, (rows,)
    )
    codes = np.lib.format.open_memmap(folder / "codes.npy", "w+", np.int32, (rows, len(steps.categorical)))
    numbers = np.lib.format.open_memmap(folder / "numbers.npy", "w+", np.float32, (rows, len(steps.number_names)))
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
        value = frame.slice(row, 1).collect()[config.target][0]
        raise MisconfigurationException(
            f"{where}: row {row + 1:,} has a target that no training row has ({value!r}); "
            "correct it, or choose another split (split=random)."
        )
    for number, parts in evaluated.items():
        pl.concat(parts).write_parquet(folder / f"{SPLITS[number]}.parquet")


def _weights(values: pl.Series, training: pl.Series, where: object) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Weights as they are in the table; missing ones are the median of the training rows'."""
    numbers = as_number(values, where)
    median = numbers.filter(training).median()
    return numbers.fill_null(median if median is not None else 0.0).to_numpy().astype(np.float32)


def _looks_like_class(target: pl.Series) -> bool:
    return target.dtype in (pl.String, pl.Boolean, pl.Categorical, pl.Enum) or (
        target.dtype.is_integer() and target.drop_nulls().n_unique() == 2
    )


def _split(column: ReadColumn, rows: int, config: TableConfig, where: object) -> Labels:
    strategy, valid, test = config.strategy, config.valid_fraction, config.test_fraction
    if strategy == "auto":
        strategy = "time" if config.date is not None else "group" if config.group is not None else "random"
    if config.split_column is not None:
        return by_column(column(config.split_column), where).copy()
    if strategy == "time":
        if config.date is None:
            raise MisconfigurationException("split=time needs the option date: the column of dates.")
        return time_split(as_date(column(config.date), where), valid, test, config.valid_days)
    if strategy == "group":
        if config.group is None:
            raise MisconfigurationException("split=group needs the option group: the column whose values stay on one side.")
        return group_split(column(config.group), valid, test, config.seed).copy()
    return random_split(rows, valid, test, config.seed)


def _sample_training_rows(labels: Labels, config: TableConfig) -> None:
    """Leave out all training rows except a random sample of ``train_rows``."""
    rows = np.flatnonzero(labels == 0)
    if config.train_rows is not None and config.train_rows < len(rows):
        labels[np.random.default_rng(config.seed).permutation(rows)[config.train_rows :]] = LEFT_OUT


def _role(name: str, column: ReadColumn, config: TableConfig, where: object) -> ColumnRole:
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
            log.warning(f"{where}: column {name!r} has one value in all rows; it carries no information and is ignored.")
            return ColumnRole(name, "ignored", "one value in all rows")
        if given == "continuous":
            as_number(values, where)
        return ColumnRole(name, given, f"option {given}")
    if is_mostly_numeric(values):
        as_number(values, where)  # raises, and names the first row that is not a number
    return infer_role(values)
