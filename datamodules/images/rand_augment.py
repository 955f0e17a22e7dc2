"""RandAugment: a few of fourteen changes, chosen at random, all of one strength.

**What it does.** Cuts a square out of the photo at a random place, mirrors it by chance, then applies ``ops`` of torchvision's
RandAugment changes (turn, shear, move, colour, contrast, posterise ...) one after the other.

**When to use it.** Long trainings with many epochs, where the milder presets leave the network to learn its photos by heart.
Slower than :class:`.Augment`: each change is a pass of its own over each photo.

**Defaults.** Two changes of strength 9 of 30, torchvision's.

**Source.** Cubuk et al. 2019, "RandAugment: practical automated data augmentation", section 3.
"""

from __future__ import annotations

import numpy as np
import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor
from torchvision.transforms import InterpolationMode, v2

from .augment import Draw


class RandAugment:
    """torchvision's RandAugment on a random, perhaps mirrored square of each photo.

    Args:
        ops: Changes a view.
        magnitude: Strength, 0 to 30.
        mirror: Probability of mirroring left to right.

    Raises:
        MisconfigurationException: A number out of its range.
    """

    on = "cpu"

    def __init__(self, ops: int = 2, magnitude: int = 9, mirror: float = 0.5) -> None:
        for option, value, valid in (("ops", ops, ops >= 1), ("magnitude", magnitude, 0 <= magnitude <= 30)):
            if not valid:
                raise MisconfigurationException(f"augment.{option}={value} is out of range.")
        if not 0 <= mirror <= 1:
            raise MisconfigurationException(f"augment.mirror={mirror} is out of range: a probability is wanted.")
        self.ops, self.magnitude, self.mirror = ops, magnitude, mirror
        self._change = v2.RandAugment(ops, magnitude, interpolation=InterpolationMode.BILINEAR)

    def __repr__(self) -> str:
        return f"RandAugment(ops={self.ops}, magnitude={self.magnitude}, mirror={self.mirror})"

    def window(self, size: int, short_side: int) -> int:
        """The view's own size."""
        return size

    def draw(self, rng: np.random.Generator, height: int, width: int, size: int, short_side: int) -> Draw:
        """Place, mirror, and a seed for torchvision's own draws."""
        u = rng.random(3).tolist()
        top, left = int(u[0] * (height - size + 1)), int(u[1] * (width - size + 1))
        return Draw(top, left, [float(u[2] < self.mirror), float(rng.integers(2**48))])

    def __call__(self, windows: Tensor, changes: Tensor, size: int) -> Tensor:
        """Make the views that were drawn: ``uint8 [B, 3, size, size]`` to the same shape."""
        views = []
        with torch.random.fork_rng(devices=[]):  # torchvision draws from torch's global generator
            for window, (mirror, seed) in zip(windows, changes.tolist(), strict=True):
                torch.default_generator.manual_seed(int(seed))
                views.append(self._change(window.flip(2) if mirror else window))
        return torch.stack(views).contiguous(memory_format=torch.channels_last)
