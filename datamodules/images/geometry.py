"""Views of photos as tensors: one homography, one bilinear resampling, and the change of light and contrast."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


def view_matrix(
    share: float,
    center: tuple[float, float] = (0.0, 0.0),
    degrees: float = 0.0,
    symmetry: int = 0,
    warp: tuple[float, float] = (0.0, 0.0),
) -> list[float]:
    """The homography from a view to the square window that it shows; coordinates of both run from -1 to 1 on each axis.

    Args:
        share: Side of the view relative to the window's.
        center: Position of the view's center in the window, ``(x, y)``.
        degrees: Rotation, clockwise.
        symmetry: One of the square's eight (dihedral group D4): bit 0 flips horizontally, bit 1 vertically, bit 2 transposes.
        warp: Perspective tilt about the vertical and the horizontal axis: opposite sides get the ratio ``(1 + w) / (1 - w)``.

    Returns:
        The matrix's nine entries, row by row.

    Example:
        >>> from practicum.datamodules.images.geometry import view_matrix
        >>> view_matrix(0.5, center=(0.25, 0.0))
        [0.5, 0.0, 0.25, 0.0, 0.5, 0.0, 0.0, 0.0, 1.0]
    """
    cos, sin = share * math.cos(math.radians(degrees)), share * math.sin(math.radians(degrees))
    rotation = np.array([[cos, sin], [-sin, cos]])
    flip = np.diag([-1.0 if symmetry & 1 else 1.0, -1.0 if symmetry & 2 else 1.0])
    if symmetry & 4:
        flip = flip @ np.array([[0.0, 1.0], [1.0, 0.0]])
    matrix = np.eye(3)
    matrix[:2, :2] = rotation @ flip
    matrix[:2, 2] = center
    # The tilt comes first: it is the view's own plane that is tilted.
    return (matrix @ np.array([[1, 0, 0], [0, 1, 0], [*warp, 1]])).reshape(-1).tolist()


def resample(windows: Tensor, matrices: Tensor, size: int) -> Tensor:
    """Resample one view of each window bilinearly, with reflection beyond the border.

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
    """Change contrast about each photo's mean grey, then brightness, as torchvision's ``adjust_*`` functions do.

    Args:
        photos: Floating point ``[B, 3, H, W]`` in 0..255.
        contrast: Factors ``[B]``; 1 changes nothing.
        brightness: Factors ``[B]``; 1 changes nothing.

    Returns:
        The same shape, not yet clamped to 0..255.
    """
    weights = torch.tensor([0.299, 0.587, 0.114], dtype=photos.dtype, device=photos.device)  # luma of ITU-R BT.601
    grey = photos.mean((2, 3)) @ weights
    contrast, brightness = contrast.to(photos), brightness.to(photos)
    return photos.mul((contrast * brightness)[:, None, None, None]).add_(
        ((1 - contrast) * grey * brightness)[:, None, None, None]
    )
