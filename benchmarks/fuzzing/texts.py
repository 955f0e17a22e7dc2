"""Texts: CSVs, class folders, files of lines and plain corpora, in many scripts and encodings."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import strategies as st

from .given import Given
from .mutations import damage, names, rarely
from .reading import read
from .text_tables import is_whole, render

_PIECES = (
    *("a fine film", "A FINE FILM", "don\u2019t", "don't", "ㅋㅋㅋ 영화가 좋다", "これは映画です", "фильм", "\u202etxet"),
    *("e\u0301é", "😀😀😀"),
    *("<br />", "w" * 500),
    *("xxbos xxunk", "NULL", "null", "http://a.b/c?d=e", "0.5%", "!!!!!!!!", "aaaaaaaaaaa", "\u200b", "\ufeff"),
    *("\t", "line\u2028line"),
    *("the", "film", "was", "good", "bad", "1,074", '"', "''", "\\n", "&amp;", "[CLS]", "</s>", "<unk>", "\x7f", "\x0b", "\x85"),
)  # fmt: skip


@st.composite
def inputs(draw: st.DrawFn) -> Given:
    """Texts in one of the layouts, the options they are read with, and new texts."""
    layout = draw(st.sampled_from((_csv, _csv, _folder, _lines, _plain)))
    given = Given(use=read)
    chance = random.Random(draw(st.integers(0, 2**16)))
    count = rarely(draw, draw(st.integers(8, 20)), (0, 1, 2, 3))
    given.options = _options(draw)
    layout(draw, given, chance, count)
    given.said.append(f"{layout.__name__} of {count}")
    if draw(st.booleans()):
        given.new = draw(st.sampled_from(("new.csv", "new.txt", "new", given.root)))
        _new(draw, given, chance)
    given.again = draw(st.sampled_from(("", "", "as it is", "damaged")))
    return given


def _text(chance: random.Random, lines: bool = False) -> str:
    text = " ".join(chance.choice(_PIECES) for _ in range(chance.choice((0, 1, 5, 12))))
    return text if lines else text.replace("\u2028", " ")


def _options(draw: st.DrawFn) -> dict[str, Any]:
    options: dict[str, Any] = {"level": rarely(draw, "word", ("bpe", "character", "whitespace"), 3)}
    options |= {
        "batch_size": draw(st.integers(1, 8)),
        "bptt": draw(st.sampled_from((1, 3, 72))),
        "min_count": draw(st.integers(1, 2)),
    }
    options["task"] = rarely(draw, "classification", ("language_model", "skip_gram"), 4)
    options |= draw(
        st.sampled_from(({}, {}, {"max_vocab": 10}, {"reverse": True}, {"variable_length": True}, {"valid_fraction": 0.9}))
    )
    return options


def _csv(draw: st.DrawFn, given: Given, chance: random.Random, count: int) -> None:
    given.module = "TextCSV"
    labels = rarely(draw, ["good", "bad"], (draw(st.lists(names("good"), min_size=1, max_size=3, unique=True)),), 4)
    rows = [["text", "label"]] + [[_text(chance), chance.choice(labels) if chance.random() < 0.998 else ""] for _ in range(count)]
    if rarely(draw, False, (True,), 4):
        rows = [
            [*row, chance.choice(("train", "train", "valid", "test", "unlabelled", "Dev" if chance.random() < 0.95 else ""))]
            for row in rows
        ]
        rows[0][-1] = "split"
        given.options["split_column"] = "split"
    plain = draw(st.integers(0, 2)) == 0
    if rarely(draw, False, (True,), 4):
        given.root = "splits"
        for split in ("train", "valid"):
            given.files[f"splits/{split}.csv"] = render(draw, rows, given.said, f"{split}.csv", plain)
    else:
        given.root = rarely(draw, "t.csv", ("t.tsv", "t.csv.gz", "t.CSV"), 4)
        given.files[given.root] = render(draw, rows, given.said, given.root, plain and given.root == "t.csv")
        given.rows = count if is_whole(given.said) else None


def _encoded(draw: st.DrawFn, given: Given, text: str, name: str) -> bytes:
    encoding = rarely(draw, "utf-8", ("cp1252", "utf-16", "utf-8-sig"), 12)
    return damage(draw, text.encode(encoding, "replace"), given.said, name, often=12)


def _folder(draw: st.DrawFn, given: Given, chance: random.Random, count: int) -> None:
    given.module, given.root = "TextFolder", "texts"
    above = draw(st.sampled_from(("", "train/", "train/", "aclImdb/train/", "Training/")))
    labels = rarely(draw, ["pos", "neg"], (draw(st.lists(names("pos", "unsup"), min_size=1, max_size=3, unique=True)),), 4)
    for number in range(count):
        split = chance.choice((above, above, "valid/", "test/")) if above == "train/" else above
        name = (
            f"texts/{split}{chance.choice(labels)}/{number}{chance.choice(('.txt', '.txt', '.txt', '.txt', '.TXT', '', '.html'))}"
        )
        given.files[name] = _encoded(draw, given, _text(chance, lines=True), name)
    if rarely(draw, False, (True,)):
        given.links["texts/train"] = draw(st.sampled_from((".", "..", "nowhere")))


def _lines(draw: st.DrawFn, given: Given, chance: random.Random, count: int) -> None:
    given.module, given.root = "TextFolder", "lines"
    for label in rarely(draw, ["pos", "neg"], (draw(st.lists(names("pos"), min_size=1, max_size=3, unique=True)),), 3):
        text = "\n".join(_text(chance, lines=True) for _ in range(count))
        given.files[f"lines/films.{label}"] = _encoded(draw, given, text, label)


def _plain(draw: st.DrawFn, given: Given, chance: random.Random, count: int) -> None:
    given.module = "PlainText"
    given.options["task"] = rarely(draw, "language_model", ("skip_gram", "classification"), 4)
    files = draw(
        st.sampled_from(
            (("book.txt",), ("c/train.txt", "c/valid.txt"), ("c/wiki.train.tokens", "c/wiki.test.tokens"), ("c/a.txt", "c/b.txt"))
        )
    )
    given.root = files[0].partition("/")[0]
    for name in files:
        join = draw(st.sampled_from(("\n", "\n", " ", "\r\n")))
        given.files[name] = _encoded(draw, given, join.join(_text(chance, lines=True) for _ in range(4 * count)), name)


def _new(draw: st.DrawFn, given: Given, chance: random.Random) -> None:
    texts = [_text(chance) for _ in range(rarely(draw, 4, (0, 1), 4))]
    column = rarely(draw, "text", ("review", "sentence"), 3)
    if given.new == "new.csv":
        rows = [["id", column], *([str(number), text] for number, text in enumerate(texts))]
        given.files["new.csv"] = render(draw, rows, given.said, "new.csv", plain=draw(st.booleans()))
    elif given.new == "new.txt":
        given.files["new.txt"] = _encoded(draw, given, "\n".join(texts), "new.txt")
    elif given.new == "new":
        for number, text in enumerate(texts):
            name = f"new/{draw(names())}{number}.txt"
            given.files[name] = _encoded(draw, given, text, name)
