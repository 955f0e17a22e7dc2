"""Grad-CAM: which parts of a photo the predicted class depends on.

**What it does.** Weights each channel of the last feature map by the gradient of the predicted class's score, sums them and keeps
the positive part: a coarse heat map, laid over the photo.

**When to use it.** To see whether a model looks at the subject or at its background; first of all for its mistakes.

**Defaults.** The eight photos of a test with the highest loss; the last feature map with more than one position.

**Source.** Selvaraju et al. 2017, "Grad-CAM: visual explanations from deep networks via gradient-based localization", section 3.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import torch
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor, nn

from ...files.output_path import output_path
from ...module_outputs.labels import label_of
from ...module_outputs.logits import extract_logits
from ..highest_loss_examples import HighestLossExamples
from ..worst_rows import Mistake
from .draw_photo import photo_grid
from .top_losses import describe_mistakes, photo_titles

_CAPTION = (
    "Yellow is where the likeliest class was seen: it should lie on the subject; where it lies on the background or on an edge, "
    "get photos with other backgrounds, or crop them."
)


def last_feature_map(module: nn.Module, x: Tensor) -> nn.Module | None:
    """Return the submodule that computes the last feature map of a convolutional network, or ``None`` if there is none.

    A feature map is an output ``[B, C, h, w]`` with sides of more than one position and at least 1/40 of the photo's: anything
    smaller lies beyond the usual stride of 32. A network that ends in a LayerNorm over tokens, as transformers do, has none.

    Args:
        module: Its ``forward`` takes ``x``.
        x: Photos ``[B, 3, H, W]``.
    """
    found: list[nn.Module | None] = [None]

    def look(part: nn.Module, inputs: Any, output: Any) -> None:
        if not isinstance(output, Tensor):
            return
        if isinstance(part, nn.LayerNorm) and output.shape[-1] == part.normalized_shape[-1]:
            found[0] = None
        elif output.ndim == 4 and min(output.shape[2:]) > 1 and 40 * min(output.shape[2:]) >= min(x.shape[2:]):
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
    """Compute a heat map for the most probable class of each photo.

    Args:
        module: Its ``forward`` takes ``x`` and returns logits.
        x: Photos ``[B, 3, H, W]``.
        layer: The submodule whose feature map ``[B, C, h, w]`` is used.
        output: The key of the logits where ``forward`` returns a dictionary.

    Returns:
        Heat ``[B, h, w]`` in 0..1, and the classes ``int64 [B]``. Gradients of parameters are left as they were.
    """
    maps: list[Tensor] = []

    def take(part: nn.Module, inputs: Any, features: Tensor) -> Tensor:
        maps.append(features.detach().requires_grad_())  # gradients start here, so a frozen network works too
        return maps[-1]

    training = {part: part.training for part in module.modules()}
    hook = layer.register_forward_hook(take)
    try:
        module.eval()
        with torch.inference_mode(False), torch.enable_grad():
            logits = extract_logits(type(module).forward(module, x.clone()), output, "GradCAM", module)
            predicted = logits.argmax(1)
            (gradient,) = torch.autograd.grad(logits.gather(1, predicted[:, None]).sum(), maps[-1])
    finally:
        hook.remove()
        for part, mode in training.items():
            part.training = mode
    heat = (gradient.mean((2, 3), keepdim=True) * maps[-1]).sum(1).relu().detach()
    return heat / heat.amax((1, 2), keepdim=True).clamp(min=1e-12), predicted


class GradCAM(HighestLossExamples):
    """Draws the photos of a test that have the highest loss with a heat map of the predicted class.

    Needs batches ``(x, y)`` with ``x`` of shape ``[B, 3, H, W]`` (others are passed over), ``test_step`` to return a dictionary
    with ``logits`` and ``target``, and a module whose ``forward`` takes photos and returns logits. Shows the single model,
    without snapshots and test-time augmentation.

    Args:
        folder: Folder of ``grad_cam.png``, relative to ``trainer.default_root_dir``.
        count: Number of photos, at most.
        layer: Name of the submodule that computes the feature map. Default: the one that :func:`last_feature_map` finds; if
            there is none, nothing is drawn.
        output: The key of the logits where ``forward`` returns a dictionary.

    Raises:
        MisconfigurationException: There is no such submodule, or ``count`` is below 1.

    Example:
        >>> import torch
        >>> from practicum.callbacks import GradCAM
        >>> from practicum.callbacks.figures.images.grad_cam import grad_cam, last_feature_map
        >>> callback = GradCAM(count=4)  # Trainer(callbacks=[callback]) draws figures/grad_cam.png after a test
        >>> conv, pool = torch.nn.Conv2d(3, 4, 3), torch.nn.AdaptiveAvgPool2d(1)
        >>> network = torch.nn.Sequential(conv, torch.nn.ReLU(), pool, torch.nn.Flatten(), torch.nn.Linear(4, 2))
        >>> photos = torch.rand(2, 3, 64, 64)
        >>> heat, predicted = grad_cam(network, photos, last_feature_map(network, photos))
        >>> heat.shape
        torch.Size([2, 62, 62])
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] = "figures",
        count: int = 8,
        layer: str | None = None,
        output: str | None = None,
    ) -> None:
        super().__init__(folder, count)
        self.layer, self.output = layer, output

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Raise if there is no such submodule, before anything is trained."""
        self._named_layer(pl_module)

    def accepts(self, x: Tensor, pl_module: LightningModule) -> bool:
        """Whether rows of ``x`` are photos."""
        return x.ndim == 4 and x.shape[1] == 3

    def show(
        self, trainer: Trainer, pl_module: LightningModule, mistakes: Sequence[Mistake], names: Sequence[str] | None
    ) -> None:
        """Draw the photos with their heat."""
        x = torch.stack([each.x for each in mistakes]).to(pl_module.device)
        layer = self._layer_of(pl_module, x)
        if layer is None:
            return
        heat, shown = grad_cam(pl_module, x, layer, self.output)
        classes = getattr(pl_module, "classes", None)
        named = [label_of(each, classes) for each in shown.cpu()]
        titles = photo_titles(mistakes, names)
        if any(each.differences for each in mistakes):  # a title of several labels does not name the likeliest
            titles = [f"heat of {name}\n{title}" for name, title in zip(named, titles, strict=True)]
        figure = photo_grid(
            [each.x for each in mistakes],
            titles,
            columns=4,
            cell=(2.2, 2.75),
            heat=list(heat.cpu()),
            heat_label="weight for the likeliest class",
        )
        centres = ", ".join(f"{_brightest(each)} ({name})" for each, name in zip(heat, named, strict=True))
        alt = f"{describe_mistakes(mistakes)} Where each is brightest: {centres}."
        path = output_path(trainer, self.folder, "grad_cam.png")
        self.write_figure(figure, path, "Grad-CAM of the highest-loss examples", _CAPTION, alt)

    def _layer_of(self, pl_module: LightningModule, x: Tensor) -> nn.Module | None:
        return last_feature_map(pl_module, x) if self.layer is None else self._named_layer(pl_module)

    def _named_layer(self, pl_module: LightningModule) -> nn.Module | None:
        if self.layer is None:
            return None
        modules = dict(pl_module.named_modules())
        if self.layer not in modules:
            held = ", ".join(name for name, _ in pl_module.named_children())
            raise MisconfigurationException(
                f"GradCAM: {type(pl_module).__name__} has no submodule {self.layer!r}; it has {held}."
            )
        return modules[self.layer]


def _brightest(heat: Tensor) -> str:
    """Where a heat map ``[h, w]`` is brightest, in words such as ``top left``."""
    row, column = divmod(int(heat.argmax()), heat.shape[1])
    vertical = ("top", "middle", "bottom")[min(2, 3 * row // heat.shape[0])]
    return f"{vertical} {('left', 'centre', 'right')[min(2, 3 * column // heat.shape[1])]}"
