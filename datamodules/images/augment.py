"""Data augmentation: every time a photo is shown, it is turned, moved, mirrored, zoomed and lit a little differently.

**What it does.** Draws a view of each photo anew in every epoch. All that moves pixels (place, mirror, turn, zoom, warp) is one
matrix, so that a photo is resampled once, bilinearly; beyond its border it is reflected. Then light and contrast change. What
is drawn depends on (seed, epoch, photo) alone: neither worker processes nor a resume change it.

**When to use it.** Always, with the preset that fits: ``side_on`` for photos taken upright (cats, spiders), ``top_down`` where
up means nothing (satellites, microscopes), ``basic`` where mirror images mean something else (text, signs).

**Defaults.** Those of fast.ai's course of 2017: up to 10 degrees with probability .75, light by up to .1 (its .05 of the range
are a tenth of a middle grey), contrast by up to .05, zoom up to 1.1, a random place.

**Sources.** fastai 0.7, ``transforms_basic``, ``transforms_side_on`` and ``transforms_top_down``; the warp is that of fastai 2's
``aug_transforms``. Random crops and mirrors: Krizhevsky et al. 2012 (AlexNet), section 4.1.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import torch
import torch.nn.functional as F
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor

Where: TypeAlias = Literal["cpu", "device"]


class Draw(NamedTuple):
    """What one view is: where its window lies in the decoded photo, and what is then done to that window."""

    top: int
    left: int
    change: list[float]


def view_matrix(
    share: float,
    center: tuple[float, float] = (0.0, 0.0),
    degrees: float = 0.0,
    symmetry: int = 0,
    warp: tuple[float, float] = (0.0, 0.0),
) -> list[float]:
    """The homography from a view to the square window it is taken from; both run from -1 to 1 each way.

    Args:
        share: Side of the view by that of the window.
        center: Where in the window the view's middle lies, ``(x, y)``.
        degrees: Turn; to the right as one looks at it.
        symmetry: One of the square's eight: bit 0 mirrors left to right, bit 1 top to bottom, bit 2 along the diagonal.
        warp: Tilt about the upright and the level axis: opposite sides get lengths ``(1 + w) / (1 - w)`` to one another.

    Returns:
        The nine entries, row by row.
    """
    cos, sin = share * math.cos(math.radians(degrees)), share * math.sin(math.radians(degrees))
    turned = np.array([[cos, sin], [-sin, cos]])
    mirror = np.diag([-1.0 if symmetry & 1 else 1.0, -1.0 if symmetry & 2 else 1.0])
    if symmetry & 4:
        mirror = mirror @ np.array([[0.0, 1.0], [1.0, 0.0]])
    matrix = np.eye(3)
    matrix[:2, :2] = turned @ mirror
    matrix[:2, 2] = center
    # The tilt comes first: the view's own plane is what is tilted.
    return (matrix @ np.array([[1, 0, 0], [0, 1, 0], [*warp, 1]])).reshape(-1).tolist()


def resample(windows: Tensor, matrices: Tensor, size: int) -> Tensor:
    """One view of each window, bilinearly, with reflection beyond the border.

    Args:
        windows: Floating point ``[B, C, S, S]``.
        matrices: ``[B, 3, 3]``, from :func:`view_matrix`.
        size: Side of the views.

    Returns:
        ``[B, C, size, size]``.
    """
    steps = (torch.arange(size, dtype=windows.dtype, device=windows.device) * 2 + 1) / size - 1
    matrices = matrices.to(windows)
    across = matrices[:, :, :1] * steps
    down = matrices[:, :, 1:2] * steps + matrices[:, :, 2:]
    places = down[..., None] + across[:, :, None]  # [B, (x, y, scale), size, size]
    grid = (places[:, :2] / places[:, 2:]).permute(0, 2, 3, 1)
    return F.grid_sample(windows, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def relight(photos: Tensor, contrast: Tensor, brightness: Tensor) -> Tensor:
    """Change contrast about each photo's mean grey, then multiply its light (as torchvision's ``adjust_*`` do).

    Args:
        photos: Floating point ``[B, 3, H, W]`` in 0..255.
        contrast: Factors ``[B]``; 1 changes nothing.
        brightness: Factors ``[B]``; 1 changes nothing.

    Returns:
        The same shape, not yet limited to 0..255.
    """
    weights = torch.tensor([0.299, 0.587, 0.114], dtype=photos.dtype, device=photos.device)  # of ITU-R 601: luma
    grey = photos.mean((2, 3)) @ weights
    contrast, brightness = contrast.to(photos), brightness.to(photos)
    return photos.mul((contrast * brightness)[:, None, None, None]).add_(
        ((1 - contrast) * grey * brightness)[:, None, None, None]
    )


class Augment:
    """Random views of photos: place, mirror, turn, zoom, warp, light.

    Args:
        mirror: Probability of mirroring left to right.
        dihedral: All eight symmetries of the square alike, in place of ``mirror``.
        rotate: Degrees, at most, either way.
        zoom: At most; at least 1.
        warp: Tilt, at most, each way; fastai 2 has .2.
        brightness: Light is multiplied by ``1 - b`` to ``1 + b``.
        contrast: The same of contrast.
        p: Probability of each of turn, warp and light.
        on: ``cpu``: where batches are built; ``device``: where the model is, for a whole batch at once.

    Raises:
        MisconfigurationException: A number out of its range.
    """

    def __init__(
        self,
        mirror: float = 0.0,
        dihedral: bool = False,
        rotate: float = 10.0,
        zoom: float = 1.1,
        warp: float = 0.0,
        brightness: float = 0.1,
        contrast: float = 0.05,
        p: float = 0.75,
        on: Where = "cpu",
    ) -> None:
        for option, value, valid, wanted in (
            ("mirror", mirror, 0 <= mirror <= 1, "a probability"),
            ("rotate", rotate, 0 <= rotate <= 180, "0 to 180 degrees"),
            ("zoom", zoom, zoom >= 1, "at least 1"),
            ("warp", warp, 0 <= warp < 0.5, "at least 0 and below .5"),
            ("brightness", brightness, 0 <= brightness < 1, "at least 0 and below 1"),
            ("contrast", contrast, 0 <= contrast < 1, "at least 0 and below 1"),
            ("p", p, 0 <= p <= 1, "a probability"),
            ("on", on, on in ("cpu", "device"), "cpu or device"),
        ):
            if not valid:
                raise MisconfigurationException(f"augment.{option}={value} is out of range: {wanted} is wanted.")
        self.mirror, self.dihedral = mirror, dihedral
        self.rotate, self.zoom, self.warp = rotate, zoom, warp
        self.brightness, self.contrast = brightness, contrast
        self.p, self.on = p, on
        self._resamples = rotate > 0 or zoom > 1 or warp > 0

    def __repr__(self) -> str:
        return f"Augment({', '.join(f'{name}={value}' for name, value in vars(self).items() if not name.startswith('_'))})"

    def window(self, size: int, short_side: int) -> int:
        """Side of the square that a view of ``size`` is made from; a view that is not resampled is cut out as it is."""
        return short_side if self._resamples else size

    def draw(self, rng: np.random.Generator, height: int, width: int, size: int, short_side: int) -> Draw:
        """Draw one view of a photo.

        Args:
            rng: Where the numbers come from; always as many.
            height: Of the decoded photo, at least ``short_side``.
            width: The same.
            size: Side of the view.
            short_side: Of the decoded photo.
        """
        u = rng.random(14).tolist()
        window = self.window(size, short_side)
        top, left = int(u[0] * (height - window + 1)), int(u[1] * (width - window + 1))
        symmetry = int(u[2] * 8) if self.dihedral else int(u[2] < self.mirror)

        def by_chance(whether: float, value: float, most: float) -> float:
            return (2 * value - 1) * most if whether < self.p else 0.0

        share = size / window / (1 + u[3] * (self.zoom - 1))
        matrix = view_matrix(
            share,
            ((2 * u[4] - 1) * (1 - share), (2 * u[5] - 1) * (1 - share)),
            by_chance(u[6], u[7], self.rotate),
            symmetry,
            (by_chance(u[8], u[9], self.warp), by_chance(u[8], u[10], self.warp)),
        )
        contrast, brightness = by_chance(u[11], u[12], self.contrast), by_chance(u[11], u[13], self.brightness)
        return Draw(top, left, [*matrix, float(symmetry), 1 + contrast, 1 + brightness])

    def __call__(self, windows: Tensor, changes: Tensor, size: int) -> Tensor:
        """Make the views that were drawn.

        Args:
            windows: ``uint8 [B, 3, S, S]``.
            changes: ``[B, K]``: what :meth:`draw` gave for each.
            size: Side of the views.

        Returns:
            ``uint8 [B, 3, size, size]``, in ``channels_last`` order.
        """
        if not self._resamples:
            views = torch.stack([_mirrored(each, int(change[9])) for each, change in zip(windows, changes, strict=True)])
            if not (self.brightness or self.contrast):
                return views.contiguous(memory_format=torch.channels_last)
            pixels = views.float()
        else:
            pixels = resample(windows.float(), changes[:, :9].reshape(-1, 3, 3), size)
        if self.brightness or self.contrast:
            pixels = relight(pixels, changes[:, 10], changes[:, 11])
        return pixels.round_().clamp_(0, 255).to(torch.uint8, memory_format=torch.channels_last)


def _mirrored(photo: Tensor, symmetry: int) -> Tensor:
    """One of the square's symmetries of a photo ``[C, S, S]``, without resampling."""
    axes = ([2] if symmetry & 1 else []) + ([1] if symmetry & 2 else [])
    photo = photo.flip(axes)
    return photo.transpose(1, 2) if symmetry & 4 else photo
