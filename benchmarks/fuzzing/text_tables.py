"""Tables of text as people and programs write them: delimiters, quotes, encodings, headers, and damage."""

from __future__ import annotations

import csv
import gzip
import io
import random

from hypothesis import strategies as st

from .mutations import damage, names, rarely

ENCODINGS = ("utf-8-sig", "cp1252", "utf-16", "utf-16-le", "latin-1", "utf-32")
MISSING = ("", " ", "NA", "N/A", "?", "-", "null", "NULL", "nan", "None", "#N/A", "-999", "inf", "-inf", "1.8e308", "\\N")
WORDS = (
    "red",
    "blue",
    "rot",
    "Grün",
    "New York",
    " Private",
    "hours",
    "don\u2019t",
    "a,b",
    'say "so"',
    "x;y",
    "two\nlines",
    "猫",
    "<$50k",
    "1,074",
)
DATES = (
    "%Y-%m-%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%y",
    "%Y-%m-%dT%H:%M:%S.123Z",
    "%Y%m%d",
    "%d %b %Y",
    "%Y-%m",
    "%s",
    "%Y-%m-%d %H:%M:%S+02:00",
)


def render(draw: st.DrawFn, rows: list[list[str]], said: list[str], name: str, plain: bool = False) -> bytes:
    """A table as bytes: a delimiter, quotes, line ends and an encoding; now and then with odd lines, rows or bytes."""
    if plain:
        return _text(rows, ",", csv.QUOTE_MINIMAL, "\n").encode("utf-8", "surrogateescape")
    delimiter = rarely(draw, "\t" if ".tsv" in name else ",", (";", "\t", "|", ", ", ":"), 4)
    quoting = rarely(draw, csv.QUOTE_MINIMAL, (csv.QUOTE_ALL, csv.QUOTE_NONE), 6)
    end, encoding = rarely(draw, "\n", ("\r\n", "\r")), rarely(draw, "utf-8", ENCODINGS, 6)
    text = _text(rows, delimiter, quoting, end)
    text = _odd_lines(draw, text, end, delimiter, said)
    written = "unquoted" if quoting == csv.QUOTE_NONE or len(delimiter) > 1 else "written"
    said.append(f"{written} {name}: {delimiter!r} quoting={quoting} {end!r} {encoding}")
    content = text.encode(encoding, "surrogateescape" if encoding.startswith("utf-8") else "replace")
    content = damage(draw, content, said, name, often=10)
    return gzip.compress(content, 1, mtime=0) if name.endswith(".gz") else content


def is_whole(said: list[str]) -> bool:
    """Whether the tables made so far hold exactly the rows they were made of: no odd line, no damage, nothing unquoted."""
    return not any(each.startswith(("odd line", "damaged", "unquoted")) for each in said)


def _text(rows: list[list[str]], delimiter: str, quoting: int, end: str) -> str:
    if quoting == csv.QUOTE_NONE or len(delimiter) > 1:
        return "".join(delimiter.join(row) + end for row in rows)
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows(rows)
    return file.getvalue()


def _odd_lines(draw: st.DrawFn, text: str, end: str, delimiter: str, said: list[str]) -> str:
    kind = rarely(
        draw, None, ("sep", "comment", "blank", "short", "long", "quote", "twice", "no end", "header", "nothing", "total")
    )
    if kind is None:
        return text
    said.append(f"odd line: {kind}")
    lines = text.split(end)
    at = draw(st.integers(1, max(1, len(lines) - 1)))
    if kind == "sep":
        lines.insert(0, f"sep={delimiter}")
    elif kind == "comment":
        lines.insert(0, "# made by a program")
    elif kind == "blank":
        lines.insert(at, "")
    elif kind == "short":
        lines.insert(at, "x")
    elif kind == "long":
        lines.insert(at, delimiter.join("abcdefghijk"))
    elif kind == "quote":
        lines.insert(at, f'"open{delimiter}1')
    elif kind == "twice":
        lines.insert(at, lines[0])
    elif kind == "no end":
        lines = [end.join(lines).rstrip(end)]
    elif kind == "header":
        lines = lines[:1]
    elif kind == "nothing":
        lines = []
    elif kind == "total":
        lines.append(f"Total{delimiter}12")
    return end.join(lines)


def column(draw: st.DrawFn, kind: str, length: int) -> list[str]:
    """Values of one column, as text."""
    chance = random.Random(draw(st.integers(0, 2**16)))
    values = [_value(kind, number, chance) for number in range(length)]
    if rarely(draw, False, (True,), 4):
        gap = chance.choice(MISSING)
        values = [gap if chance.random() < 0.2 else value for value in values]
    if length and rarely(draw, False, (True,)):
        values[chance.randrange(length)] = chance.choice((*MISSING, *WORDS, "1e999", "0x10", "1_000", "١٢", "1e-400", "9" * 400))
    return values


KINDS = (
    *("whole", "decimal", "comma", "thousands", "word", "rare", "zip", "id", "truth", "constant", "empty", "huge", "tiny"),
    *("text", "mixed", "big id", "weight", "money", "share"),
    *DATES,
)  # fmt: skip


def _value(kind: str, number: int, chance: random.Random) -> str:
    if "%" in kind:
        import datetime

        day = datetime.datetime(2021, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(days=chance.randint(-400, 900))
        return str(int(day.timestamp()) * chance.choice((1, 1000))) if kind == "%s" else day.strftime(kind)
    return {
        "whole": lambda: str(chance.randint(-5, 60)),
        "decimal": lambda: f"{chance.uniform(-9, 9):.3f}",
        "comma": lambda: f"{chance.uniform(-9, 9):.2f}".replace(".", ","),
        "thousands": lambda: f"{chance.randint(1, 10**7):,}",
        "word": lambda: chance.choice(WORDS[:5]),
        "rare": lambda: chance.choice(WORDS),
        "zip": lambda: f"{chance.randint(0, 99999):05}",
        "id": lambda: str(number),
        "truth": lambda: chance.choice(("true", "false", "True", "yes", "no")[: 2 if number % 2 else 5]),
        "constant": lambda: "7",
        "empty": lambda: "",
        "huge": lambda: chance.choice(("1e300", "-1e308", "3.5e38", "123456789012345678901", "5", "1e16")),
        "tiny": lambda: chance.choice(("1e-300", "0", "-0.0", "5e-324", "1e-40")),
        "text": lambda: " ".join(chance.choice(WORDS) for _ in range(chance.randint(0, 12))),
        "weight": lambda: f"{chance.uniform(-9, 9):.2f} {chance.choice(('kg', 'kg', 'g')) if number == 5 else 'kg'}",
        "money": lambda: f"{chance.randint(0, 10**5) / 100:,.2f}\xa0€".translate(str.maketrans(",.", ".,")),
        "share": lambda: f"{chance.randint(0, 100)} %",
        "mixed": lambda: chance.choice(("1", "a", "2.5", "", "2021-01-01")),
        "big id": lambda: str(2**63 + chance.randint(-3, 9)),
    }[kind]()


def header(draw: st.DrawFn, length: int, wanted: list[str]) -> list[str]:
    """Names of columns: those wanted first, then any, now and then one twice, an empty one, or one of a path."""
    more = st.one_of(
        names("a", "b", "date", "id"),
        st.sampled_from(("", " ", "../../x", "km/h", "two\nlines", "a_missing", "true", "predicted", "x" * 240, "a")),
    )
    usual = [f"c{number}" for number in range(length)]
    return [
        *wanted,
        *(draw(more) if rarely(draw, False, (True,), 6) else usual[number] for number in range(length - len(wanted))),
    ]
