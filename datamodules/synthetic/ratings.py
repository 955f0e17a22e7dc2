"""Tastes of drawn people in MovieLens 100K's files, of low rank and known noise.

A rating is a mean, a person's and a film's bias, the product of two vectors of three numbers, and normal noise; so the least
error that any model can reach is that of the noise, and it is computed from the very noise that was drawn on the held-out
ratings. Ratings have decimals, which the files take: rounding would add an error of its own.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from .generate import whole_folder

VERSION = 1
USERS, ITEMS, EACH, RANK = 600, 400, 160, 3  # EACH: ratings of a person
NOISE = 0.5
HELD = 0.1  # share that validates, as u1.test
_JOBS = ("writer", "student", "nurse", "farmer", "engineer")
_PLACES = ("River", "Harbour", "Winter", "Garden", "Mountain", "Station", "Island", "Bridge")
_MOODS = ("Quiet", "Last", "Golden", "Broken", "Long", "Hidden", "Second", "Open")


def draw_tastes(folder: Path, seed: int = 2017) -> None:
    """``u.data u1.base u1.test u.item u.user``, and ``answer.json`` with the best error on ``u1.test``.

    Args:
        folder: Made by this call; must not exist.
        seed: Of everything drawn.
    """
    with whole_folder(folder) as work:
        _draw(work, np.random.default_rng(seed))


def _draw(work: Path, rng: np.random.Generator) -> None:
    people, films = rng.normal(0, 0.6, (USERS, RANK)), rng.normal(0, 0.6, (ITEMS, RANK))
    tastes = 3.5 + rng.normal(0, 0.3, USERS)[:, None] + rng.normal(0, 0.4, ITEMS)[None] + people @ films.T
    popular = rng.gamma(1.0, 1.0, ITEMS) + 0.2
    noise = rng.normal(0, NOISE, tastes.shape)
    rows: list[tuple[Any, ...]] = []
    for user in range(USERS):
        chosen = rng.choice(ITEMS, EACH, replace=False, p=popular / popular.sum())
        times = np.sort(rng.integers(880_000_000, 893_000_000, EACH))
        rows += [(user, film, tastes[user, film] + noise[user, film], time) for film, time in zip(chosen, times, strict=True)]
    held = rng.random(len(rows)) < HELD
    lines = [f"{user + 1}\t{film + 1}\t{rating:.3f}\t{time}\n" for user, film, rating, time in rows]
    for name, taken in (("u.data", held | ~held), ("u1.base", ~held), ("u1.test", held)):
        (work / name).write_text("".join(line for line, is_taken in zip(lines, taken, strict=True) if is_taken))
    marks = np.eye(19, dtype=int)[rng.integers(1, 19, ITEMS)]
    with open(work / "u.item", "w", encoding="latin-1") as file:
        for film in range(ITEMS):
            name = f"{_MOODS[film % 8]} {_PLACES[film // 8 % 8]} {film // 64 + 1}"
            file.write(f"{film + 1}|{name} ({1960 + film % 40})|01-Jan-1990|||{'|'.join(map(str, marks[film]))}\n")
    with open(work / "u.user", "w", encoding="utf-8") as file:
        for user in range(USERS):
            file.write(f"{user + 1}|{18 + user % 50}|{'MF'[user % 2]}|{_JOBS[user % 5]}|00000\n")
    apart = np.array([noise[user, film] for user, film, *_ in rows])[held]
    (work / "answer.json").write_text(json.dumps({"rmse": float(np.sqrt((apart**2).mean())), "noise": NOISE}))
