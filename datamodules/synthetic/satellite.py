"""Synthetic satellite chips of the Amazon, in the layout of Kaggle's ``planet-understanding-the-amazon-from-space``.

Each chip has a kind of weather (``clear``, ``partly_cloudy``, ``haze``, ``cloudy``) and, unless clouds hide all of it, forest
(``primary``) and at random fields, roads, rivers, houses, bare ground and clearings. Its tags list all of these.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .generate import render_folder
from .painter import Floats, noise

COUNTS = {"train": 320, "test": 40, "additional": 20}
VERSION = 1
_SIDE = 256
_WEATHER = {"clear": 0.68, "partly_cloudy": 0.17, "haze": 0.08, "cloudy": 0.07}
_PROBABILITY = {"agriculture": 0.35, "bare_ground": 0.08, "cultivation": 0.12, "habitation": 0.15, "road": 0.25, "water": 0.25}


def generate_planet(folder: Path, seed: int = 2019) -> None:
    """Generate ``train_v2.csv``, ``train-jpg/train_0.jpg`` ..., Kaggle's two test folders, and ``sample_submission_v2.csv``."""
    rng = np.random.default_rng(seed)
    tags = [_tags(rng) for _ in range(sum(COUNTS.values()))]
    names = {"train": "train-jpg/train", "test": "test-jpg/test", "additional": "test-jpg-additional/file"}
    files = [f"{names[part]}_{i}.jpg" for part, count in COUNTS.items() for i in range(count)]
    rows = [f"{Path(file).stem},{' '.join(each)}" for file, each in zip(files, tags, strict=True)]
    texts = {
        "train_v2.csv": "\n".join(["image_name,tags", *rows[: COUNTS["train"]]]) + "\n",
        "sample_submission_v2.csv": "\n".join(
            ["image_name,tags", *(f"{Path(file).stem},primary clear" for file in files[COUNTS["train"] :])]
        )
        + "\n",
    }
    render_folder(folder, list(zip(files, tags, strict=True)), render_chip, seed, texts, "chips of the Amazon")


def _tags(rng: np.random.Generator) -> list[str]:
    weather = str(rng.choice(list(_WEATHER), p=list(_WEATHER.values())))
    if weather == "cloudy":
        return ["cloudy"]
    found = {name for name, probability in _PROBABILITY.items() if rng.random() < probability}
    if "habitation" in found:
        found.add("road")  # houses stand along roads
    return sorted([*found, "primary", weather])


def render_chip(tags: list[str], rng: np.random.Generator) -> Image.Image:
    """Render one chip, 256 x 256 pixels."""
    n = _SIDE
    if tags == ["cloudy"]:
        return _image(0.72 + 0.25 * noise(rng, n, n, 110, 5)[..., None] * np.ones(3), rng)
    forest = np.array([0.13, 0.24, 0.12]) * rng.uniform(0.85, 1.2)
    land = forest * (0.7 + 0.5 * noise(rng, n, n, 70, 3)[..., None]) * (0.75 + 0.5 * noise(rng, n, n, 5, 2)[..., None])
    if "agriculture" in tags:
        land = _where(_fields(rng), np.array([0.42, 0.46, 0.22]) * (0.8 + 0.4 * noise(rng, n, n, 40, 2)[..., None]), land)
    if "cultivation" in tags:
        spots = _spots(rng, 4, 8, 22)
        land = _where(spots, np.array([0.36, 0.34, 0.18]) * (0.6 + 0.8 * noise(rng, n, n, 7, 2)[..., None]), land)
    if "bare_ground" in tags:
        land = _where(_spots(rng, 1, 25, 50), np.array([0.66, 0.54, 0.4]) * (0.85 + 0.3 * noise(rng, n, n, 25)[..., None]), land)
    if "water" in tags:
        land = _where(_curve(rng, rng.uniform(9, 30)), np.array([0.27, 0.22, 0.15]) * rng.uniform(0.7, 1.1), land)
    road = _curve(rng, 3.0, wild=0.35)
    if "road" in tags:
        land = _where(road, np.array([0.68, 0.55, 0.42]), land)
    if "habitation" in tags:
        ys, xs = np.nonzero(road > 0.5)
        for _ in range(int(rng.integers(25, 50))):
            at = int(rng.integers(len(xs)))
            x, y = int(xs[at] + rng.normal(0, 12)), int(ys[at] + rng.normal(0, 12))
            w, h = rng.integers(3, 7, 2)
            land[max(0, y) : max(0, y + h), max(0, x) : max(0, x + w)] = rng.uniform(0.6, 0.95) * np.array([1, 0.97, 0.92])
    if "haze" in tags:
        land = land * 0.5 + np.array([0.42, 0.44, 0.47]) * (0.8 + 0.3 * noise(rng, n, n, 120, 2)[..., None])
    if "partly_cloudy" in tags:
        cloud = np.clip((noise(rng, n, n, 60, 4) - 0.52) * 9, 0, 1)
        land = land * (1 - 0.35 * np.roll(cloud, (14, 18), (0, 1))[..., None])
        land = _where(cloud * 0.95, np.array([0.92, 0.93, 0.95]), land)
    return _image(land, rng)


