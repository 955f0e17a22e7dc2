"""Decode one photo: upright, RGB, 8 bit, at the size that is needed.

JPEG files are decoded at reduced scale where that suffices (libjpeg's *draft* mode: a photo of 4000x3000 costs little more
than one of 500x375). EXIF orientation is applied. CMYK, palette, grey, 16-bit and transparent images become RGB, with
transparency as white. Only the formats below are tried, and nothing larger than ``max_pixels`` is decoded: a decompression
bomb is rejected by its header.
"""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")
MAX_PIXELS = 100_000_000  # 10,000 x 10,000
MAX_ASPECT = 3.0  # longer photos are cropped: a panorama would otherwise take the memory of hundreds

Pixels = NDArray[np.uint8]


class UnusablePhoto(Exception):
    """A file that can't be used as a photo; its message says why in a few words."""


def decode_photo(path: str | os.PathLike[str], short_side: int, max_pixels: int = MAX_PIXELS) -> Pixels:
    """Decode a photo and resize its shorter side to ``short_side`` pixels.

    Args:
        path: Any file; its extension doesn't matter.
        short_side: Shorter side of the result, in pixels.
        max_pixels: Reject images with more pixels than this.

    Returns:
        ``uint8 [H, W, 3]``, RGB.

    Raises:
        UnusablePhoto: Not an image, empty, broken, truncated or too large.
        OSError: The file can't be opened at all.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            width, height = image.size
            if width * height > max_pixels:
                raise UnusablePhoto(f"too large ({width} x {height} pixels)")
            image.draft("RGB", (short_side, short_side))
            return _resize(_to_rgb(ImageOps.exif_transpose(image)), short_side)
    except UnusablePhoto:
        raise
    except Image.DecompressionBombError as error:
        raise UnusablePhoto("too large (decompression bomb)") from error
    except UnidentifiedImageError as error:
        empty = os.path.getsize(path) == 0
        raise UnusablePhoto("empty file" if empty else "not an image") from error
    except (FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except (OSError, ValueError, SyntaxError, EOFError, ZeroDivisionError, MemoryError, OverflowError) as error:
        # PIL's decoders report damage by any of these.
        what = "truncated" if "truncated" in str(error) else f"broken ({' '.join(str(error).split())[:60]})"
        raise UnusablePhoto(what) from error


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):  # 16 or 32 bit grey
        grey = np.asarray(image, dtype=np.float32)
        white = 65535.0 if image.mode.startswith("I") else max(1.0, float(grey.max()))
        return Image.fromarray((grey * (255 / white)).clip(0, 255).astype(np.uint8)).convert("RGB")
    if "A" in image.mode or "transparency" in image.info:
        image = image.convert("RGBA")
        canvas = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(canvas, image).convert("RGB")
    return image.convert("RGB")


def _resize(image: Image.Image, short_side: int) -> Pixels:
    width, height = image.size
    longest = int(min(width, height) * MAX_ASPECT)
    if max(width, height) > longest:
        left, top = max(0, (width - longest) // 2), max(0, (height - longest) // 2)
        image = image.crop((left, top, left + min(width, longest), top + min(height, longest)))
        width, height = image.size
    scale = short_side / min(width, height)
    size = (max(short_side, round(width * scale)), max(short_side, round(height * scale)))
    if size != image.size:
        image = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(image)


def center_crop(photo: Pixels, size: int) -> Pixels:
    """The center square of ``size`` pixels of a photo ``[H, W, 3]``: the plain view."""
    height, width = photo.shape[:2]
    top, left = (height - size) // 2, (width - size) // 2
    return photo[top : top + size, left : left + size]
