"""The split of each row of a table, by what the options and the files say.

**What it does.** Chooses between time, group, chance and a column (:mod:`.splits`), holds a test out where nobody has
(:mod:`practicum.datamodules.loading.held_out`), and leaves out rows without a target and those beyond ``train_rows``. Options of
two ways to split at once are refused, rather than one of them overruled in silence.

**When to use it.** While a table is made into arrays, once its date and the kind of its target are known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
from practicum.lightning_shim import MisconfigurationException

from ..files.quoting import quoted
from ..loading.held_out import held_out_sentence, held_out_share
from .date_formats import parse_dates
from .source_table import SPLIT_COLUMN
from .splits import LEFT_OUT, SPLITS, Labels, SplitStrategy, by_column, group_split, random_split, stratified_split, time_split
from .table_config import TableConfig

ReadColumn = Callable[[str], pl.Series]


def row_labels(
    column: ReadColumn,
    target: pl.Series,
    missing: pl.Series,
    is_class: bool,
    config: TableConfig,
    where: object,
    date_format: str | None,
) -> tuple[Labels, str]:
    """Split the rows of a table.

    Args:
        column: Reads a column.
        target: The column of targets.
        missing: Whether a row has none.
        is_class: Whether targets are classes: at random, each split then has the same share of each, and a class that training
            would not have is moved there.
        config: How to split.
        where: The table, for messages.
        date_format: Format of its dates.

    Returns:
        Of each row its index into :data:`.SPLITS`, or :data:`.LEFT_OUT`; and a sentence where rows were held out unasked.

    Raises:
        MisconfigurationException: Options contradict each other, or a split has no row.
    """
    _require_one_split(config)
    labelled, unasked = len(target) - int(missing.sum()), config.test_fraction is None and config.split_column is None
    given = 0.0 if config.test_fraction is None and config.valid_days is not None else config.test_fraction
    by_chance = split_strategy(config) == "random" and (config.split_column is None or config.valid_from_train)
    said = ""

    def split(test: float) -> Labels:
        labels = _split(column, target, is_class, test, config, where, date_format)
        labels[missing.to_numpy()] = LEFT_OUT
        if is_class and by_chance:  # a class without a training row can't be learnt
            known = target.is_in(target.filter(pl.Series(labels == 0)).unique().to_list()).fill_null(False).to_numpy()
            drawn = labels == 1 if config.valid_from_train else labels != LEFT_OUT
            labels[~known & drawn] = 0
        return labels

    labels = split(held_out_share(given, labelled, config.valid_fraction))
    if unasked and (labels == 2).any():
        if not all((labels == number).any() for number in (0, 1)):  # few dates or groups: a test would take those of validation
            labels = split(0.0)
        else:
            newest = "the newest" if split_strategy(config) == "time" else ""
            said = held_out_sentence(where, int((labels == 2).sum()), labelled, "rows", newest)
    if config.valid_from_train:
        valid, rows = int((labels == 1).sum()), int((labels < 2).sum())
        said = f"{where}: has no file for validation (valid.csv); {valid:,} of the {rows:,} training rows are held out for it."
    for number, name in enumerate(SPLITS[:2]):
        if not (labels == number).any():
            raise MisconfigurationException(_no_rows(where, name, len(labels), int(missing.sum()), config))
    _sample_training_rows(labels, config, target if is_class else None, where)
    return labels, said


def _no_rows(where: object, split: str, rows: int, rejected: int, config: TableConfig) -> str:
    """Say why a split has no row: the table is too short, or its targets are missing."""
    left = rows - rejected
    if config.split_column is not None and config.split_column != SPLIT_COLUMN:
        return f"{where}: no row with a target is of the {split} split; the column {quoted(config.split_column)} must name some."
    fraction = config.valid_fraction if split == "valid" else 1 - config.valid_fraction
    if config.split_column is None and config.valid_days is None and 0 < left * fraction < 1:
        kind = "row" if left == 1 else "rows"
        return (
            f"{where}: {left:,} {kind} with a target are too few: with valid_fraction={config.valid_fraction:g} none is left for "
            f"the {split} split; some hundred rows make a result."
        )
    return (
        f"{where}: no row with a target is left for the {split} split (of {rows:,} rows {rejected:,} have no target); change "
        "valid_fraction, split or the file."
    )


def _require_one_split(config: TableConfig) -> None:
    """Refuse options of a way to split that is not the one taken."""
    given = config.split_column is not None and not config.valid_from_train
    if given and config.infer_roles and config.test_fraction:
        raise MisconfigurationException(
            f"test_fraction={config.test_fraction:g}: the files, or the column of splits, say which rows are the test's; leave "
            "it out."
        )
    strategy = "split_column" if given else split_strategy(config)
    if config.group is not None and strategy != "group":
        taken = {"split_column": f"split_column={config.split_column}", "time": f"date={config.date}"}.get(
            strategy, "split=random"
        )
        raise MisconfigurationException(
            f"group={config.group} and {taken}: rows can be split by one of them only; set split=group to keep each "
            f"{config.group} on one side, or leave group out."
        )
    if config.valid_days is not None and strategy != "time":
        raise MisconfigurationException(
            f"valid_days={config.valid_days} needs a split by time; name the column of dates in the option date."
        )
    if config.holidays is not None and config.date is None:
        raise MisconfigurationException(f"holidays={config.holidays} needs the option date: the column of dates.")


def split_strategy(config: TableConfig) -> SplitStrategy:
    """How rows are split where no column says it: as configured or, by default, by time, by group, or at random."""
    if config.strategy == "auto":
        return "time" if config.date is not None else "group" if config.group is not None else "random"
    return config.strategy


def _split(
    column: ReadColumn,
    target: pl.Series,
    is_class: bool,
    test: float,
    config: TableConfig,
    where: object,
    date_format: str | None,
) -> Labels:
    strategy, valid = split_strategy(config), config.valid_fraction
    if config.split_column is not None:
        labels = by_column(column(config.split_column), where).copy()
        if config.valid_from_train:
            inside = np.flatnonzero(labels == 0)
            alone = replace(config, split_column=None, valid_from_train=False)
            asked = 0.0 if (labels == 2).any() else config.test_fraction or 0.0
            part = target.gather(inside)
            labels[inside] = _split(lambda name: column(name).gather(inside), part, is_class, asked, alone, where, date_format)
        return labels
    if strategy == "time":
        if config.date is None:
            raise MisconfigurationException("split=time needs the option date: the column of dates.")
        return time_split(parse_dates(column(config.date), date_format, where), valid, test, config.valid_days)
    if strategy == "group":
        if config.group is None:
            raise MisconfigurationException("split=group needs the option group: the column whose values stay on one side.")
        return group_split(column(config.group), valid, test, config.seed).copy()
    if is_class:
        return stratified_split(target, valid, test, config.seed)
    return random_split(len(target), valid, test, config.seed)


def _sample_training_rows(labels: Labels, config: TableConfig, classes: pl.Series | None, where: object) -> None:
    """Leave out all training rows except a random sample of ``train_rows``, with a row of each class."""
    rows, wanted = np.flatnonzero(labels == 0), config.train_rows
    if wanted is None or wanted >= len(rows):
        return
    order = np.random.default_rng(config.seed).permutation(rows)
    if classes is not None:
        drawn = classes.gather(order)
        if wanted < (number := drawn.n_unique()):
            raise MisconfigurationException(
                f"{where}: train_rows={wanted} leaves no row for some of the {number} classes; it must be at least {number}."
            )
        if drawn.head(wanted).n_unique() < number:  # a class without a training row can't be learnt
            first = drawn.is_first_distinct().to_numpy()
            order = np.concatenate([order[first], order[~first]])
    labels[order[wanted:]] = LEFT_OUT
