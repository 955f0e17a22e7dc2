"""Data augmentation: every time a photo is shown, it is cropped, flipped, rotated, zoomed and lit a little differently.

**What it does.** Samples a new view of each photo in every epoch. All that moves pixels (crop, flip, rotation, zoom, warp) is one
homography, so a photo is resampled once, bilinearly, with reflection beyond its border. Then brightness and contrast change. The
parameters depend only on (seed, epoch, photo): neither worker processes nor a resume change them.

**When to use it.** Always, with the preset that fits: ``side_on`` for photos taken upright (cats, spiders), ``top_down`` where
up has no meaning (satellites, microscopes), ``basic`` where a mirror image means something else (text, signs).

**Defaults.** Those of fast.ai's course of 2017: rotation up to 10 degrees with probability .75, brightness by up to .1 (its .05
of the range are a tenth of a middle grey), contrast by up to .05, zoom up to 1.1, a random crop.

**Sources.** fastai 0.7, ``transforms_basic``, ``transforms_side_on`` and ``transforms_top_down``; the warp is that of fastai 2's
``aug_transforms``. Random crops and horizontal flips: Krizhevsky et al. 2012 (AlexNet), section 4.1.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor

from .geometry import relight, resample, view_matrix

ViewDevice: TypeAlias = Literal["cpu", "device"]


class ViewParams(NamedTuple):
    """The parameters of one view: where its window lies in the decoded photo, and what is then done to that window."""

    top: int
    left: int
    params: list[float]


class Augment:
    """Random views of photos: crop, flip, rotation, zoom, perspective warp, brightness and contrast.

    Args:
        hflip: Probability of a horizontal flip.
        dihedral: All eight symmetries of the square with equal probability, instead of ``hflip``.
        rotate: Largest rotation in degrees, either way.
        zoom: Largest zoom factor; at least 1.
        warp: Largest perspective tilt, either way; fastai 2 uses .2.
        brightness: Brightness factors lie between ``1 - brightness`` and ``1 + brightness``.
        contrast: Contrast factors lie between ``1 - contrast`` and ``1 + contrast``.
        p: Probability of each of rotation, warp, and brightness with contrast.
        device: Where views are made: ``"cpu"``, where batches are built, or ``"device"``, the model's, a whole batch at once.

    Raises:
        MisconfigurationException: An option is out of range.

    Example:
        >>> import numpy as np, torch
        >>> from practicum.datamodules import Augment
        >>> augment = Augment(hflip=1.0, rotate=0, zoom=1, brightness=0, contrast=0)
        >>> photo = torch.arange(16, dtype=torch.uint8).reshape(1, 1, 4, 4).repeat(1, 3, 1, 1)
        >>> top, left, params = augment.sample(np.random.default_rng(0), height=4, width=4, size=4, short_side=4)
        >>> augment(photo, torch.tensor([params]), size=4)[0, 0, 0]
        tensor([3, 2, 1, 0], dtype=torch.uint8)
    """

    def __init__(
        self,
        hflip: float = 0.0,
        dihedral: bool = False,
        rotate: float = 10.0,
        zoom: float = 1.1,
        warp: float = 0.0,
        brightness: float = 0.1,
        contrast: float = 0.05,
        p: float = 0.75,
        device: ViewDevice = "cpu",
    ) -> None:
        for option, value, valid, wanted in (
            ("hflip", hflip, 0 <= hflip <= 1, "a probability"),
            ("rotate", rotate, 0 <= rotate <= 180, "between 0 and 180 degrees"),
            ("zoom", zoom, zoom >= 1, "at least 1"),
            ("warp", warp, 0 <= warp < 0.5, "at least 0 and below .5"),
            ("brightness", brightness, 0 <= brightness < 1, "at least 0 and below 1"),
            ("contrast", contrast, 0 <= contrast < 1, "at least 0 and below 1"),
            ("p", p, 0 <= p <= 1, "a probability"),
            ("device", device, device in ("cpu", "device"), "cpu or device"),
        ):
            if not valid:
                raise MisconfigurationException(f"Augment: {option}={value} must be {wanted}.")
        self.hflip, self.dihedral = hflip, dihedral
        self.rotate, self.zoom, self.warp = rotate, zoom, warp
        self.brightness, self.contrast = brightness, contrast
        self.p, self.device = p, device
        self._resamples = rotate > 0 or zoom > 1 or warp > 0

    def __repr__(self) -> str:
        return f"Augment({', '.join(f'{name}={value}' for name, value in vars(self).items() if not name.startswith('_'))})"

    def window(self, size: int, short_side: int) -> int:
        """Side of the square of decoded pixels that a view of ``size`` is made from; without resampling, ``size`` itself."""
        return short_side if self._resamples else size

    def sample(self, rng: np.random.Generator, height: int, width: int, size: int, short_side: int) -> ViewParams:
        """Sample the parameters of one view of a photo.

        Args:
            rng: Source of randomness; always as many numbers are taken from it.
            height: Height of the decoded photo, at least ``short_side``.
            width: Width of the decoded photo, at least ``short_side``.
            size: Side of the view.
            short_side: Shorter side of the decoded photo.
        """
        u = rng.random(14).tolist()
        window = self.window(size, short_side)
        top, left = int(u[0] * (height - window + 1)), int(u[1] * (width - window + 1))
        symmetry = int(u[2] * 8) if self.dihedral else int(u[2] < self.hflip)

        def with_probability_p(whether: float, value: float, largest: float) -> float:
            return (2 * value - 1) * largest if whether < self.p else 0.0

        share = size / window / (1 + u[3] * (self.zoom - 1))
        matrix = view_matrix(
            share,
            ((2 * u[4] - 1) * (1 - share), (2 * u[5] - 1) * (1 - share)),
            with_probability_p(u[6], u[7], self.rotate),
            symmetry,
            (with_probability_p(u[8], u[9], self.warp), with_probability_p(u[8], u[10], self.warp)),
        )
        contrast = with_probability_p(u[11], u[12], self.contrast)
        brightness = with_probability_p(u[11], u[13], self.brightness)
        return ViewParams(top, left, [*matrix, float(symmetry), 1 + contrast, 1 + brightness])

    def __call__(self, windows: Tensor, params: Tensor, size: int) -> Tensor:
        """Make the sampled views.

        Args:
            windows: ``uint8 [B, 3, S, S]``.
            params: ``[B, K]``: parameters of each view, from :meth:`sample`.
            size: Side of the views.

        Returns:
            ``uint8 [B, 3, size, size]``, in ``channels_last`` order.
        """
        if not self._resamples:
            views = torch.stack([_flipped(each, int(param[9])) for each, param in zip(windows, params, strict=True)])
            if not (self.brightness or self.contrast):
                return views.contiguous(memory_format=torch.channels_last)
            pixels = views.float()
        else:
            pixels = resample(windows.float(), params[:, :9].reshape(-1, 3, 3), size)
        if self.brightness or self.contrast:
            pixels = relight(pixels, params[:, 10], params[:, 11])
        return pixels.round_().clamp_(0, 255).to(torch.uint8, memory_format=torch.channels_last)


def _flipped(photo: Tensor, symmetry: int) -> Tensor:
    """A photo ``[C, S, S]`` under one of the square's symmetries, without resampling."""
    axes = ([2] if symmetry & 1 else []) + ([1] if symmetry & 2 else [])
    photo = photo.flip(axes)
    return photo.transpose(1, 2) if symmetry & 4 else photo
