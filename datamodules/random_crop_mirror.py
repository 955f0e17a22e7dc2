"""Random crop and mirror: the least augmentation that nearly always helps.

**What it does.** Cuts a square out of the photo at a random place and mirrors it left to right half of the time.

**When to use it.** Whenever a subject may stand anywhere in the frame and its mirror image means the same (not for text, or
for road signs).

**Defaults.** Mirror with probability .5.

**Source.** Krizhevsky et al. 2012 (AlexNet), section 4.1; the first transforms of the fast.ai course.
"""

from __future__ import annotations

import torch

from .photo import Pixels


def center_crop(photo: Pixels, size: int) -> Pixels:
    """The middle square of ``size`` pixels of a photo ``[H, W, 3]``: the plain view, used for validation."""
    height, width = photo.shape[:2]
    top, left = (height - size) // 2, (width - size) // 2
    return photo[top : top + size, left : left + size]


class RandomCropMirror:
    """A random square of a photo, mirrored by chance.

    Args:
        mirror: Probability of mirroring left to right.
    """

    def __init__(self, mirror: float = 0.5) -> None:
        self.mirror = mirror

    def __call__(self, photo: Pixels, size: int, generator: torch.Generator) -> Pixels:
        """A view ``[size, size, 3]`` of a photo ``[H, W, 3]`` whose sides are at least ``size``."""
        height, width = photo.shape[:2]
        top, left = (int(torch.randint(0, side - size + 1, (), generator=generator).item()) for side in (height, width))
        view = photo[top : top + size, left : left + size]
        return view[:, ::-1] if torch.rand((), generator=generator).item() < self.mirror else view
