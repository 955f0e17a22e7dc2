"""Synthetic ratings in MovieLens 100K's files, of low rank and with known noise.

A rating is a mean, a user's and an item's bias, the product of two vectors of length three, and normal noise; so the lowest
error of any model is that of the noise, computed from the noise that was sampled for the held-out ratings. Ratings have decimals:
rounding would add an error of its own.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from .generate import atomic_folder

VERSION = 1
USERS, ITEMS, EACH, RANK = 600, 400, 160, 3  # EACH: ratings per user
NOISE = 0.5
HELD = 0.1  # share of held-out ratings (u1.test)
_JOBS = ("writer", "student", "nurse", "farmer", "engineer")
_PLACES = ("River", "Harbour", "Winter", "Garden", "Mountain", "Station", "Island", "Bridge")
_MOODS = ("Quiet", "Last", "Golden", "Broken", "Long", "Hidden", "Second", "Open")


def generate_ratings(folder: Path, seed: int = 2017) -> None:
    """Generate ``u.data u1.base u1.test u.item u.user``, and ``answer.json`` with the best RMSE on ``u1.test``.

    Args:
        folder: Created by this call; must not exist.
        seed: Seed of everything random.
    """
    with atomic_folder(folder) as work:
        _generate(work, np.random.default_rng(seed))


def _generate(work: Path, rng: np.random.Generator) -> None:
    users, items = rng.normal(0, 0.6, (USERS, RANK)), rng.normal(0, 0.6, (ITEMS, RANK))
    preferences = 3.5 + rng.normal(0, 0.3, USERS)[:, None] + rng.normal(0, 0.4, ITEMS)[None] + users @ items.T
    popular = rng.gamma(1.0, 1.0, ITEMS) + 0.2
    noise = rng.normal(0, NOISE, preferences.shape)
    rows: list[tuple[Any, ...]] = []
    for user in range(USERS):
        chosen = rng.choice(ITEMS, EACH, replace=False, p=popular / popular.sum())
        times = np.sort(rng.integers(880_000_000, 893_000_000, EACH))
        rows += [
            (user, film, preferences[user, film] + noise[user, film], time) for film, time in zip(chosen, times, strict=True)
        ]
    held = rng.random(len(rows)) < HELD
    lines = [f"{user + 1}\t{film + 1}\t{rating:.3f}\t{time}\n" for user, film, rating, time in rows]
    for name, taken in (("u.data", held | ~held), ("u1.base", ~held), ("u1.test", held)):
        kept = "".join(line for line, is_taken in zip(lines, taken, strict=True) if is_taken)
        (work / name).write_text(kept, encoding="utf-8")
    marks = np.eye(19, dtype=int)[rng.integers(1, 19, ITEMS)]
    with open(work / "u.item", "w", encoding="latin-1") as file:
        for film in range(ITEMS):
            name = f"{_MOODS[film % 8]} {_PLACES[film // 8 % 8]} {film // 64 + 1}"
            file.write(f"{film + 1}|{name} ({1960 + film % 40})|01-Jan-1990|||{'|'.join(map(str, marks[film]))}\n")
    with open(work / "u.user", "w", encoding="utf-8") as file:
        for user in range(USERS):
            file.write(f"{user + 1}|{18 + user % 50}|{'MF'[user % 2]}|{_JOBS[user % 5]}|00000\n")
    held_noise = np.array([noise[user, film] for user, film, *_ in rows])[held]
    answer = {"rmse": float(np.sqrt((held_noise**2).mean())), "noise": NOISE}
    (work / "answer.json").write_text(json.dumps(answer), encoding="utf-8")
