"""An image classifier with what is done to a photo before: resized, the center square cut out, normalised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from practicum.datamodules.images.decode import MAX_ASPECT, UnusablePhoto, center_crop, decode_photo
from practicum.datamodules.images.deep_grey import GreyRange, Levels, parse_ranges, shown, usual_range
from practicum.lightning_shim import MisconfigurationException
from practicum.modules.objectives.multi_label import MultiLabel
from torch import Tensor, nn

from .deployable import Call, Deployable, GraphInput

INPUT = "photo"
_RESIZES = (
    "Pixels of the size that training used are taken as they are; of others the shorter side is resized by an antialiased "
    "bilinear filter, which differs from Pillow's by one level in a hundred pixels, and by more where training decoded large "
    "JPEG files at a reduced scale: resize with Pillow first where that matters."
)


class PhotoWindow(nn.Module):
    """Resizes photos ``uint8 [B, H, W, 3]`` and cuts out the center ``uint8 [B, 3, size, size]``.

    Args:
        size: Side of the square.
        short_side: What the shorter side is resized to.
    """

    def __init__(self, size: int, short_side: int) -> None:
        super().__init__()
        self.size, self.short_side = size, short_side

    def forward(self, photos: Tensor) -> Tensor:
        """The centers."""
        planes = photos.permute(0, 3, 1, 2)
        shorter = torch.sym_min(*planes.shape[2:])
        for axis in (2, 3):  # the middle of a panorama
            side = planes.shape[axis]
            kept = torch.sym_min(side, int(MAX_ASPECT) * shorter)
            planes = _cut(planes, axis, (side - kept) // 2, kept)
        height, width = planes.shape[2:]
        # Rounded in whole numbers: what becomes of a float of a variable size can't be exported.
        scaled = [(2 * side * self.short_side + shorter) // (2 * shorter) for side in (height, width)]
        sides: Any = [torch.sym_max(self.short_side, each) for each in scaled]
        resized = nn.functional.interpolate(planes, size=sides, mode="bilinear", antialias=True)
        top, left = ((each - self.size) // 2 for each in sides)
        return _cut(_cut(resized, 2, top, self.size), 3, left, self.size)


def _cut(planes: Tensor, axis: int, start: Any, length: Any) -> Tensor:
    """Some rows or columns, copied: of a view torch.export would fix whether it is the whole, and refuse other photos."""
    return planes.index_select(axis, start + torch.arange(length, device=planes.device))


class PhotoPredictor(nn.Module):
    """Probabilities ``[B, classes]`` of windows ``uint8 [B, 3, size, size]``.

    Args:
        model: An image classifier.
        temperature: What its logits are divided by.
    """

    def __init__(self, model: Any, temperature: float = 1.0) -> None:
        super().__init__()
        self.model, self.temperature = model, temperature

    def forward(self, windows: Tensor) -> Tensor:
        """The probabilities."""
        return self.model.objective.predict(self.model(windows) / self.temperature)


def photo_deployable(model: Any, data: Any, paths: Sequence[Path], temperature: float = 1.0) -> Deployable:
    """An image classifier, ready to be exported.

    Args:
        model: The module.
        data: Its data module, for the sizes of photos.
        paths: Photos to check it on.
        temperature: What its logits are divided by.

    Raises:
        MisconfigurationException: None of the photos can be read, or they become squares by squeezing or padding.
    """
    if data.crop_mode != "center":
        raise MisconfigurationException(
            f"the run's photos become squares by crop_mode={data.crop_mode}, and the exported graph can only cut their center "
            "out; predict with predict.py, or train with data.crop_mode=center."
        )
    window, predictor = PhotoWindow(data.size, data.short_side), PhotoPredictor(model, temperature)
    ranges = parse_ranges(data.view_options["grey_range"], "export")
    calls = [call for path in paths for call in _calls(path, predictor, data, ranges)]
    if not calls:
        raise MisconfigurationException(f"{paths[0] if paths else 'input'}: no photo that can be read to check the export on.")
    example = torch.zeros(2, data.short_side + 8, data.short_side + 24, 3, dtype=torch.uint8)
    meaning = f"RGB photos of any size, decoded and upright, 0 to 255. {_RESIZES}"
    facts = {"classes": model.classes, "multi_label": model.multi_label, "size": data.size, "short_side": data.short_side}
    if ranges:
        meaning += f" Of grey photos of more than 8 bits {shown(ranges)} is black to white, 0 to 255."
        facts["grey_range"] = {kind: list(each) for kind, each in ranges.items()}
    if isinstance(model.objective, MultiLabel):
        facts["threshold"] = float(model.threshold)
    return Deployable(
        "photos",
        nn.Sequential(window, predictor),
        {INPUT: GraphInput(("batch", "height", "width", None), example, meaning)},
        "probabilities",
        calls,
        facts,
    )


def _calls(path: Path, predictor: nn.Module, data: Any, ranges: Mapping[str, GreyRange]) -> list[Call]:
    """A photo as training sees it, and as it is."""

    def grey(levels: Levels) -> GreyRange:
        return ranges.get(levels.kind) or usual_range(levels)

    try:
        with Image.open(path) as image:
            whole = min(image.size)
        small, large = (decode_photo(path, side, data.max_pixels, grey) for side in (data.short_side, whole))
    except (UnusablePhoto, OSError):  # listed in rejected.csv, as in training
        return []
    window = torch.from_numpy(np.ascontiguousarray(center_crop(small, data.size).transpose(2, 0, 1)))[None]
    wanted = predictor(window)
    return [Call({INPUT: each[None]}, wanted, exact) for each, exact in ((small, True), (large, False))]