def _where(mask: Floats, colour: Floats, land: Floats) -> Floats:
    return land * (1 - mask[..., None]) + colour * mask[..., None]


def _mask(paint: Image.Image, softness: float) -> Floats:
    return np.asarray(paint.filter(ImageFilter.GaussianBlur(softness)), np.float32) / 255


def _fields(rng: np.random.Generator) -> Floats:
    paint = Image.new("L", (_SIDE, _SIDE))
    pen = ImageDraw.Draw(paint)
    turn = rng.uniform(0, np.pi / 2)
    for _ in range(int(rng.integers(2, 5))):
        middle, half = rng.uniform(20, _SIDE - 20, 2), rng.uniform(22, 60, 2)
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
        rotated = corners @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) + middle
        pen.polygon([tuple(corner) for corner in rotated.tolist()], fill=255)
    return _mask(paint, 0.8)


def _spots(rng: np.random.Generator, count: int, low: float, high: float) -> Floats:
    paint = Image.new("L", (_SIDE, _SIDE))
    pen = ImageDraw.Draw(paint)
    for _ in range(count):
        x, y = rng.uniform(25, _SIDE - 25, 2)
        around = np.linspace(0, 2 * np.pi, 14, endpoint=False)
        radii = rng.uniform(low, high) * rng.uniform(0.7, 1.3, 14)
        outline = zip((x + radii * np.cos(around)).tolist(), (y + radii * np.sin(around)).tolist(), strict=True)
        pen.polygon(list(outline), fill=255)
    return _mask(paint, 1.2)


def _curve(rng: np.random.Generator, width: float, wild: float = 1.0) -> Floats:
    """The mask of a river or a road from one side to the opposite one."""
    paint = Image.new("L", (_SIDE, _SIDE))
    along = np.linspace(-20, _SIDE + 20, 60)
    off = (
        rng.uniform(50, _SIDE - 50)
        + wild * 30 * np.sin(along / rng.uniform(25, 60) + rng.uniform(0, 6))
        + along * rng.normal(0, 0.25)
    )
    points = list(zip(along.tolist(), off.tolist(), strict=True))
    if rng.random() < 0.5:
        points = [(y, x) for x, y in points]
    ImageDraw.Draw(paint).line(points, fill=255, width=max(2, round(width)), joint="curve")
    return _mask(paint, 0.7)


def _image(land: Floats, rng: np.random.Generator) -> Image.Image:
    grain = rng.normal(0, 0.012, (_SIDE, _SIDE, 1))
    return Image.fromarray((np.clip(land * rng.uniform(0.9, 1.1) + grain, 0, 1) * 255).astype(np.uint8))
