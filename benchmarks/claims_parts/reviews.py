"""IMDb's reviews at several lengths, and more of them without labels: how much text a language model needs to be worth it."""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from pathlib import Path

from practicum.datamodules.text.readers import UNLABELLED, read_archive

LENGTHS = {"25 words": 25, "100 words": 100, "whole reviews": None}  # of what is classified
AMOUNTS = (5_000, 20_000, 75_000)  # reviews that a language model reads
LABELLED = 5_000  # to train on, and as many to test on


def classified(work: Path, length: str, labelled: int = LABELLED) -> Path:
    """The table of reviews that are classified at a length of :data:`LENGTHS`; as many as are trained on are tested on."""
    return work / f"imdb_{labelled}_{length.replace(' ', '_')}.csv"


def read_only(work: Path, amount: int) -> Path:
    """The table of so many reviews that a language model reads."""
    return work / f"imdb_{amount}_reviews.csv"


def write_reviews(
    data: Path, work: Path, *, archive: str = "aclImdb_v1.tar.gz", labelled: int = LABELLED, amounts: Sequence[int] = AMOUNTS
) -> None:
    """Write both kinds of tables, unless all are there.

    The same reviews are classified at each length, and the language model's are the first of one order: those of a smaller amount
    are among those of a larger one. Unlabelled ones come first, then those of the archive's training part; a test review is
    never read before the test.

    Args:
        data: Folder with the archive.
        work: For the tables.
        archive: Its name.
        labelled: Reviews to train on, and as many to test on.
        amounts: Reviews for the language model.
    """
    wanted = [*(classified(work, length, labelled) for length in LENGTHS), *(read_only(work, amount) for amount in amounts)]
    if all(path.exists() for path in wanted):
        return
    rng = random.Random(1)
    by_split: dict[str, list[tuple[str, str]]] = {"train": [], "test": [], UNLABELLED: []}
    for each in read_archive(data / archive):
        if each.text:
            by_split[each.split].append((each.text.replace("<br />", " "), each.label or ""))
    for texts in by_split.values():
        rng.shuffle(texts)
    work.mkdir(parents=True, exist_ok=True)
    chosen = [(text, label, split) for split in ("train", "test") for text, label in by_split[split][:labelled]]
    for length, words in LENGTHS.items():
        rows = [(" ".join(text.split()[:words]), label, split) for text, label, split in chosen]
        _write(classified(work, length, labelled), [("text", "label", "split"), *rows])
    reviews = [text for split in (UNLABELLED, "train") for text, _ in by_split[split]]
    for amount in amounts:
        _write(read_only(work, amount), [("text",), *((text,) for text in reviews[:amount])])


def _write(path: Path, rows: Sequence[Sequence[str]]) -> None:
    beside = path.with_suffix(".part")
    with open(beside, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    beside.replace(path)
