"""What synthetic photos share: the ground under a subject, clutter around it, and the camera's exposure."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from .painter import Floats, Painter, Point, noise


def walk(start: Point, steps: list[tuple[float, float]]) -> list[Point]:
    """Points of a limb: from ``start`` on, by steps ``(direction in radians, length)``."""
    points = [start]
    for direction, length in steps:
        x, y = points[-1]
        points.append((x + length * np.cos(direction), y + length * np.sin(direction)))
    return points


def tone(rng: np.random.Generator, colours: list[tuple[float, float, float]], spread: float = 0.018) -> Floats:
    """One of these colours, randomly a little lighter or darker and shifted."""
    base = np.array(colours[rng.integers(len(colours))], np.float32)
    return np.clip(base * rng.uniform(0.85, 1.25) + rng.normal(0, spread, 3), 0.02, 0.95).astype(np.float32)


def set_off(ground: Floats, painter: Painter, contrast: float = 0.16) -> Floats:
    """The ground, made lighter or darker if it would hide the animal."""
    animal, around = float(painter.rgb[painter.alpha > 0.5].mean()), float(ground.mean())
    if abs(animal - around) >= contrast:
        return ground
    wanted = animal + contrast if animal < 0.45 else animal - contrast
    return np.clip(ground * (wanted / max(around, 0.05)), 0, 1)


def ground(rng: np.random.Generator, height: int, width: int) -> Floats:
    """Random sand, soil, stone, wood, wall, leaf or leaf litter: ``[H, W, 3]`` in 0..1."""
    kind = rng.choice(["sand", "soil", "stone", "wood", "wall", "leaf", "litter"])
    fine = noise(rng, height, width, 6, 3)[..., None]
    coarse = noise(rng, height, width, 90, 5)[..., None]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    if kind == "sand":
        base = tone(rng, [(0.78, 0.66, 0.48), (0.7, 0.55, 0.38), (0.82, 0.76, 0.64)])
        ground = base * (0.65 + 0.3 * coarse + 0.35 * fine)
    elif kind == "soil":
        base = tone(rng, [(0.34, 0.25, 0.18), (0.24, 0.19, 0.15), (0.42, 0.3, 0.22)])
        ground = base * (0.45 + 0.6 * coarse + 0.7 * fine)
    elif kind == "stone":
        base = tone(rng, [(0.5, 0.5, 0.48), (0.6, 0.57, 0.52), (0.38, 0.38, 0.4)])
        cracks = np.abs(noise(rng, height, width, 70, 3)[..., None] - 0.5) < 0.008
        ground = base * (0.6 + 0.55 * coarse + 0.2 * fine) * np.where(cracks, 0.45, 1.0)
    elif kind == "wood":
        base = tone(rng, [(0.5, 0.33, 0.2), (0.62, 0.47, 0.32), (0.36, 0.27, 0.2)])
        turn = rng.uniform(0, np.pi)
        across = x * np.cos(turn) + y * np.sin(turn) + 40 * coarse[..., 0]
        rings = 0.5 + 0.5 * np.sin(across / rng.uniform(2.5, 6))
        ground = base * (0.65 + 0.3 * rings[..., None] * fine + 0.3 * coarse)
    elif kind == "wall":
        base = tone(rng, [(0.85, 0.83, 0.78), (0.75, 0.72, 0.7), (0.8, 0.74, 0.6)])
        ground = base * (0.85 + 0.12 * coarse + 0.08 * fine)
    elif kind == "leaf":
        base = tone(rng, [(0.25, 0.45, 0.15), (0.35, 0.5, 0.2), (0.18, 0.34, 0.14)])
        turn = rng.uniform(0, np.pi)
        along, off = x * np.cos(turn) + y * np.sin(turn), x * -np.sin(turn) + y * np.cos(turn)
        off = off - off.mean()
        veins = (np.abs(off) < 3) | (np.abs((along + np.abs(off) * 0.8) % 46 - 23) < 1.2)
        ground = base * (0.7 + 0.35 * coarse + 0.15 * fine) * np.where(veins, 1.25, 1.0)[..., None]
    else:
        ground = tone(rng, [(0.3, 0.22, 0.15)]) * (0.5 + 0.5 * coarse + 0.4 * fine)
        layer = Painter(height, width, (0.3, -0.5, 1.0), 0.1)
        for _ in range(int(rng.integers(25, 50))):
            _leaf(layer, (rng.uniform(0, width), rng.uniform(0, height)), rng.uniform(14, 46), rng)
        ground = layer.over(ground.astype(np.float32), (2, 3), 3, 0.5)
    return np.clip(ground, 0, 1).astype(np.float32)


def _leaf(painter: Painter, at: Point, length: float, rng: np.random.Generator) -> None:
    colour = tone(rng, [(0.45, 0.3, 0.14), (0.55, 0.4, 0.18), (0.35, 0.2, 0.1), (0.35, 0.42, 0.18), (0.6, 0.45, 0.25)])

    def vein(u: Floats, v: Floats, base: Floats) -> Floats:
        return base * np.where(np.abs(v) < 0.07, 0.7, 0.9 + 0.1 * np.sin(9 * u + 6 * np.abs(v)))[..., None]

    painter.ellipsoid(at, length, length * rng.uniform(0.25, 0.5), rng.uniform(0, np.pi), colour, vein)


def clutter(photo: Floats, light: Floats, rng: np.random.Generator) -> Floats:
    """Add twigs, blades of grass, pebbles and leaves, some of them over the animal."""
    height, width = photo.shape[:2]
    layer = Painter(height, width, (float(light[0]), float(light[1]), float(light[2])), 0.15)
    for _ in range(rng.poisson(1.4)):
        kind = rng.choice(["twig", "grass", "pebble", "leaf"])
        angle = rng.uniform(0, 2 * np.pi)
        away = rng.uniform(0.3, 0.6) * min(height, width)
        at = (width / 2 + away * np.cos(angle), height / 2 + away * np.sin(angle))
        if kind == "pebble":
            r = rng.uniform(5, 20)
            layer.ellipsoid(at, r, r * rng.uniform(0.6, 1), rng.uniform(0, 3), tone(rng, [(0.5, 0.48, 0.45), (0.6, 0.5, 0.4)]))
        elif kind == "leaf":
            _leaf(layer, at, rng.uniform(18, 40), rng)
        else:
            colour = tone(rng, [(0.3, 0.22, 0.14)] if kind == "twig" else [(0.3, 0.45, 0.15), (0.5, 0.5, 0.2)])
            direction, bend = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.2)
            points = walk(at, [(direction + i * bend, rng.uniform(20, 60)) for i in range(4)])
            r = rng.uniform(1.5, 4) if kind == "twig" else rng.uniform(1, 2.5)
            layer.chain(points, [r, r, r * 0.9, r * 0.8, r * 0.4], colour)
    return layer.over(photo, (2, 3), 3, 0.4)


def expose(photo: Floats, rng: np.random.Generator) -> Image.Image:
    """Apply uneven and coloured light, vignette, contrast, blur and sensor noise."""
    height, width = photo.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    slope = 1 + rng.normal(0, 0.15) * x + rng.normal(0, 0.15) * y
    vignette = 1 - rng.uniform(0, 0.35) * (x * x + y * y) / 2
    warm = np.array([1 + rng.normal(0, 0.06), 1.0, 1 + rng.normal(0, 0.08)], np.float32)
    photo = photo * (slope * vignette * rng.uniform(0.85, 1.15))[..., None] * warm
    photo = (photo - 0.5) * rng.uniform(0.8, 1.2) + 0.5
    image = Image.fromarray((np.clip(photo, 0, 1) * 255).astype(np.uint8))
    if rng.random() < 0.6:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.6)))
    grain = rng.normal(0, rng.uniform(1, 7), (height, width, 1)).astype(np.float32)
    return Image.fromarray(np.clip(np.asarray(image, np.float32) + grain, 0, 255).astype(np.uint8))
