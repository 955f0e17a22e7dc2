"""A small renderer for synthetic photos: shaded solids with smooth edges on a float canvas, and smooth noise.

Every solid is rendered from its distance function, so edges are antialiased without supersampling, and is lit from one
direction, so it looks solid. Coordinates are pixels, ``(x, y)`` with ``y`` downwards; colours are RGB in 0..1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Floats: TypeAlias = NDArray[np.floating[Any]]
Point: TypeAlias = tuple[float, float]
Colour: TypeAlias = tuple[float, float, float] | Floats
Pattern: TypeAlias = Callable[[Floats, Floats, Floats], Floats]


def noise(rng: np.random.Generator, height: int, width: int, cell: float, octaves: int = 4) -> Floats:
    """Smooth noise in 0..1: random grids of halving cell size (pixels) and amplitude, interpolated and added."""
    total = np.zeros((height, width), np.float32)
    weight = 0.0
    for octave in range(octaves):
        size = max(1.0, cell / 2**octave)
        grid = rng.random((int(height / size) + 3, int(width / size) + 3), dtype=np.float32)
        layer = Image.fromarray(grid).resize((int(grid.shape[1] * size), int(grid.shape[0] * size)), Image.Resampling.BICUBIC)
        total += np.asarray(layer)[:height, :width] * 0.5**octave
        weight += 0.5**octave
    return np.clip(total / weight, 0, 1)


class Painter:
    """Renders solids onto a transparent layer, later ones over earlier ones.

    Args:
        height: Height of the layer, in pixels.
        width: Width of the layer, in pixels.
        light: Direction towards the light, ``(x, y, z)`` with ``z`` towards the viewer.
        gloss: Strength of highlights, 0 (felt) to 1 (lacquer).
    """

    def __init__(self, height: int, width: int, light: tuple[float, float, float], gloss: float) -> None:
        self.rgb = np.zeros((height, width, 3), np.float32)
        self.alpha = np.zeros((height, width), np.float32)
        direction = np.asarray(light, np.float32)
        self.light = direction / np.linalg.norm(direction)
        self.gloss = gloss

    def _window(self, left: float, top: float, right: float, bottom: float) -> tuple[slice, slice] | None:
        height, width = self.alpha.shape
        x0, x1 = max(0, int(left) - 1), min(width, int(right) + 3)
        y0, y1 = max(0, int(top) - 1), min(height, int(bottom) + 3)
        return (slice(y0, y1), slice(x0, x1)) if x0 < x1 and y0 < y1 else None

    def _grid(self, window: tuple[slice, slice]) -> tuple[Floats, Floats]:
        rows, columns = window
        return np.meshgrid(
            np.arange(columns.start, columns.stop, dtype=np.float32),
            np.arange(rows.start, rows.stop, dtype=np.float32),
        )

    def _lay(self, window: tuple[slice, slice], cover: Floats, colour: Floats, normal: tuple[Floats, Floats, Floats]) -> None:
        diffuse = sum(n * c for n, c in zip(normal, self.light, strict=True))
        halfway = self.light + np.array([0, 0, 1], np.float32)
        halfway /= np.linalg.norm(halfway)
        shine = np.clip(sum(n * c for n, c in zip(normal, halfway, strict=True)), 0, 1) ** 24
        shade = 0.42 + 0.62 * np.clip(diffuse, 0, 1)
        lit = colour * shade[..., None] + (self.gloss * 0.55 * shine)[..., None]
        cover3 = cover[..., None]
        self.rgb[window] = self.rgb[window] * (1 - cover3) + lit * cover3
        self.alpha[window] = self.alpha[window] * (1 - cover) + cover

    def ellipsoid(
        self, centre: Point, along: float, across: float, angle: float, colour: Colour, pattern: Pattern | None = None
    ) -> None:
        """Render an ellipsoid with half-axes ``along`` (in direction ``angle``, radians) and ``across``.

        ``pattern(u, v, colour)`` recolours its surface, with ``u`` and ``v`` from -1 to 1 along and across.
        """
        reach = max(along, across)
        window = self._window(centre[0] - reach, centre[1] - reach, centre[0] + reach, centre[1] + reach)
        if window is None:
            return
        x, y = self._grid(window)
        c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        dx, dy = x - centre[0], y - centre[1]
        u, v = (c * dx + s * dy) / along, (-s * dx + c * dy) / across
        radius = np.sqrt(u * u + v * v)
        cover = np.clip((1 - radius) * min(along, across) + 0.5, 0, 1)
        z = np.sqrt(np.clip(1 - radius * radius, 0, 1))
        base = np.broadcast_to(np.asarray(colour, np.float32), (*u.shape, 3))
        if pattern is not None:
            base = pattern(u, v, base)
        self._lay(window, cover, base, (c * u - s * v, s * u + c * v, z))

    def limb(self, start: Point, end: Point, r0: float, r1: float, colour: Colour) -> None:
        """Render a round limb that tapers from radius ``r0`` at ``start`` to ``r1`` at ``end``."""
        reach = max(r0, r1)
        window = self._window(
            min(start[0], end[0]) - reach,
            min(start[1], end[1]) - reach,
            max(start[0], end[0]) + reach,
            max(start[1], end[1]) + reach,
        )
        if window is None:
            return
        x, y = self._grid(window)
        ax, ay = end[0] - start[0], end[1] - start[1]
        length = max(1e-3, float(np.hypot(ax, ay)))
        ax, ay = ax / length, ay / length
        dx, dy = x - start[0], y - start[1]
        t = np.clip((dx * ax + dy * ay) / length, 0, 1)
        radius = r0 + (r1 - r0) * t
        px, py = dx - t * length * ax, dy - t * length * ay
        distance = np.sqrt(px * px + py * py)
        cover = np.clip(radius - distance + 0.5, 0, 1) * np.clip(2 * radius, 0, 1)
        across = np.clip(distance / np.maximum(radius, 1e-3), 0, 1)
        scale = across / np.maximum(distance, 1e-3)
        base = np.broadcast_to(np.asarray(colour, np.float32), (*t.shape, 3))
        self._lay(window, cover, base, (px * scale, py * scale, np.sqrt(1 - across * across)))

    def chain(self, points: list[Point], radii: list[float], colour: Colour) -> None:
        """Render limbs joined end to end through ``points``."""
        for i in range(len(points) - 1):
            self.limb(points[i], points[i + 1], radii[i], radii[i + 1], colour)

    def over(self, ground: Floats, shadow: Point, softness: float, depth: float) -> Floats:
        """The layer over ``ground``, with its shadow shifted by ``shadow`` pixels and blurred."""
        silhouette = Image.fromarray((self.alpha * 255).astype(np.uint8))
        moved = Image.new("L", silhouette.size)
        moved.paste(silhouette, (round(shadow[0]), round(shadow[1])))
        dark = np.asarray(moved.filter(ImageFilter.GaussianBlur(softness)), np.float32) / 255
        alpha = self.alpha[..., None]
        return ground * (1 - depth * dark[..., None]) * (1 - alpha) + self.rgb * alpha
