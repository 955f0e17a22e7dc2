"""The development sets: how a user would type each, and what its peers read.

Data that are not split by those who published them are split here once, by a fixed seed, and written as ordinary files below
``work``; a file that is there is kept.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from practicum.datamodules.text.readers import UNLABELLED, Document, read_archive, read_folder

from .cells import lay_out

KINDS = ("tables", "photos", "texts", "ratings")
SMALL_TEXTS, UNLABELLED_TEXTS, WORDS = 5000, 20_000, 25  # of IMDb's short reviews: to train and to test, and without labels


@dataclass(frozen=True)
class DataSet:
    """A development set.

    Attributes:
        name: Of the row in the table.
        kind: One of :data:`KINDS`.
        metrics: What is compared, as ``metrics.json`` names it.
        overrides: What is typed after ``train.py``.
        peer: Script in ``peers/`` and its arguments.
        methods: What that script is asked for, one at a time; empty: no peer is run.
    """

    name: str
    kind: str
    metrics: tuple[str, ...]
    overrides: tuple[str, ...]
    peer: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()


def tables(data: Path) -> list[DataSet]:
    """Each table of ``facts.json``, by its column of splits."""
    folder, found = data / "tables", []
    for name, fact in json.loads((folder / "facts.json").read_text(encoding="utf-8")).items():
        path = folder / f"{name}.csv"
        typed = ["experiment=table", f"data.root={path}", f"data.target={fact['target']}", "data.split_column=split"]
        date = str(fact["date"] or "")
        typed += [f"data.date={date}"] if date else []
        metric = "rmse" if fact["kind"] == "number" else "loss"
        peer = ("default_tables.py", str(path), fact["target"], fact["kind"])
        found.append(DataSet(name, "tables", (metric,), tuple(typed), peer, ("LightGBM", "RealMLP-TD", "TabM-D")))
    return found


def photos(data: Path, work: Path, cells: Path | None) -> list[DataSet]:
    """Two real folders, solar cells where they are installed, and two synthetic samples."""
    found = [(name, [f"data.root={data / name}"]) for name in ("hymenoptera", "clothing")]
    cells = cells or _installed("elpv_dataset", "data")
    if cells is not None:
        if not (work / "cells" / "cells.csv").exists():
            (work / "cells").mkdir(parents=True, exist_ok=True)
            lay_out(cells, work / "cells", 1250, 1)
        more = ["data.csv=cells.csv", "data.split_column=split", "augment=top_down"]
        found.append(("solar_cells", [f"data.root={work / 'cells'}", *more]))
    typed = {name: ["data=image_folder", *more] for name, more in found}
    typed |= {"spiders": ["data=spiders"], "pets": ["data=dogs_vs_cats"]}
    return [DataSet(name, "photos", ("loss", "accuracy"), tuple(each)) for name, each in typed.items()]


def texts(data: Path, work: Path) -> list[DataSet]:
    """Sentences with a tenth held out, and short beginnings of reviews in the archive's own splits."""

    def polarity() -> Iterator[Document]:
        return read_folder(data / "rt-polarity")

    def subjectivity() -> Iterator[Document]:
        for label in ("plot", "quote"):
            for line in (
                (data / "subjectivity" / f"{label}.tok.gt9.5000").read_text(encoding="utf-8", errors="replace").splitlines()
            ):
                yield Document(line, "train", label, label)

    def beginnings() -> Iterator[Document]:
        rng, by_split = random.Random(1), {"train": [], "test": [], UNLABELLED: []}
        for each in read_archive(data / "aclImdb_v1.tar.gz"):
            if each.text:
                by_split[each.split].append(each)
        for split, documents in by_split.items():
            for each in rng.sample(documents, UNLABELLED_TEXTS if split == UNLABELLED else SMALL_TEXTS):
                words = each.text.replace("<br />", " ").split()[:WORDS]
                yield Document(" ".join(words), split, each.label, each.name)

    sources: dict[str, Callable[[], Iterator[Document]]] = {
        "rt-polarity": polarity,
        "subjectivity": subjectivity,
        f"imdb-{WORDS}-words": beginnings,
    }
    found = []
    for name, read in sources.items():
        path = work / f"{name}.csv"
        typed = ("experiment=reviews", "data=text_csv", f"data.root={path}", "data.split_column=split")
        if not path.exists():
            _write_texts(path, read())
        peer, methods = ("default_texts.py", str(path)), ("fastText", "tf-idf")
        found.append(DataSet(name, "texts", ("accuracy", "loss"), typed, peer, methods))
    return found


def ratings(data: Path, work: Path) -> list[DataSet]:
    """MovieLens' first fold, by its own recipe and by that for any ratings."""
    root, path = data / "ml-100k", work / "u1.csv"
    if not path.exists():
        _write_fold(path, root)
    peer, methods = ("surprise_folds.py", str(root), "1"), ("KNNBaseline, item Pearson", "SVD")
    plain = ("experiment=ratings", f"data.root={path}", "data.split_column=split")
    recipe = ("experiment=movielens", f"data.root={root}", "data.fold=1")
    named = {"u1": plain, "u1-movielens": recipe}
    return [DataSet(name, "ratings", ("rmse",), typed, peer, methods) for name, typed in named.items()]


def _installed(package: str, folder: str) -> Path | None:
    """A package's folder of data, without importing it."""
    spec = importlib.util.find_spec(package)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / folder


def _write_texts(path: Path, documents: Iterator[Document]) -> None:
    """Write columns text, label and split; a random tenth is the test where nothing is."""
    rows = [[each.text, each.label or "", each.split] for each in documents if each.text]
    if not any(split == "test" for *_, split in rows):
        for row in random.Random(1).sample(rows, len(rows) // 10):
            row[2] = "test"
    _write(path, [["text", "label", "split"], *rows])


def _write_fold(path: Path, root: Path) -> None:
    """u1.test is the test; a random tenth of u1.base validates."""
    rows = [line.split("\t")[:3] for line in (root / "u1.base").read_text(encoding="utf-8").splitlines()]
    valid = set(random.Random(1).sample(range(len(rows)), len(rows) // 10))
    rows = [[*row, "valid" if place in valid else "train"] for place, row in enumerate(rows)]
    rows += [[*line.split("\t")[:3], "test"] for line in (root / "u1.test").read_text(encoding="utf-8").splitlines()]
    _write(path, [["user", "item", "rating", "split"], *rows])


def _write(path: Path, rows: list[list[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    with open(beside, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    beside.replace(path)


def development_sets(data: Path, work: Path, only: list[str], cells: Path | None = None) -> list[DataSet]:
    """The sets of some kinds.

    Args:
        data: Folder of the real ones.
        work: For what is written here.
        only: Of :data:`KINDS`.
        cells: elpv-dataset's ``data`` folder; ``None``: where the package is installed, else left out.
    """
    makers: dict[str, Callable[[], list[DataSet]]] = {
        "tables": lambda: tables(data),
        "photos": lambda: photos(data, work, cells),
        "texts": lambda: texts(data, work),
        "ratings": lambda: ratings(data, work),
    }
    return [each for kind in only for each in makers[kind]()]
