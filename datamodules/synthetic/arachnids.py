"""Bodies of spiders and scorpions, in body coordinates that a random pose maps to pixels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .painter import Colour, Floats, Painter, Point
from .scene import tone, walk

Place = Callable[[float, float], Point]


def random_pose(centre: Point, size: float, rng: np.random.Generator) -> Place:
    """A random map from body coordinates (head towards +y, unit = ``size``) to pixels: rotated and foreshortened."""
    turn, tilt_axis = rng.uniform(0, 2 * np.pi), rng.uniform(0, np.pi)
    squash = rng.uniform(0.62, 1.0)
    rotate = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    axis = np.array([[np.cos(tilt_axis), -np.sin(tilt_axis)], [np.sin(tilt_axis), np.cos(tilt_axis)]])
    matrix = axis @ np.diag([1.0, squash]) @ axis.T @ rotate * size

    def place(x: float, y: float) -> Point:
        px, py = matrix @ (x, -y)
        return float(px + centre[0]), float(py + centre[1])

    return place


def _ellipsoid(
    painter: Painter,
    place: Place,
    at: Point,
    along: float,
    across: float,
    colour: Colour,
    heading: float = np.pi / 2,
    pattern: Callable[[Floats, Floats, Floats], Floats] | None = None,
) -> None:
    """Render an ellipsoid given in body coordinates; ``heading`` is the direction of its long axis."""
    cx, cy = place(*at)
    ax, ay = place(at[0] + along * np.cos(heading), at[1] + along * np.sin(heading))
    bx, by = place(at[0] - across * np.sin(heading), at[1] + across * np.cos(heading))
    painter.ellipsoid(
        (cx, cy),
        max(0.6, float(np.hypot(ax - cx, ay - cy))),
        max(0.6, float(np.hypot(bx - cx, by - cy))),
        float(np.arctan2(ay - cy, ax - cx)),
        colour,
        pattern,
    )


# Spiders --------------------------------------------------------------------------------------------------------------

_SPIDER_COLOURS = [
    (0.12, 0.09, 0.08),
    (0.35, 0.22, 0.12),
    (0.5, 0.36, 0.2),
    (0.62, 0.5, 0.32),
    (0.3, 0.28, 0.26),
    (0.45, 0.2, 0.12),
    (0.7, 0.62, 0.3),
    (0.25, 0.3, 0.16),
]


def render_spider(painter: Painter, place: Place, size: float, rng: np.random.Generator) -> None:
    """Render a random spider: two body parts, eight legs from the front one, eyes, palps and a marked abdomen."""
    colour = tone(rng, _SPIDER_COLOURS)
    legs = np.clip(colour * rng.uniform(0.7, 1.3), 0, 1)
    build = rng.choice(["orb", "wolf", "jumper", "cellar", "tarantula", "widow"], p=[0.25, 0.27, 0.13, 0.1, 0.15, 0.1])
    thick, reach, abdomen, front = {
        "orb": (0.055, 1.25, (0.44, 0.36), (0.24, 0.19)),
        "wolf": (0.062, 1.35, (0.38, 0.25), (0.28, 0.22)),
        "jumper": (0.085, 0.85, (0.34, 0.26), (0.3, 0.27)),
        "cellar": (0.02, 2.1, (0.34, 0.13), (0.15, 0.13)),
        "tarantula": (0.11, 1.25, (0.42, 0.33), (0.3, 0.27)),
        "widow": (0.035, 1.4, (0.38, 0.37), (0.2, 0.16)),
    }[build]
    if build == "widow":
        colour = np.array([0.06, 0.055, 0.06], np.float32)
        legs = colour * 1.2
        painter.gloss = 0.9
    thick *= rng.uniform(0.85, 1.2)
    banded = rng.random() < 0.4

    # Four pairs of legs from the front body part: the front two reach forwards, the hind two backwards.
    for side in (1, -1):
        for pair, (lean, length) in enumerate([(62, 1.1), (22, 0.95), (-18, 0.85), (-58, 1.15)]):
            jitter = rng.normal(0, 7)
            forward = pair < 2
            knee = lean + jitter + (14 if forward else -14)
            shin = knee + (rng.uniform(14, 42) if forward else -rng.uniform(14, 42))
            foot = shin - (rng.uniform(0, 25) if forward else -rng.uniform(0, 25))
            directions = [np.radians(a) if side > 0 else np.pi - np.radians(a) for a in (lean + jitter, knee, shin, foot)]
            total = reach * length * rng.uniform(0.92, 1.08)
            start = (side * front[1] * 0.6, 0.3 + front[0] * (0.5 - 0.36 * pair))
            points = walk(start, list(zip(directions, [0.3 * total, 0.12 * total, 0.33 * total, 0.25 * total], strict=True)))
            radii = [size * thick * f for f in (0.95, 0.9, 0.75, 0.5, 0.22)]
            pixels = [place(*p) for p in points]
            for i in range(4):
                shade = legs * (0.65 if banded and i % 2 else 1.0)
                painter.limb(pixels[i], pixels[i + 1], max(0.5, radii[i]), max(0.4, radii[i + 1]), shade)

    # Palps and jaws.
    for side in (1, -1):
        palp = walk((side * 0.09, 0.3 + front[0] * 0.85), [(np.pi / 2 - side * 0.5, 0.13), (np.pi / 2 + side * 0.35, 0.12)])
        painter.chain([place(*p) for p in palp], [max(0.5, size * thick * f) for f in (0.7, 0.6, 0.5)], legs)
        _ellipsoid(painter, place, (side * 0.055, 0.3 + front[0]), 0.09, 0.055, colour * 0.7)

    marks = _abdomen_marks(build, colour, rng)
    _ellipsoid(painter, place, (0, 0.3 - front[0] - abdomen[0] * 0.86), abdomen[0], abdomen[1], colour, pattern=marks)
    stripe = rng.random() < 0.5

    def carapace(u: Floats, v: Floats, base: Floats) -> Floats:
        light = np.exp(-((v / 0.22) ** 2)) * (0.5 if stripe else 0.0)
        return base * (1 + light[..., None])

    _ellipsoid(painter, place, (0, 0.3), front[0], front[1], colour * 0.9, pattern=carapace)
    big = 2.0 if build == "jumper" else 1.0
    for x, y, r in [(0.045, 0.9, 0.028 * big), (0.12, 0.83, 0.02), (0.05, 0.76, 0.018), (0.13, 0.66, 0.016)]:
        for side in (1, -1):
            _ellipsoid(painter, place, (side * x, 0.3 + front[0] * y), r, r, (0.02, 0.02, 0.03))


def _abdomen_marks(build: str, colour: Floats, rng: np.random.Generator) -> Callable[[Floats, Floats, Floats], Floats]:
    kind = "spot" if build == "widow" else rng.choice(["plain", "chevrons", "band", "spots", "cross"])
    mark = np.array([0.75, 0.05, 0.04], np.float32) if build == "widow" else np.clip(colour * rng.uniform(1.5, 2.4), 0, 0.95)
    phase, grain = rng.uniform(0, 6), rng.uniform(0, 0.25)

    def pattern(u: Floats, v: Floats, base: Floats) -> Floats:
        if kind == "chevrons":
            where = (np.sin(9 * (u + 0.6 * np.abs(v)) + phase) > 0.3) & (np.abs(v) < 0.55)
        elif kind == "band":
            where = np.abs(v) < 0.2 + 0.08 * np.sin(8 * u + phase)
        elif kind == "spots":
            where = ((np.abs(v) - 0.38) ** 2 + ((u * 2.2 + phase) % 0.9 - 0.45) ** 2) < 0.02
        elif kind == "cross":
            where = ((np.abs(v) < 0.08) & (np.abs(u) < 0.6)) | ((np.abs(u - 0.2) < 0.09) & (np.abs(v) < 0.45))
        elif kind == "spot":
            where = (np.abs(u) * 0.8 + np.abs(v) * (0.6 + np.abs(u)) < 0.2) | (np.hypot(u + 0.75, v) < 0.14)
        else:
            where = np.zeros(u.shape, bool)
        speckle = 1 + grain * np.sin(37 * u + 11 * v) * np.sin(29 * v - 7 * u)
        return np.where(where[..., None], mark, base) * speckle[..., None]

    return pattern


# Scorpions ------------------------------------------------------------------------------------------------------------

_SCORPION_COLOURS = [
    (0.07, 0.065, 0.07),
    (0.2, 0.12, 0.07),
    (0.72, 0.52, 0.2),
    (0.55, 0.33, 0.13),
    (0.42, 0.16, 0.08),
    (0.12, 0.15, 0.14),
    (0.62, 0.45, 0.28),
]


def render_scorpion(painter: Painter, place: Place, size: float, rng: np.random.Generator) -> None:
    """Render a random scorpion: pincers, eight short legs, a segmented body and a segmented tail with a sting."""
    colour = tone(rng, _SCORPION_COLOURS)
    limbs = np.clip(colour * rng.uniform(0.85, 1.6), 0, 0.95)
    stout = rng.uniform(0.85, 1.25)  # of body and pincers
    tail_thick = rng.uniform(0.055, 0.1)

    # Four pairs of legs, short, bent and pointing backwards more than forwards.
    for side in (1, -1):
        for pair, (lean, length) in enumerate([(35, 0.62), (8, 0.68), (-22, 0.76), (-50, 0.88)]):
            a = lean + rng.normal(0, 6)
            angles = (a + 12, a - 8, a - 34)
            directions = [np.radians(v) if side > 0 else np.pi - np.radians(v) for v in angles]
            total = length * rng.uniform(0.9, 1.1)
            start = (side * 0.12 * stout, 0.44 - 0.1 * pair)
            points = walk(start, list(zip(directions, [0.4 * total, 0.34 * total, 0.26 * total], strict=True)))
            radii = [max(0.5, size * 0.04 * f) for f in (1.1, 1.0, 0.65, 0.25)]
            painter.chain([place(*p) for p in points], radii, limbs)

    # Pincers: an arm of two segments, a hand, and two fingers that open.
    opening, fold = rng.uniform(0.12, 0.4), rng.uniform(-0.25, 0.35)
    hand = rng.uniform(0.075, 0.15) * stout
    for side in (1, -1):
        lift = rng.normal(0, 0.15)

        def turn(a: float, side: int = side) -> float:
            return a if side > 0 else np.pi - a

        arm = walk((side * 0.13 * stout, 0.6), [(turn(0.35 + lift), 0.3), (turn(1.25 + fold + lift), 0.34)])
        painter.chain([place(*p) for p in arm], [max(0.6, size * r) for r in (0.05, 0.06, 0.065)], limbs)
        pointing = turn(1.75 + fold + lift)
        wrist = arm[-1]
        palm = (wrist[0] + hand * 1.1 * np.cos(pointing), wrist[1] + hand * 1.1 * np.sin(pointing))
        for finger, bend in ((1, opening), (-1, -opening)):
            tip = walk(
                (palm[0] + finger * -0.45 * hand * np.sin(pointing), palm[1] + finger * 0.45 * hand * np.cos(pointing)),
                [(pointing + bend * 1.2, hand * 1.5), (pointing - bend * 0.9, hand * 1.3)],
            )
            painter.chain([place(*p) for p in tip], [max(0.5, size * hand * f) for f in (0.42, 0.28, 0.07)], limbs * 0.85)
        _ellipsoid(painter, place, palm, hand * 1.45, hand * 0.9, limbs, heading=pointing)

    # Body: seven plates behind the head shield, each over the next one's front edge.
    def plate(u: Floats, v: Floats, base: Floats) -> Floats:
        return base * (1 - 0.45 * (u < -0.45))[..., None] * (1 - 0.2 * np.abs(v))[..., None]

    for i in range(7, 0, -1):
        wide = (0.2 + 0.07 * np.sin(np.pi * min(1.0, i / 6)) - 0.08 * max(0, i - 5)) * stout
        _ellipsoid(painter, place, (0, 0.47 - 0.115 * i), 0.105, wide, colour, pattern=plate)
    _ellipsoid(painter, place, (0, 0.53), 0.2, 0.19 * stout, colour * 0.95)
    for side in (1, -1):
        _ellipsoid(painter, place, (side * 0.035, 0.56), 0.022, 0.02, (0.02, 0.02, 0.02))
        _ellipsoid(painter, place, (side * 0.11 * stout, 0.67), 0.016, 0.014, (0.02, 0.02, 0.02))

    # Tail: five segments in an arc to one side, or raised and foreshortened over the back; then the sting.
    raised = rng.random() < 0.35
    side = rng.choice([1, -1])
    bend = np.radians(rng.uniform(36, 58) if raised else rng.uniform(8, 40)) * side
    heading = -np.pi / 2 + rng.normal(0, 0.15) + (0.3 * side if raised else 0)
    spot = (0.0, -0.4)
    for i in range(5):
        length = (0.21 + 0.02 * i) * (0.85 if raised else 1.0)
        nxt = walk(spot, [(heading, length)])[-1]
        middle = ((spot[0] + nxt[0]) / 2, (spot[1] + nxt[1]) / 2)
        thick = tail_thick * (1.0 - 0.05 * i)
        _ellipsoid(painter, place, middle, length * 0.58, thick, colour * (1.05 - 0.05 * i), heading=heading, pattern=plate)
        spot = nxt
        heading += bend * rng.uniform(0.8, 1.2)
    bulb = walk(spot, [(heading, 0.1)])[-1]
    _ellipsoid(painter, place, bulb, 0.13, tail_thick * 0.95, limbs * 0.9, heading=heading)
    sting = walk(
        walk(spot, [(heading, 0.19)])[-1],
        [(heading + 0.5 * np.sign(bend), 0.08), (heading + 1.3 * np.sign(bend), 0.09)],
    )
    painter.chain([place(*p) for p in sting], [max(0.6, size * r) for r in (0.045, 0.03, 0.006)], (0.1, 0.05, 0.03))
