"""Synthetic photos of spiders and scorpions, in class folders like the article's: 290 + 290 to train, 118 + 117 to validate.

Both kinds share grounds, lights, poses, sizes, blur and clutter; only their bodies differ (:mod:`.arachnids`). A known share of
the photos has the wrong label, so the best expected accuracy of any model is known: it is in ``answer.json``.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from .arachnids import random_pose, render_scorpion, render_spider
from .generate import render_folder
from .painter import Painter
from .scene import clutter, expose, ground, set_off

COUNTS = {"train": {"scorpions": 290, "spiders": 290}, "valid": {"scorpions": 117, "spiders": 118}}
WRONG = 0.02  # share of wrong labels: photos in the other class's folder
VERSION = 1


def generate_spiders(folder: Path, seed: int = 2017) -> None:
    """Generate the data set into ``folder``, which is complete or absent.

    Args:
        folder: Created by this call; must not exist.
        seed: Seed of everything random.
    """
    jobs: list[tuple[str, str]] = []  # file and subject
    answer: dict[str, object] = {"seed": seed, "wrong_share": WRONG}
    wrong_files: list[str] = []
    for split, classes in COUNTS.items():
        wrong_here = 0
        for name, count in classes.items():
            rng = np.random.default_rng([seed, len(jobs)])
            wrong = set(rng.choice(count, size=round(WRONG * count), replace=False).tolist())
            wrong_here += len(wrong)
            other = next(kind for kind in classes if kind != name)
            for index in range(count):
                file = f"{split}/{name}/{index:04d}.jpg"
                jobs.append((file, other if index in wrong else name))
                if index in wrong:
                    wrong_files.append(file)
        if split == "valid":
            answer["accuracy"] = 1 - wrong_here / sum(classes.values())
    answer["wrong_labels"] = wrong_files
    render_folder(folder, jobs, render_animal, seed, {"answer.json": json.dumps(answer, indent=1)}, "spiders and scorpions")


def render_animal(kind: str, rng: np.random.Generator) -> Image.Image:
    """Render one photo of a kind (``spiders`` or ``scorpions``), 240 to 420 pixels a side."""
    width, height = int(rng.integers(260, 420)), int(rng.integers(240, 380))
    below = ground(rng, height, width)
    light = (float(rng.uniform(-1, 1)), float(rng.uniform(-1, 0.4)), float(rng.uniform(0.5, 1.2)))
    painter = Painter(height, width, light, gloss=float(rng.uniform(0, 0.8)))

    size = min(width, height) * float(rng.uniform(0.2, 0.38))
    close = rng.random() < 0.15
    if close:
        size *= float(rng.uniform(1.3, 1.9))  # a close-up: parts of the animal lie outside the frame
    spread = 0.22 if close or rng.random() < 0.25 else 0.1
    centre = (width * (0.5 + rng.uniform(-spread, spread)), height * (0.5 + rng.uniform(-spread, spread)))
    place = random_pose(centre, size, rng)
    {"spiders": render_spider, "scorpions": render_scorpion}[kind](painter, place, size, rng)

    below = set_off(below, painter)
    offset = size * float(rng.uniform(0.02, 0.12))
    direction = painter.light
    photo = painter.over(
        below,
        (-direction[0] * offset * 2, -direction[1] * offset * 2 + offset / 2),
        softness=max(1.0, size * float(rng.uniform(0.015, 0.07))),
        depth=float(rng.uniform(0.35, 0.75)),
    )
    photo = clutter(photo, painter.light, rng)
    return expose(photo, rng)
