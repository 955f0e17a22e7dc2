"""MixUp and CutMix: photos of a batch blended with one another, and their labels in the same shares.

**What it does.** MixUp adds a share of the next photo of the batch to each; CutMix pastes a rectangle of it. Targets become
shares of classes, for which cross-entropy is what it was.

**When to use it.** Trainings of many epochs on few photos, and where probabilities should not be overconfident. Not in the few
epochs of a first fine-tuning.

**Defaults.** Off. Usual: ``mixup=.4`` (fastai's), ``cutmix=1``. With both, each batch takes one of them by chance.

**Sources.** Zhang et al. 2018, "mixup: beyond empirical risk minimization"; Yun et al. 2019, "CutMix"; torchvision's ``v2.MixUp``
and ``v2.CutMix``.
"""

from __future__ import annotations

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor
from torchvision.transforms import v2


class Mix:
    """torchvision's MixUp or CutMix on a batch, its draws from a seed.

    Args:
        mixup: Parameter of the Beta distribution that shares are drawn from; 0: never.
        cutmix: The same for CutMix.
        classes: How many there are.

    Raises:
        MisconfigurationException: A parameter below 0.
    """

    def __init__(self, mixup: float, cutmix: float, classes: int) -> None:
        for option, value in (("mixup", mixup), ("cutmix", cutmix)):
            if value < 0:
                raise MisconfigurationException(f"data.{option}={value} is out of range: at least 0 is wanted (0: off).")
        ways = [(v2.MixUp, mixup), (v2.CutMix, cutmix)]
        self._ways = [way(alpha=alpha, num_classes=classes) for way, alpha in ways if alpha > 0]

    def __bool__(self) -> bool:
        """Whether it does anything."""
        return bool(self._ways)

    def __call__(self, x: Tensor, y: Tensor, seed: int) -> tuple[Tensor, Tensor]:
        """Blend one batch.

        Args:
            x: Photos ``[B, 3, H, W]``, ``uint8`` or floating point.
            y: Classes ``[B]``, or a 0/1 matrix ``[B, classes]``.
            seed: Of the draws.

        Returns:
            Photos of the same type, and shares of classes, floating point ``[B, classes]``.
        """
        with torch.random.fork_rng(devices=[]):  # torchvision draws from torch's global generator, on the CPU
            torch.default_generator.manual_seed(seed)
            way = self._ways[int(torch.randint(len(self._ways), ()))]
            mixed, shares = way(x.float(), y)
        if x.dtype == torch.uint8:
            mixed = mixed.round_().to(torch.uint8)
        return mixed.contiguous(memory_format=torch.channels_last), shares
