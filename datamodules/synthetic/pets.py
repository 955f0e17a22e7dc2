"""Synthetic cats and dogs in Kaggle's layouts: ``dogs-vs-cats-redux-kernels-edition`` and ``dog-breed-identification``.

Heads and shoulders before the grounds of :mod:`.scene`. A cat has pointed ears, a short muzzle, vertical pupils and whiskers; a
dog has a long muzzle and ears that hang, stand or fold. A breed is a combination of one of ten colours, four coat patterns and
three kinds of ears: 120 breeds, as many as Kaggle's.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from .generate import render_folder
from .painter import Floats, Painter, Pattern, Point
from .scene import clutter, expose, ground, set_off, tone

CATS_AND_DOGS = {"train": 160, "test": 40}  # training photos of each kind; test photos of both
BREED_PHOTOS = {"train": 6, "test": 60}  # training photos of each breed; test photos of all
VERSION = 1

COLOURS = {
    "afghan": (0.78, 0.66, 0.46),
    "basset": (0.5, 0.3, 0.16),
    "collie": (0.85, 0.82, 0.76),
    "dane": (0.36, 0.38, 0.42),
    "eskimo": (0.93, 0.93, 0.95),
    "hound": (0.62, 0.42, 0.22),
    "kelpie": (0.13, 0.11, 0.1),
    "pinscher": (0.3, 0.16, 0.1),
    "setter": (0.6, 0.24, 0.1),
    "terrier": (0.66, 0.6, 0.5),
}
PATTERNS = ("brindle", "masked", "plain", "spotted")
EARS = ("folded", "hanging", "standing")


class Pet(NamedTuple):
    """What is rendered: a ``cat`` or a ``dog``; coat and ears of a breed, or ``None`` for random ones."""

    kind: str
    colour: str | None = None
    pattern: str | None = None
    ears: str | None = None


def breeds() -> dict[str, Pet]:
    """The 120 breeds by name, in alphabetical order."""
    found = {
        f"{ears}_eared_{pattern}_{colour}": Pet("dog", colour, pattern, ears)
        for colour, pattern, ears in itertools.product(COLOURS, PATTERNS, EARS)
    }
    return dict(sorted(found.items()))


def generate_cats_and_dogs(folder: Path, seed: int = 2017) -> None:
    """Generate ``train/cat.0.jpg`` ..., ``train/dog.0.jpg`` ..., ``test/1.jpg`` ..., ``sample_submission.csv``."""
    photos = [(f"train/{kind}.{i}.jpg", Pet(kind)) for kind in ("cat", "dog") for i in range(CATS_AND_DOGS["train"])]
    kinds = np.random.default_rng(seed).integers(2, size=CATS_AND_DOGS["test"])
    photos += [(f"test/{i + 1}.jpg", Pet(("cat", "dog")[kind])) for i, kind in enumerate(kinds)]
    sample = _table(["id", "label"], [[i + 1, 0.5] for i in range(len(kinds))])
    render_folder(folder, photos, render_pet, seed, {"sample_submission.csv": sample}, "cats and dogs")


def generate_dog_breeds(folder: Path, seed: int = 2018) -> None:
    """Generate ``labels.csv``, ``train/<id>.jpg``, ``test/<id>.jpg``, ``sample_submission.csv`` with a column per breed."""
    rng = np.random.default_rng(seed)
    names = list(breeds())
    trained = [name for name in names for _ in range(BREED_PHOTOS["train"])]
    tested = [names[i] for i in rng.integers(len(names), size=BREED_PHOTOS["test"])]
    ids = [rng.bytes(16).hex() for _ in (*trained, *tested)]
    photos = [
        (f"{'train' if i < len(trained) else 'test'}/{ids[i]}.jpg", breeds()[name]) for i, name in enumerate(trained + tested)
    ]
    rows = sorted([ids[i], name] for i, name in enumerate(trained))
    sample = [[each, *[1 / len(names)] * len(names)] for each in sorted(ids[len(trained) :])]
    texts = {"labels.csv": _table(["id", "breed"], rows), "sample_submission.csv": _table(["id", *names], sample)}
    render_folder(folder, photos, render_pet, seed, texts, "dogs of 120 breeds")


def _table(header: list[str], rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()


def render_pet(pet: Pet, rng: np.random.Generator) -> Image.Image:
    """Render one photo of a head and shoulders, 220 to 340 pixels a side."""
    width, height = int(rng.integers(220, 340)), int(rng.integers(220, 340))
    below = ground(rng, height, width)
    painter = Painter(height, width, (float(rng.uniform(-1, 1)), float(rng.uniform(-1, 0)), float(rng.uniform(0.6, 1.2))), 0.25)
    size = min(width, height) * float(rng.uniform(0.2, 0.3))
    middle = (width * (0.5 + rng.uniform(-0.1, 0.1)), height * (0.48 + rng.uniform(-0.08, 0.08)))
    turn = float(rng.normal(0, 0.16))
    _head(painter, pet, middle, size, turn, rng)
    below = set_off(below, painter)
    photo = painter.over(
        below, (-painter.light[0] * size * 0.2, size * 0.12), softness=size * 0.08, depth=float(rng.uniform(0.3, 0.6))
    )
    return expose(clutter(photo, painter.light, rng), rng)


def _head(painter: Painter, pet: Pet, middle: Point, size: float, turn: float, rng: np.random.Generator) -> None:
    cat = pet.kind == "cat"
    colour = tone(rng, [COLOURS[pet.colour]] if pet.colour else list(COLOURS.values()), spread=0.01)
    marks = pet.pattern or str(rng.choice(PATTERNS))
    coat = _coat(marks, rng)
    dark, pale = colour * 0.55, np.clip(colour * 0.5 + 0.45, 0, 1)
    cos, sin = np.cos(turn), np.sin(turn)

    def at(x: float, y: float) -> Point:
        return middle[0] + size * (cos * x - sin * y), middle[1] + size * (sin * x + cos * y)

    def blob(
        x: float, y: float, along: float, across: float, tint: Floats, angle: float = 0.0, how: Pattern | None = None
    ) -> None:
        painter.ellipsoid(at(x, y), size * along, size * across, turn + angle, tint, how)

    blob(0, 1.75, 1.15, 1.1, colour, how=coat)  # shoulders
    ears = "standing" if cat else pet.ears or str(rng.choice(EARS))
    for side in (-1, 1):
        if ears == "standing":
            length = 0.75 if cat else 0.9
            painter.limb(at(side * 0.58, -0.55), at(side * 0.82, -0.55 - length), size * 0.34, size * 0.02, colour)
            painter.limb(at(side * 0.6, -0.6), at(side * 0.79, -0.4 - length), size * 0.17, size * 0.01, pale * 0.9)
        elif ears == "folded":
            painter.limb(at(side * 0.55, -0.75), at(side * 0.95, -0.95), size * 0.26, size * 0.2, colour)
            painter.limb(at(side * 0.95, -0.95), at(side * 1.12, -0.55), size * 0.21, size * 0.04, dark)
    blob(0, 0, 1.0, 0.92 if cat else 0.86, colour, np.pi / 2 if not cat else 0, coat)
    if ears == "hanging":
        for side in (-1, 1):
            blob(side * 0.95, 0.2, 0.75, 0.3, dark if marks == "plain" else colour * 0.75, np.pi / 2 - side * 0.15)
    mask = marks == "masked"
    if cat:
        for side in (-1, 1):
            blob(side * 0.2, 0.42, 0.27, 0.22, pale)
        blob(0, 0.26, 0.11, 0.08, np.array([0.75, 0.45, 0.45], np.float32))
    else:
        blob(0, 0.5, 0.62, 0.42, dark if mask else np.clip(colour * 1.08, 0, 1), np.pi / 2)
        blob(0, 0.72, 0.2, 0.15, np.array([0.06, 0.05, 0.05], np.float32))
        if rng.random() < 0.4:
            blob(0, 1.08, 0.26, 0.14, np.array([0.85, 0.42, 0.45], np.float32), np.pi / 2)
    iris = tone(rng, [(0.4, 0.6, 0.2), (0.7, 0.6, 0.15), (0.3, 0.5, 0.7)] if cat else [(0.25, 0.13, 0.06), (0.35, 0.2, 0.1)])
    for side in (-1, 1):
        x, y = side * (0.42 if cat else 0.36), (-0.1 if cat else -0.16)
        blob(x, y, 0.2 if cat else 0.15, 0.16 if cat else 0.14, iris)
        blob(x, y, 0.15 if cat else 0.09, 0.045 if cat else 0.09, np.array([0.02, 0.02, 0.02], np.float32), np.pi / 2)
        blob(x - 0.05, y - 0.05, 0.035, 0.035, np.array([1.0, 1.0, 1.0], np.float32))
        if cat:
            for droop in (-0.08, 0.05, 0.18):
                painter.limb(at(side * 0.3, 0.42), at(side * 1.2, 0.38 + droop), max(0.7, size * 0.012), 0.4, (0.9, 0.9, 0.88))


def _coat(kind: str, rng: np.random.Generator) -> Pattern | None:
    if kind == "brindle":
        phase, pace = rng.uniform(0, 6), rng.uniform(11, 15)
        return lambda u, v, base: base * np.where(np.sin(pace * u + 2 * np.sin(4 * v) + phase) > 0.3, 0.5, 1.0)[..., None]
    if kind == "spotted":
        spots = rng.uniform(-0.9, 0.9, (9, 2))
        radii = rng.uniform(0.1, 0.24, 9)

        def spotted(u: Floats, v: Floats, base: Floats) -> Floats:
            inside = np.zeros(u.shape, bool)
            for (x, y), radius in zip(spots, radii, strict=True):
                inside |= (u - x) ** 2 + (v - y) ** 2 < radius**2
            far = np.where(base.mean(-1, keepdims=True) > 0.4, 0.25, 2.6)
            return np.where(inside[..., None], np.clip(base * far, 0, 0.95), base)

        return spotted
    return None
