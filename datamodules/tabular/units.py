"""Numbers with a unit or a currency: ``38.4 kg``, ``$1,299``, ``18 %``.

**What it does.** Where every cell of a column of text is a number with the same sign or word beside it, the numbers are learnt
from, and the run says so with an example. The unit holds at prediction: it is taken from the cells of new rows, and cells with
another one are refused, as 500 g are not 500 kg. ``18 %`` is 18.

**When to use it.** It is what :class:`.Table` does with columns whose role is inferred, with those in the option ``continuous``,
and with a target or a weight that is a number; the option ``categorical`` leaves a column as it is written. Columns with up to
20 different texts stay categories, as numbers would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl
from practicum.lightning_shim import MisconfigurationException

from ..files.csv_format import CSVFormat
from ..files.csv_numbers import MINUS, as_plain_number
from ..files.quoting import plain, quoted
from .column_roles import MAX_CATEGORIES
from .table_config import TableConfig

_CODES = (
    "US|USD EUR GBP CHF JPY CNY INR AUD CAD NZD SEK NOK DKK ISK PLN CZK HUF RON BRL MXN ARS CLP ZAR KRW SGD HKD TWD THB IDR TRY "
    "RUB UAH ILS AED SAR EGP NGN KES PKR Rs Rs. kr Kr kr."
).replace(" ", "|")
_SPACES = " \t\xa0\u202f"
_NUMBER = rf"[-+{MINUS}]?(?:\d(?:[\d.,'\u2019{_SPACES}]*\d)?|[.,]\d+)"
# Before a number only a currency, else 1011 of "Room 1011" would be one; behind it any word without digits, or m2 and cm3.
_BEFORE = rf"(?:{_CODES}|[A-Z]{{0,3}}\p{{Sc}})"
_BEHIND = r"(?:[%\u2030\u00b0\u2032\u2033\p{Sc}\p{L}][^\d,;:|'\"=+<>()-]{0,15}|(?:[munpckd\u00b5]?m|ft|in|yd|mi)[23])"
_FORM = rf"^([-+{MINUS}]?)({_BEFORE}?)[{_SPACES}]*({_NUMBER})[{_SPACES}]*({_BEHIND}?)$"
_OTHER = {".": ",", ",": "."}
_FIRST = 1000  # rows; most columns of text are told by them


@dataclass(frozen=True)
class Unit:
    """What stands beside each number of a column, and how the numbers are written.

    Attributes:
        sign: The unit: ``kg``, ``$``.
        decimal: Decimal sign.
        thousands: Sign between groups of three digits, or ``None``.
    """

    sign: str
    decimal: str = "."
    thousands: str | None = None

    def check(self) -> None:
        """Raise if no training can have left this, for what was read from a file.

        Raises:
            ValueError: A sign is none.
        """
        one = self.thousands is None or (isinstance(self.thousands, str) and len(self.thousands) == 1)
        if not isinstance(self.sign, str) or not self.sign or self.decimal not in _OTHER or not one:
            raise ValueError("a unit must have a sign, a decimal sign and a thousands sign")

    def swapped(self) -> Unit:
        """The same unit in a file whose decimal sign is the other one."""
        return Unit(self.sign, _OTHER[self.decimal], _OTHER.get(self.thousands or "", self.thousands))

    def number(self, text: pl.Expr) -> pl.Expr:
        """The numbers of cells, with this unit or without any, so that they can be cast; null where there is another unit.

        Args:
            text: Strings without blanks around them.

        Example:
            >>> import polars as pl
            >>> from practicum.datamodules.tabular.units import Unit
            >>> cells = pl.Series("price", ["1.299,50 €", "-€12", "80", "80 $"])
            >>> pl.select(Unit("€", ",", ".").number(pl.lit(cells))).to_series().to_list()
            ['1299.50', '-12', '80', None]
        """
        bare = text.str.replace(self.sign, "", literal=True).str.strip_chars()
        bare = bare.str.replace(rf"^([-+{MINUS}])[{_SPACES}]+", "$1")
        return as_plain_number(bare, self.decimal, self.thousands)

    def is_bare(self, text: pl.Expr) -> pl.Expr:
        """Whether cells are numbers without any unit."""
        return self.number(text).is_not_null() & ~text.str.contains(self.sign, literal=True)


def find_unit(values: pl.Series, csv: CSVFormat | None = None) -> Unit | None:
    """The unit that all cells of a column have, or ``None``.

    Args:
        values: Texts; null: missing.
        csv: How the table is written: its decimal sign comes first.

    Example:
        >>> import polars as pl
        >>> from practicum.datamodules.tabular.units import find_unit
        >>> find_unit(pl.Series(["$1,299.00", "$15.50"]))
        Unit(sign='$', decimal='.', thousands=',')
        >>> find_unit(pl.Series(["5 kg", "500 g"]))
    """
    present = values.drop_nulls()
    for cells in (present.head(_FIRST), present):
        parts = cells.str.extract_groups(_FORM).struct.unnest()
        signs = parts.select(sign=pl.concat_str(pl.col("2"), pl.col("4").str.strip_chars()))["sign"]
        number = parts["3"]
        if signs.n_unique() != 1 or signs[0] in (None, "") or ((parts["2"] != "").any() and (parts["4"] != "").any()):
            return None
        if number.str.contains(rf"^[-+{MINUS}]?0\d").any() or ((parts["1"] != "") & number.str.contains(r"^\D")).any():
            return None  # 007 is a code, and +-5 no number
    for unit in _notations(str(signs[0]), number, "." if csv is None else csv.decimal):
        if cells.to_frame("cell").select(unit.number(pl.col("cell")).is_not_null().all()).item():
            return unit
    return None


def _notations(sign: str, numbers: pl.Series, decimal: str) -> Iterator[Unit]:
    """Ways in which the numbers may be written, the likeliest first."""
    spaced = next((mark for mark in f"{_SPACES}'\u2019" if numbers.str.contains(mark, literal=True).any()), None)
    for point in (decimal, _OTHER[decimal]):
        yield Unit(sign, point, spaced or _OTHER[point])


def read_units(
    frame: pl.LazyFrame, column: Callable[[str], pl.Series], config: TableConfig, csv: CSVFormat | None, where: object
) -> tuple[pl.LazyFrame, dict[str, Unit], list[str]]:
    """Make numbers of a table's columns of numbers with a unit.

    Args:
        frame: The table.
        column: Reads one of its columns.
        config: Says which columns may be numbers.
        csv: How the table is written; ``None``: it is no table of text.
        where: The table, for messages.

    Returns:
        The table, the units by column, and a sentence on each.
    """
    units: dict[str, Unit] = {}
    notes: list[str] = []
    for name, dtype in frame.collect_schema().items():
        if dtype != pl.String or not _may_be_number(name, config):
            continue
        values = column(name)
        wanted = name in (config.weight, *config.continuous) or (name == config.target and config.kind == "number")
        unit = find_unit(values, csv)
        if unit is None:
            continue
        distinct = values.n_unique() - bool(values.null_count())
        if not wanted and distinct <= MAX_CATEGORIES:
            if name == config.target:
                notes.append(
                    f"{where}: the target {quoted(name)} holds {distinct} numbers with the unit {quoted(unit.sign)}, and is "
                    "taken for classes; kind=number changes that."
                )
            continue
        units[name] = unit
        cell = values.drop_nulls()[0]
        numbers = unit.number(pl.col(name))
        whole = numbers.str.contains(r"^-?\d{1,18}$").all()
        is_whole = values.to_frame().select(whole).item()
        frame = frame.with_columns(numbers.cast(pl.Int64 if is_whole else pl.Float64))
        read = pl.DataFrame({name: [cell]}).select(numbers.cast(pl.Float64)).item()
        kept = "kind=class takes it for classes" if name == config.target else "the option categorical leaves it as it is written"
        notes.append(
            f"{where}: column {quoted(name)} holds numbers with the unit {quoted(unit.sign)} and is read as numbers "
            f"({quoted(cell)} as {read:.12g}); {kept}."
        )
    return frame, units, notes


def _may_be_number(name: str, config: TableConfig) -> bool:
    """Whether a column of text may be read as numbers by its role."""
    if name == config.target:
        return config.kind != "class"
    if name in (config.weight, *config.continuous):
        return True
    return config.infer_roles and name not in config.columns


def of_new_rows(
    frame: pl.DataFrame, units: dict[str, Unit], where: object, target: str, swapped: bool = False
) -> tuple[pl.DataFrame, list[str]]:
    """Take training's units from new rows.

    Args:
        frame: The rows; columns of numbers stay.
        units: By column.
        where: The rows, for messages.
        target: What is predicted: its cells may hold anything, as far as they are not scored.
        swapped: Whether the decimal sign seems to be the other one than in training; a column's cells that all fit one only are
            read with that.

    Returns:
        The rows, and a sentence on each column with bare numbers.

    Raises:
        MisconfigurationException: A cell has another unit.
    """
    notes = []
    for name, trained in units.items():
        if name not in frame.columns or frame.schema[name] != pl.String:
            continue
        likely, other = (trained.swapped(), trained) if swapped else (trained, trained.swapped())
        odd = _odd_rows(frame[name], likely)
        unit = other if odd and not _odd_rows(frame[name], other) else likely
        if odd and unit is likely and name != target:
            more = f" (and {len(odd) - 1:,} more rows)" if len(odd) > 1 else ""
            raise MisconfigurationException(
                f"{where}: column {quoted(name)} had the unit {quoted(unit.sign)} in training, but row {odd[0] + 1:,} holds "
                f"{quoted(frame[name][odd[0]])}{more}; convert it, or leave it blank."
            )
        bare = int(frame.select(unit.is_bare(pl.col(name)).sum()).item() or 0)
        if bare:
            notes.append(
                f"{where}: {bare:,} of {len(frame):,} rows have a {plain(name)} without training's unit {quoted(unit.sign)}; "
                "they are taken for numbers in it."
            )
        frame = frame.with_columns(pl.coalesce(unit.number(pl.col(name)), pl.col(name)))
    return frame, notes


def _odd_rows(values: pl.Series, unit: Unit) -> list[int]:
    """Rows whose cells are no numbers in a notation."""
    text = pl.col(values.name)
    return values.to_frame().select((unit.number(text).is_null() & text.is_not_null()).arg_true()).to_series().to_list()
