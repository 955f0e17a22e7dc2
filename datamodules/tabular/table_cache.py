"""A table turned into tensors once, and kept on disk as memory-mapped arrays, so that it may be larger than memory."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
from filelock import FileLock
from practicum.lightning_shim import MisconfigurationException

from .column_roles import Guess, guess_role, nearly_numbers
from .preprocessor import TableSteps
from .readers import as_date, as_number, require, unreadable
from .splits import LEFT_OUT, SPLITS, How, Labels, by_chance, by_column, by_group, by_time

log = logging.getLogger(__name__)

_BLOCK = 500_000  # rows turned into numbers at a time
_VERSION = 2  # of the files: a change makes them anew
Kind = Literal["auto", "number", "class"]


@dataclass(frozen=True)
class Recipe:
    """How a table becomes tensors.

    Attributes:
        target: Column to predict.
        kind: Whether it is a number or a class.
        date: Column by which rows are split in time.
        date_parts: Whether its parts are used.
        categorical: Columns by name.
        continuous: Columns by name.
        guess: Whether the others are guessed; otherwise they are left out.
        ignore: Columns to leave out.
        holidays: Place whose public holidays are told.
        min_count: Rarer levels are unknown.
        how: Of the split.
        split_column: Says it.
        group: Column whose values stay together.
        valid: Share that validates.
        test: Share for the test.
        last_days: Days that validate, where by time.
        sample: Training rows to draw, where not all are wanted.
        seed: Of the split and the sample.
    """

    target: str
    kind: Kind = "auto"
    date: str | None = None
    date_parts: bool = True
    categorical: Sequence[str] = ()
    continuous: Sequence[str] = ()
    guess: bool = True
    ignore: Sequence[str] = ()
    holidays: str | None = None
    min_count: int = 1
    how: How = "auto"
    split_column: str | None = None
    group: str | None = None
    valid: float = 0.2
    test: float = 0.0
    last_days: int | None = None
    sample: int | None = None
    seed: int = 1

    @property
    def names(self) -> list[str]:
        """Every column that is named."""
        single = [each for each in (self.target, self.date, self.split_column, self.group) if each is not None]
        return [*single, *self.categorical, *self.continuous, *self.ignore]


@dataclass
class TableStore:
    """A table in numbers.

    Attributes:
        codes: ``int32 [rows, categorical]``.
        numbers: ``float32 [rows, continuous]``.
        targets: ``float32`` or ``int64 [rows]``.
        rows: Of each split, in the order of the table.
        steps: What made them.
        guesses: What each column was taken for.
        rejected: Rows left out, and why.
        sha256: Of what was read, and how.
        folder: Where it lies.
    """

    codes: np.ndarray[Any, Any]
    numbers: np.ndarray[Any, Any]
    targets: np.ndarray[Any, Any]
    rows: dict[str, np.ndarray[Any, Any]]
    steps: TableSteps
    guesses: list[Guess]
    rejected: list[tuple[str, str]]
    sha256: str
    folder: Path = field(repr=False, default=Path())

    def originals(self, split: str) -> pl.DataFrame:
        """The rows of a split that is measured, as they were read."""
        return pl.read_parquet(self.folder / f"{split}.parquet")


def table_store(
    read: Callable[[], pl.LazyFrame], fingerprint: str, recipe: Recipe, cache: Path, where: object, fits: bool = True
) -> TableStore:
    """Tensors of a table: those kept from an earlier time, or made now.

    Args:
        read: Reads the table.
        fingerprint: Of its contents.
        recipe: How.
        cache: Folder for what is kept; a table has a folder of its own in it, there whole or not at all.
        where: It is from, for messages.
        fits: Whether it fits in memory; otherwise a column, and a block of rows, is read at a time.

    Raises:
        MisconfigurationException: A table that can't be used.
    """
    key = hashlib.sha256(json.dumps([_VERSION, fingerprint, asdict(recipe)], default=list).encode()).hexdigest()
    place = cache / f"table-{key[:16]}"
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / f".{place.name}.lock"):
        if not place.is_dir():
            work = cache / f".unfinished-{place.name}"
            shutil.rmtree(work, ignore_errors=True)  # of a process that was killed
            work.mkdir()
            try:
                frame, beside = read(), work / "source.parquet"
                if not fits:  # any column, any block of rows can be had alone from Parquet
                    frame.sink_parquet(beside)
                _build(frame.collect().lazy() if fits else pl.scan_parquet(beside), recipe, where, key, work)
                beside.unlink(missing_ok=True)
                work.rename(place)
            except pl.exceptions.PolarsError as error:
                raise unreadable(where, error) from error
            finally:
                shutil.rmtree(work, ignore_errors=True)
    return _open(place)


def _open(place: Path) -> TableStore:
    facts = json.loads((place / "facts.json").read_text(encoding="utf-8"))
    split = np.load(place / "split.npy")
    return TableStore(
        np.load(place / "codes.npy", mmap_mode="c"),
        np.load(place / "numbers.npy", mmap_mode="c"),
        np.load(place / "targets.npy", mmap_mode="c"),
        {name: rows for number, name in enumerate(SPLITS) if len(rows := np.flatnonzero(split == number))},
        TableSteps.from_json(place / "steps.json"),
        [Guess(*each) for each in facts["guesses"]],
        [(name, reason) for name, reason in facts["rejected"]],
        facts["sha256"],
        place,
    )


def _build(frame: pl.LazyFrame, recipe: Recipe, where: object, key: str, folder: Path) -> None:
    names = frame.collect_schema().names()
    require(where, names, recipe.names)
    _refuse_contradictions(recipe)

    def column(name: str) -> pl.Series:
        return frame.select(name).collect()[name]

    target = column(recipe.target)
    is_class = recipe.kind == "class" or (recipe.kind == "auto" and _looks_like_class(target))
    missing = target.is_null() if is_class else as_number(target, where).is_null()
    labels = _split(column, len(target), recipe, where)
    labels[missing.to_numpy()] = LEFT_OUT
    rejected = [(f"row {row + 1:,}", f"its target is missing ({target[row]})") for row in missing.arg_true()]
    for number, name in enumerate(SPLITS[:2]):
        if not (labels == number).any():
            raise MisconfigurationException(
                f"{where}: no row with a target is left for the {name} split (of {len(labels):,} rows {len(rejected):,} have no "
                "target); change data.valid_fraction, data.split or the file."
            )
    _draw(labels, recipe)
    training = pl.Series(labels == 0)
    if recipe.guess and (twice := len(labels) - frame.select(pl.struct(pl.all()).hash().n_unique()).collect().item()):
        log.warning(
            f"{where}: {twice:,} of {len(labels):,} rows repeat another in every column; where they are mistakes, remove them, "
            "or a random split puts the same row on both sides."
        )

    steps, guesses = TableSteps(), []
    for name in names:
        guess = _role(name, column, recipe, where)
        guesses.append(guess)
        if guess.role == "categorical":
            steps.learn_category(column(name).filter(training), recipe.min_count)
        elif guess.role == "continuous":
            steps.learn_number(column(name).filter(training), where)
        elif guess.role == "date":
            steps.learn_date(column(name).filter(training), where, recipe.holidays)
    own = target.filter(training)
    steps.learn_target(own if is_class else as_number(own, where), is_class)
    if not steps.categorical and not steps.continuous:
        raise MisconfigurationException(f"{where}: has no column that tells anything of {recipe.target}.")
    if is_class and len(steps.classes or ()) < 2:
        raise MisconfigurationException(f"{where}: all training rows have the target {own[0]!r}; two classes are needed.")

    _write_arrays(frame, labels, steps, recipe, where, folder)
    np.save(folder / "split.npy", labels)
    (folder / "steps.json").write_text(steps.as_json(), encoding="utf-8")
    facts = {"guesses": guesses, "rejected": rejected, "sha256": key}
    (folder / "facts.json").write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")


def _write_arrays(frame: pl.LazyFrame, labels: Labels, steps: TableSteps, recipe: Recipe, where: object, folder: Path) -> None:
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
        codes[place], numbers[place], _ = steps.codes_and_numbers(block, where)
        targets[place] = steps.targets(block[recipe.target], where)
        for number, parts in evaluated.items():
            parts.append(block.filter(pl.Series(labels[place] == number)))
    unseen = (targets == -1) & (labels != LEFT_OUT) if steps.classes is not None else np.zeros(rows, bool)
    if unseen.any():
        row = int(unseen.argmax())
        value = frame.slice(row, 1).collect()[recipe.target][0]
        raise MisconfigurationException(
            f"{where}: row {row + 1:,} has a target that no training row has ({value!r}); "
            "correct it, or choose another split (data.split=random)."
        )
    for number, parts in evaluated.items():
        pl.concat(parts).write_parquet(folder / f"{SPLITS[number]}.parquet")


def _refuse_contradictions(recipe: Recipe) -> None:
    roles: dict[str, str] = {recipe.target: "data.target"}
    for option in ("categorical", "continuous", "ignore"):
        for name in getattr(recipe, option):
            if name in roles:
                raise MisconfigurationException(f"data.{option}: column {name!r} is in {roles[name]} too; name it once.")
            roles[name] = f"data.{option}"


def _looks_like_class(target: pl.Series) -> bool:
    return target.dtype in (pl.String, pl.Boolean, pl.Categorical, pl.Enum) or (
        target.dtype.is_integer() and target.drop_nulls().n_unique() == 2
    )


def _split(column: Callable[[str], pl.Series], rows: int, recipe: Recipe, where: object) -> Labels:
    how = recipe.how
    if how == "auto":
        how = "time" if recipe.date is not None else "group" if recipe.group is not None else "random"
    if recipe.split_column is not None:
        return by_column(column(recipe.split_column), where).copy()
    if how == "time":
        if recipe.date is None:
            raise MisconfigurationException("data.split=time wants data.date: the column of dates.")
        dates = as_date(column(recipe.date), where)
        return by_time(dates, recipe.valid, recipe.test, recipe.last_days)
    if how == "group":
        if recipe.group is None:
            raise MisconfigurationException("data.split=group wants data.group: the column whose values stay together.")
        return by_group(column(recipe.group), recipe.valid, recipe.test, recipe.seed).copy()
    return by_chance(rows, recipe.valid, recipe.test, recipe.seed)


def _draw(labels: Labels, recipe: Recipe) -> None:
    """Leave out all training rows but a drawn sample."""
    rows = np.flatnonzero(labels == 0)
    if recipe.sample is not None and recipe.sample < len(rows):
        labels[np.random.default_rng(recipe.seed).permutation(rows)[recipe.sample :]] = LEFT_OUT


def _role(name: str, column: Callable[[str], pl.Series], recipe: Recipe, where: object) -> Guess:
    if name == recipe.target:
        return Guess(name, "target", "data.target")
    if name == recipe.date:
        return Guess(name, "date", "data.date") if recipe.date_parts else Guess(name, "left out", "it only splits")
    if name in recipe.ignore or name == recipe.split_column:
        return Guess(name, "left out", "data.ignore" if name in recipe.ignore else "data.split_column")
    given: Literal["categorical", "continuous"] | None
    given = "categorical" if name in recipe.categorical else "continuous" if name in recipe.continuous else None
    if given is None and not recipe.guess:
        return Guess(name, "left out", "not named")
    values = column(name)
    if given is not None:
        if values.n_unique() <= 1:
            log.warning(f"{where}: column {name!r} has one value in all rows; it tells nothing and is left out.")
            return Guess(name, "left out", "one value in all rows")
        if given == "continuous":
            as_number(values, where)
        return Guess(name, given, f"data.{given}")
    if nearly_numbers(values):
        as_number(values, where)  # names the row that is none
    return guess_role(values)
