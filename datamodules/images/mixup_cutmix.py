"""MixUp and CutMix: photos of a batch mixed with one another, and their labels in the same proportions.

**What it does.** MixUp blends each photo with the next one of the batch; CutMix pastes a rectangle of it. Targets become class
probabilities, which cross-entropy takes as well as classes.

**When to use it.** Trainings of many epochs on few photos, and against overconfident probabilities. Not in the few epochs of a
first fine-tuning.

**Defaults.** Off. Usual values: ``mixup=.4`` (fastai's), ``cutmix=1``. With both, each batch uses one of them at random.

**Sources.** Zhang et al. 2018, "mixup: beyond empirical risk minimization"; Yun et al. 2019, "CutMix"; torchvision's ``v2.MixUp``
and ``v2.CutMix``.
"""

from __future__ import annotations

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor
from torchvision.transforms import v2


class MixUpCutMix:
    """torchvision's MixUp or CutMix on a batch, as a function of a seed.

    Args:
        mixup: MixUp's alpha, the parameter of the Beta distribution of proportions; 0: no MixUp.
        cutmix: CutMix's alpha; 0: no CutMix.
        classes: Number of classes.

    Raises:
        MisconfigurationException: ``mixup`` or ``cutmix`` is below 0.

    Example:
        >>> import torch
        >>> from practicum.datamodules.images.mixup_cutmix import MixUpCutMix
        >>> mix = MixUpCutMix(mixup=0.4, cutmix=0.0, classes=2)
        >>> x, y = mix(torch.zeros(4, 3, 8, 8), torch.tensor([0, 1, 0, 1]), seed=1)
        >>> x.shape, y.shape, y.sum(1).tolist()
        (torch.Size([4, 3, 8, 8]), torch.Size([4, 2]), [1.0, 1.0, 1.0, 1.0])
    """

    def __init__(self, mixup: float, cutmix: float, classes: int) -> None:
        for option, value in (("mixup", mixup), ("cutmix", cutmix)):
            if value < 0:
                raise MisconfigurationException(f"MixUpCutMix: {option}={value} must be at least 0 (0: off).")
        alphas = [(v2.MixUp, mixup), (v2.CutMix, cutmix)]
        self._transforms = [transform(alpha=alpha, num_classes=classes) for transform, alpha in alphas if alpha > 0]

    def __bool__(self) -> bool:
        """Whether MixUp or CutMix is on."""
        return bool(self._transforms)

    def __call__(self, x: Tensor, y: Tensor, seed: int) -> tuple[Tensor, Tensor]:
        """Mix one batch.

        Args:
            x: Photos ``[B, 3, H, W]``, ``uint8`` or floating point.
            y: Classes ``[B]``, or a 0/1 matrix ``[B, classes]``.
            seed: Seed of proportions and rectangles.

        Returns:
            Photos of the same type, and class probabilities, floating point ``[B, classes]``.
        """
        with torch.random.fork_rng(devices=[]):  # torchvision uses torch's global CPU generator
            torch.default_generator.manual_seed(seed)
            transform = self._transforms[int(torch.randint(len(self._transforms), ()))]
            mixed, targets = transform(x.float(), y)
        if x.dtype == torch.uint8:
            mixed = mixed.round_().to(torch.uint8)
        return mixed.contiguous(memory_format=torch.channels_last), targets
