"""Tables: columns of many kinds, few rows or many, as CSV, TSV, gzip or Parquet, one file or one for each split."""

from __future__ import annotations

import io
import random
from typing import Any

import polars as pl
from hypothesis import strategies as st

from .given import Given
from .mutations import damage, rarely
from .reading import read
from .text_tables import DATES, KINDS, column, header, is_whole, render

_FILES = ("t.CSV", "t.csv.gz", "t.tsv", "t.txt", "t.parquet")
_TARGETS = ("whole", "decimal", "word", "truth", "comma", "rare", "huge", "constant", "id", "zip", "empty", "money", "share")


@st.composite
def inputs(draw: st.DrawFn) -> Given:
    """A table, the options it is read with, and new rows."""
    given = Given(use=read, module="Table")
    length = rarely(draw, draw(st.integers(6, 40)), (0, 1, 2, 3))
    kinds = [
        rarely(draw, draw(st.sampled_from(_TARGETS[:4])), _TARGETS, 4),
        draw(st.sampled_from(KINDS)),
        *draw(st.lists(st.sampled_from(KINDS), max_size=4)),
    ]
    first = header(draw, len(kinds), ["y"])
    columns = [column(draw, kind, length) for kind in kinds]
    given.said.append(f"{length} rows of {kinds}")
    given.options = {"target": "y", "batch_size": draw(st.integers(1, 8)), **_options(draw, first, kinds)}
    rows = [first, *map(list, zip(*columns, strict=True))]
    several = rarely(draw, False, (True,))
    plain = draw(st.integers(0, 2)) == 0
    if several:
        given.root = "splits"
        for split, part in (("train", rows), ("valid", rows[:1] + rows[2:5]), ("test", rows[:4])):
            given.files[f"splits/{split}.csv"] = render(draw, part, given.said, f"{split}.csv", plain)
    else:
        given.root = rarely(draw, "t.csv", _FILES, 3)
        given.files[given.root] = _file(draw, given, rows, given.root, plain)
    if is_whole(given.said) and not several and "train_rows" not in given.options:
        given.rows = length
    if draw(st.booleans()):
        given.new = draw(st.sampled_from(("new.csv", "new.csv", "new.tsv", given.root)))
        if given.new != given.root:
            given.files[given.new] = _new(draw, given, rows, plain)
    given.again = draw(st.sampled_from(("", "", "as it is", "damaged")))
    return given


def _options(draw: st.DrawFn, names: list[str], kinds: list[str]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    dates = [name for name, kind in zip(names, kinds, strict=True) if kind in DATES]
    if dates and draw(st.booleans()):
        options |= {"date": dates[0]}
    some = draw(st.sampled_from(names[1:])) if len(names) > 1 else "y"
    odd = (
        *({"categorical": [some]}, {"continuous": [some]}, {"group": some, "split": "group"}, {"split_column": some}),
        *({"ignore": [some]}, {"kind": "number"}, {"kind": "class"}, {"min_count": 3}, {"test_fraction": 0.3}, {"train_rows": 3}),
        *({"columns": "named"}, {"split": "time"}, {"valid_days": 30}, {"valid_fraction": 0.9}, {"max_gb": 1e-6}),
        *({"target": some}, {"date": some}, {"csv_format": {"na_values": ["red", 7], "keep_default_na": False}}),
    )  # fmt: skip
    if rarely(draw, False, (True,), 3):
        options |= draw(st.sampled_from(odd))
    return options


def _file(draw: st.DrawFn, given: Given, rows: list[list[str]], name: str, plain: bool) -> bytes:
    if not name.endswith(".parquet"):
        return render(draw, rows, given.said, name, plain and name.endswith(".csv"))
    names = list(dict.fromkeys(name.encode("utf-8", "replace").decode() for name in rows[0]))  # Parquet knows UTF-8 only
    frame = pl.DataFrame([row[: len(names)] for row in rows[1:]], schema=dict.fromkeys(names, pl.String), orient="row")
    kinds = draw(
        st.lists(
            st.sampled_from(
                (pl.Float64, pl.String, pl.Float32, pl.Float64, pl.Int64, pl.UInt64, pl.Date, pl.Categorical, pl.String)
            ),
            max_size=3,
        )
    )
    for name_, kind in zip(names, kinds, strict=False):
        values = frame[name_]  # not pl.col: a name such as * would stand for all columns
        frame = frame.with_columns(values.cast(kind, strict=False) if kind != pl.Date else values.str.to_date(strict=False))
    file = io.BytesIO()
    frame.write_parquet(file)
    return damage(draw, file.getvalue(), given.said, name, often=4)


def _new(draw: st.DrawFn, given: Given, rows: list[list[str]], plain: bool) -> bytes:
    """New rows: some of the old ones, as they are or with one change."""
    chance = random.Random(draw(st.integers(0, 999)))
    body = [list(row) for row in rows[1:][: rarely(draw, 5, (0, 1))]]
    order = list(range(len(rows[0])))
    change = draw(st.sampled_from(("none", "shuffled", "no target", "a column less", "a column more", "other values")))
    given.said.append(f"new: {change}")
    if change == "shuffled":
        chance.shuffle(order)
    elif change == "no target":
        order = order[1:]
    elif change == "a column less":
        order.pop()
    elif change == "other values":
        for row in body:
            row[chance.randrange(len(row))] = chance.choice(
                ("new", "", "31/12/2031", "1e400", "-5", "猫", "nan", "0", "007", "x" * 3000)
            )
    more = ["extra"] if change == "a column more" else []
    table = [[row[at] for at in order] + more for row in [rows[0], *body]]
    return render(draw, table, given.said, "new", plain)
