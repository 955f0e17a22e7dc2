"""Data of any size: photos, texts, rows and ratings with something to learn, drawn by a fixed seed and written piece by piece."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

PIECE = 100_000  # rows in memory at once: the size of the file must not be that of this process


@dataclass(frozen=True)
class Kind:
    """A kind of data whose cost grows.

    Attributes:
        name: As it is typed.
        unit: What is counted.
        sizes: What is measured unless other sizes are asked for.
        overrides: What is typed to train on it for an epoch, ``{place}`` being the file or folder made.
        make: Writes a given number of them into a folder and returns what ``{place}`` is.
    """

    name: str
    unit: str
    sizes: tuple[int, ...]
    overrides: tuple[str, ...]
    make: Callable[[Path, int], Path]


def _pieces(count: int) -> Iterator[tuple[int, np.random.Generator]]:
    """Sizes of pieces and the generator that draws them: a larger file begins with the rows of a smaller one."""
    for number, start in enumerate(range(0, count, PIECE)):
        yield min(PIECE, count - start), np.random.default_rng((1, number))


def photos(folder: Path, count: int) -> Path:
    """JPEG files of 32 x 32 noisy pixels in ten class folders, which differ in their mean colours."""
    colours = np.random.default_rng(0).integers(40, 216, (10, 3))
    for number in range(10):
        (folder / "photos" / f"class_{number}").mkdir(parents=True)
    generator = np.random.default_rng(1)
    for number in range(count):
        noise = generator.normal(0, 30, (32, 32, 3)) + colours[number % 10]
        picture = Image.fromarray(noise.clip(0, 255).astype(np.uint8))
        picture.save(folder / "photos" / f"class_{number % 10}" / f"{number:07}.jpg", quality=85)
    return folder / "photos"


def texts(folder: Path, count: int) -> Path:
    """A text of so many words: a Markov chain over 5,000 words, ten of them after each, in lines of 1,000."""
    follow = np.random.default_rng(0).integers(0, 5000, (5000, 10))
    words = np.array([f"w{number}" for number in range(5000)])
    (folder / "texts").mkdir()
    for split, share in (("train", count), ("valid", max(count // 50, 5000))):
        with open(folder / "texts" / f"{split}.txt", "w", encoding="utf-8") as file:
            for size, generator in _pieces(share):
                # 100 chains at a time, so that a step is an array's
                state = generator.integers(0, 5000, -(-size // 1000))
                steps = np.empty((len(state), 1000), dtype=np.int64)
                for place in range(1000):
                    state = follow[state, generator.integers(0, 10, len(state))]
                    steps[:, place] = state
                file.writelines(" ".join(line) + "\n" for line in words[steps])
    return folder / "texts"


def rows(folder: Path, count: int) -> Path:
    """A CSV with eight numbers, two categories and a target that depends on three of them."""
    place = folder / "rows.csv"
    with open(place, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow([*(f"x{number}" for number in range(8)), "city", "kind", "y"])
        for size, generator in _pieces(count):
            x = generator.normal(size=(size, 8)).astype(np.float32)
            city, kind = generator.integers(0, 500, size), generator.integers(0, 5, size)
            y = x[:, 0] * x[:, 1] + np.sin(2 * x[:, 2]) + 0.01 * (city % 50) + 0.1 * generator.normal(size=size)
            numbers = np.char.mod("%.4f", np.column_stack([x, y]))
            table.writerows([*line[:8], f"city{a}", f"kind{b}", line[8]] for line, a, b in zip(numbers, city, kind, strict=True))
    return place


def ratings(folder: Path, count: int) -> Path:
    """A CSV of users, items and ratings from .5 to 5: a user for every 150, an item for every 400, as in MovieLens 25M."""
    place = folder / "ratings.csv"
    users, items = -(-count // 150), max(count // 400, 150)
    taste = np.random.default_rng(0)
    user_bias, item_bias = taste.normal(0, 0.4, users), taste.normal(0, 0.5, items)
    with open(place, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["userId", "movieId", "rating"])
        start = 0
        for size, generator in _pieces(count):
            user, part = np.divmod(np.arange(start, start + size), 150)
            low, high = items * part // 150, items * (part + 1) // 150  # an item of each part: nobody rates one twice
            item = low + (generator.random(size) * (high - low)).astype(np.int64)
            start += size
            found = 3.5 + user_bias[user] + item_bias[item] + generator.normal(0, 0.8, size)
            table.writerows(zip(user, item, (found * 2).round().clip(1, 10) / 2, strict=True))
    return place


KINDS: Mapping[str, Kind] = {
    each.name: each
    for each in (
        Kind(
            "photos",
            "photos of 32 x 32 pixels",
            (1_000, 10_000, 100_000),
            (
                *("data=image_folder", "data.root={place}", "model=timm", "model.backbone=mobilenetv3_small_050"),
                *("model.weights=random", "callbacks=[default]", "data.size=32"),
            ),
            photos,
        ),
        Kind(
            "texts",
            "words of a language model",
            (1_000_000, 10_000_000, 100_000_000),
            (
                *("experiment=lm", "data=language_model", "data.root={place}", "data.level=whitespace", "model/size=tiny"),
                "data.batch_size=64",
            ),
            texts,
        ),
        Kind(
            "rows",
            "rows of a table of ten columns",
            (10_000, 100_000, 1_000_000, 10_000_000),
            ("experiment=table", "data.root={place}", "data.target=y", "refit=false"),
            rows,
        ),
        Kind(
            "ratings",
            "ratings",
            (100_000, 1_000_000, 10_000_000, 25_000_000),
            (
                *("experiment=ratings_large", "data.root={place}", "data.user=userId", "data.item=movieId", "data.rating=rating"),
                "model.factors=32",
            ),
            ratings,
        ),
    )
}
