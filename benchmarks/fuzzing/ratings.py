"""Ratings and clicks: ids of many kinds, ratings with words among them, times in many units."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import strategies as st

from .given import Given
from .mutations import rarely
from .reading import read
from .text_tables import DATES, MISSING, column, render

_IDS = ("number", "word", "float", "zeros", "big", "spaces", "one", "unicode", "signed", "mixed")
_RATINGS = ("whole", "half", "decimal comma", "word", "missing", "huge", "constant", "negative")


@st.composite
def inputs(draw: st.DrawFn) -> Given:
    """A table of ratings, its options, and new pairs."""
    given = Given(use=read, module="Ratings")
    length = rarely(draw, draw(st.integers(12, 60)), (0, 1, 2, 5))
    kinds = rarely(draw, "word", _IDS, 2), rarely(draw, "number", _IDS, 2), rarely(draw, "half", _RATINGS, 3)
    chance = random.Random(draw(st.integers(0, 2**16)))
    pairs = [(number % chance.choice((3, 7)), number // 3 if chance.random() < 0.9 else 0) for number in range(length)]
    users, items = ([_id(kind, pair[at], chance) for pair in pairs] for at, kind in enumerate(kinds[:2]))
    ratings = [_rating(kinds[2], chance) for _ in pairs]
    unit = rarely(draw, "s", ("ms", "us", "mixed", *DATES), 2)
    times = column(draw, unit, length) if unit in DATES else [_time(unit, chance) for _ in pairs]
    given.said.append(f"{length} rows of {kinds}, times {unit}")
    other = (
        ["userId", "movieId", "rating", "timestamp"],
        ["user", "user", "rating", "time"],
        ["User", " item", "rating ", "time"],
    )
    names = rarely(draw, ["user", "item", "rating", "time"], other, 10)
    rows = [names, *map(list, zip(users, items, ratings, times, strict=True))]
    plain = draw(st.integers(0, 2)) == 0
    given.root = rarely(draw, "r.csv", ("r.tsv", "r.csv.gz", "r.CSV", "u.data"), 4)
    if rarely(draw, False, (True,), 12):
        rows, given.options["header"] = rows[1:], ["user", "item", "rating", "time"]
    given.files[given.root] = render(draw, rows, given.said, given.root, plain and given.root.endswith(".csv"))
    given.options |= _options(draw)
    if draw(st.booleans()):
        given.new = draw(st.sampled_from(("new.csv", "new.csv", given.root)))
        if given.new != given.root:
            known = [[row[0], row[1]] for row in rows[1:4]]
            more = [[chance.choice(("new", "", "1.0", "01", "1e3", "-1", "é")), known[0][1] if known else "1"]]
            given.files[given.new] = render(draw, [["user", "item"], *known, *more], given.said, "new.csv", plain)
    given.again = draw(st.sampled_from(("", "", "as it is", "damaged")))
    return given


def _id(kind: str, number: int, chance: random.Random) -> str:
    return {
        "number": lambda: str(number),
        "word": lambda: f"u{number}",
        "float": lambda: f"{number}.0",
        "zeros": lambda: f"{number:03}" if chance.random() < 0.8 else str(number),
        "big": lambda: str(2**64 - 3 + number),
        "spaces": lambda: chance.choice((f"u {number}", f" u{number}", f"u{number} ")),
        "one": lambda: "1",
        "unicode": lambda: chance.choice(("é", "e\u0301", "猫", "ß", "İ", "\u200b")) + str(number),
        "signed": lambda: str(number - 3),
        "mixed": lambda: chance.choice((str(number), f"u{number}", "", "NA", f"{number}.0", "1e5")),
    }[kind]()


def _rating(kind: str, chance: random.Random) -> str:
    return {
        "whole": lambda: str(chance.randint(1, 5)),
        "half": lambda: str(chance.randint(1, 10) / 2),
        "decimal comma": lambda: f"{chance.randint(1, 5)},5",
        "word": lambda: chance.choice(("1", "2", "3", "good", "5 stars")),
        "missing": lambda: chance.choice(("1", "2", "4", chance.choice(MISSING))),
        "huge": lambda: chance.choice(("1e300", "5", "-1e39", "1e999")),
        "constant": lambda: "5",
        "negative": lambda: str(chance.randint(-5, 0)),
    }[kind]()


def _time(unit: str, chance: random.Random) -> str:
    second = 1_500_000_000 + chance.randint(0, 10**7)
    factor = {"s": 1, "ms": 10**3, "us": 10**6, "mixed": chance.choice((1, 10**3, 10**6))}[unit]
    return str(second * factor)


def _options(draw: st.DrawFn) -> dict[str, Any]:
    options: dict[str, Any] = {"batch_size": draw(st.integers(1, 16)), "duplicates": rarely(draw, "mean", ("refuse",), 6)}
    odd: tuple[dict[str, Any], ...] = (
        *({"rating": None}, {"rating": None, "negatives": 2}, {"positive_threshold": 3}, {"scale": [1, 5]}, {"time": "time"}),
        *({"time": "time", "split": "time"}, {"time": "time", "split": "last_out"}, {"time": "time", "time_bin_days": 1}),
        *({"time": "time", "duplicates": "last"}, {"weight": "rating"}, {"title": "item"}, {"min_count": 2}, {"item": "user"}),
        *({"user_side": ["time"]}, {"item_side": ["rating"]}, {"test_fraction": 0.3}, {"train_rows": 4}, {"valid_fraction": 0.9}),
        *({"split_column": "time"}, {"max_gb": 1e-6}),
    )  # fmt: skip
    if rarely(draw, False, (True,), 2):
        options |= draw(st.sampled_from(odd))
    return options
