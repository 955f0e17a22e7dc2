"""Grad-CAM: where in a photo the model saw what it said.

**What it does.** Weighs each channel of the last feature map by how much the score of the class said depends on it, adds them up
and keeps what speaks for the class: a coarse heat map, laid over the photo.

**When to use it.** To see whether a model looks at the subject or at the ground it stands on; first of all for its mistakes.

**Defaults.** The eight photos of a test with the highest loss; the last feature map with more than one place.

**Source.** Selvaraju et al. 2017, "Grad-CAM: visual explanations from deep networks via gradient-based localization", section 3.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from matplotlib.axes import Axes
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor, nn

from ...module_outputs.logits import extract_logits
from .top_losses import TopLosses

_OF_MAPS = (
    nn.Conv2d,
    nn.modules.batchnorm._BatchNorm,
    nn.modules.pooling._MaxPoolNd,
    nn.modules.pooling._AvgPoolNd,
    *(kind for kind in vars(nn.modules.activation).values() if isinstance(kind, type) and issubclass(kind, nn.Module)),
)


def last_feature_map(module: nn.Module, x: Tensor) -> nn.Module | None:
    """The submodule that computes the last feature map of a convolutional network; ``None``: there is none.

    A map is what a convolution, a BatchNorm, an activation or a pool gives, ``[B, C, h, w]`` with sides of at least a fortieth of
    the photo's: what comes after the usual stride of 32 is no longer a map. Where normalised tokens follow, as in transformers,
    there is none.
    """
    found: list[nn.Module | None] = [None]

    def look(part: nn.Module, inputs: Any, output: Any) -> None:
        if not isinstance(output, Tensor):
            return
        if isinstance(part, nn.LayerNorm) and output.shape[-1] == part.normalized_shape[-1]:
            found[0] = None
        elif output.ndim == 4 and isinstance(part, _OF_MAPS) and 40 * min(output.shape[2:]) >= min(x.shape[2:]) > 1:
            found[0] = part

    hooks = [part.register_forward_hook(look) for part in module.modules() if not any(part.children())]
    try:
        with torch.no_grad():
            type(module).forward(module, x)
    finally:
        for hook in hooks:
            hook.remove()
    return found[0]


def grad_cam(module: nn.Module, x: Tensor, layer: nn.Module, output: str | None = None) -> tuple[Tensor, Tensor]:
    """Heat maps of the likeliest class of each photo.

    Args:
        module: Its ``forward`` takes ``x`` and returns logits.
        x: Photos ``[B, 3, H, W]``.
        layer: The submodule whose feature map ``[B, C, h, w]`` is weighed.
        output: The key of the logits where ``forward`` returns a dictionary.

    Returns:
        Heat ``[B, h, w]`` in 0..1, and the classes ``int64 [B]``. No gradient is left in any parameter.
    """
    maps: list[Tensor] = []

    def take(part: nn.Module, inputs: Any, features: Tensor) -> Tensor:
        maps.append(features.detach().requires_grad_())  # from here on, however much of the network is frozen
        return maps[-1]

    training = {part: part.training for part in module.modules()}
    hook = layer.register_forward_hook(take)
    try:
        module.eval()
        with torch.inference_mode(False), torch.enable_grad():
            logits = extract_logits(type(module).forward(module, x.clone()), output, "GradCAM", module)
            said = logits.argmax(1)
            (gradient,) = torch.autograd.grad(logits.gather(1, said[:, None]).sum(), maps[-1])
    finally:
        hook.remove()
        for part, mode in training.items():
            part.training = mode
    heat = (gradient.mean((2, 3), keepdim=True) * maps[-1]).sum(1).relu().detach()
    return heat / heat.amax((1, 2), keepdim=True).clamp(min=1e-12), said


class GradCAM(TopLosses):
    """Draws the photos of a test that have the highest loss with the heat of what the model said.

    Needs what :class:`.TopLosses` needs, and a module whose ``forward`` takes photos and returns logits. Shows the model by
    itself, without snapshots and further views.

    Args:
        folder: Where ``grad_cam.png`` goes.
        count: Photos, at most.
        layer: Name of the submodule that computes the feature map. Default: :func:`last_feature_map`; without one, nothing is
            drawn.
        output: The key of the logits where ``forward`` returns a dictionary.

    Raises:
        MisconfigurationException: No such submodule.
    """

    def __init__(
        self, folder: str | os.PathLike[str], count: int = 8, layer: str | None = None, output: str | None = None
    ) -> None:
        super().__init__(folder, count)
        self.path = Path(folder) / "grad_cam.png"
        self.layer, self.output = layer, output
        self._heat: dict[int, Tensor] = {}

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw, worst first."""
        x = torch.stack([wrong.x for wrong in self._worst]).to(pl_module.device) if self._worst else None
        layer = None if x is None else self._layer_of(pl_module, x)
        if x is None or layer is None:
            self._worst = []
            return
        heat, _ = grad_cam(pl_module, x, layer, self.output)
        self._heat = {wrong.row: each.cpu() for wrong, each in zip(self._worst, heat, strict=True)}
        super().on_test_end(trainer, pl_module)
        self._heat = {}

    def _layer_of(self, pl_module: LightningModule, x: Tensor) -> nn.Module | None:
        if self.layer is None:
            return last_feature_map(pl_module, x)
        modules = dict(pl_module.named_modules())
        if self.layer not in modules:
            held = ", ".join(name for name, _ in pl_module.named_children())
            raise MisconfigurationException(
                f"GradCAM: {type(pl_module).__name__} has no submodule {self.layer!r}; it has {held}."
            )
        return modules[self.layer]

    def draw_over(self, axes: Axes, row: int) -> None:
        """Lay the heat over a photo."""
        left, right = axes.get_xlim()
        bottom, top = axes.get_ylim()
        heat = self._heat[row].numpy()
        axes.imshow(heat, cmap="inferno", alpha=0.5, extent=(left, right, bottom, top), interpolation="bilinear", vmin=0, vmax=1)
