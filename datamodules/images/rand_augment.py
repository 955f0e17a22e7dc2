"""RandAugment: a few of fourteen operations, chosen at random, all of one magnitude.

**What it does.** Takes a random crop of the photo, flips it with probability ``hflip``, then applies ``ops`` of torchvision's
RandAugment operations (rotate, shear, translate, colour, contrast, posterize ...) one after the other.

**When to use it.** Long trainings with many epochs, where the milder presets let the network overfit. Slower than
:class:`.Augment`: each operation is a pass of its own over each photo.

**Defaults.** Two operations of magnitude 9 of 30, torchvision's.

**Source.** Cubuk et al. 2019, "RandAugment: practical automated data augmentation", section 3.
"""

from __future__ import annotations

import numpy as np
import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor
from torchvision.transforms import InterpolationMode, v2

from .augment import ViewDevice, ViewParams


class RandAugment:
    """torchvision's RandAugment on a random crop of each photo.

    Args:
        ops: Operations per view; at least 1.
        magnitude: Their magnitude, 0 to 30.
        hflip: Probability of a horizontal flip.

    Raises:
        MisconfigurationException: An option is out of range.

    Example:
        >>> import numpy as np, torch
        >>> from practicum.datamodules import RandAugment
        >>> augment = RandAugment(ops=2, magnitude=9)
        >>> photo = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
        >>> top, left, params = augment.sample(np.random.default_rng(0), height=40, width=40, size=32, short_side=40)
        >>> augment(photo, torch.tensor([params], dtype=torch.float64), size=32).shape
        torch.Size([1, 3, 32, 32])
    """

    device: ViewDevice = "cpu"

    def __init__(self, ops: int = 2, magnitude: int = 9, hflip: float = 0.5) -> None:
        for option, value, valid, wanted in (
            ("ops", ops, ops >= 1, "at least 1"),
            ("magnitude", magnitude, 0 <= magnitude <= 30, "between 0 and 30"),
            ("hflip", hflip, 0 <= hflip <= 1, "a probability"),
        ):
            if not valid:
                raise MisconfigurationException(f"RandAugment: {option}={value} must be {wanted}.")
        self.ops, self.magnitude, self.hflip = ops, magnitude, hflip
        self._transform = v2.RandAugment(ops, magnitude, interpolation=InterpolationMode.BILINEAR)

    def __repr__(self) -> str:
        return f"RandAugment(ops={self.ops}, magnitude={self.magnitude}, hflip={self.hflip})"

    def window(self, size: int, short_side: int) -> int:
        """The view's own size."""
        return size

    def sample(self, rng: np.random.Generator, height: int, width: int, size: int, short_side: int) -> ViewParams:
        """Sample crop, flip, and a seed for torchvision's own operations."""
        u = rng.random(3).tolist()
        top, left = int(u[0] * (height - size + 1)), int(u[1] * (width - size + 1))
        return ViewParams(top, left, [float(u[2] < self.hflip), float(rng.integers(2**48))])

    def __call__(self, windows: Tensor, params: Tensor, size: int) -> Tensor:
        """Make the sampled views: ``uint8 [B, 3, size, size]`` to the same shape."""
        views = []
        with torch.random.fork_rng(devices=[]):  # torchvision draws from torch's global generator
            for window, (hflip, seed) in zip(windows, params.tolist(), strict=True):
                torch.default_generator.manual_seed(int(seed))
                views.append(self._transform(window.flip(2) if hflip else window))
        return torch.stack(views).contiguous(memory_format=torch.channels_last)
