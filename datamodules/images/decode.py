"""Decode one photo: upright, RGB, 8 bit, at the size that is needed.

JPEG files are decoded at reduced scale where that suffices (libjpeg's *draft* mode: a photo of 4000x3000 costs little more
than one of 500x375). Of the EXIF data only the orientation is read; where they are damaged, the photo is taken as it lies. CMYK,
palette, grey and transparent images become RGB, with transparency as white; for grey of more than 8 bits see :mod:`.deep_grey`.
Only the formats of :mod:`.photo_formats` are tried, and nothing larger than ``max_pixels`` is decoded: a decompression bomb is
rejected by its header.

How a photo becomes a square is timm's ``crop_mode``: ``center`` cuts the middle out, ``squash`` changes the aspect ratio, and
``border`` pads. The latter two show the whole photo.
"""

from __future__ import annotations

import errno
import os
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from .deep_grey import GreyRule, eight_bits, levels_of, usual_range
from .photo_formats import formats, what_it_is

MAX_PIXELS = 120_000_000  # phones take photos of 12,000 x 9,000
MAX_ASPECT = 3.0  # longer photos are cropped (crop_mode=center): a panorama would otherwise take the memory of hundreds
CropMode: TypeAlias = Literal["center", "squash", "border"]
BORDER = (124, 116, 104)  # the mean colour of ImageNet, as in timm: once normalised, about 0

# What goes wrong with a file as such rather than with what it holds. Decoders, too, raise OSError: without a number, or EINVAL.
_OPENING = frozenset(
    getattr(errno, name)
    for name in ("ENOENT", "EACCES", "EPERM", "EISDIR", "ENOTDIR", "EIO", "ESTALE", "EMFILE", "ENFILE", "ELOOP", "ENAMETOOLONG")
    if hasattr(errno, name)
)
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SUB_IFDS, _DNG_VERSION, _SUBFILE_TYPE = 330, 50706, 254

Pixels = NDArray[np.uint8]


class UnusablePhoto(Exception):
    """A file that can't be used as a photo; its message says why in a few words."""


def decode_photo(
    path: str | os.PathLike[str],
    short_side: int,
    max_pixels: int = MAX_PIXELS,
    grey_rule: GreyRule = usual_range,
    crop_mode: CropMode = "center",
) -> Pixels:
    """Decode a photo and resize it: its shorter side to ``short_side`` pixels, or as ``crop_mode`` says.

    Args:
        path: Any file; its extension doesn't matter.
        short_side: Side of the square, in pixels, that the result covers.
        max_pixels: Reject images with more pixels than this.
        grey_rule: Given the levels of a grey photo of more than 8 bits, says which become black and white.
        crop_mode: ``center``: the shorter side becomes ``short_side``; ``squash``: both sides; ``border``: the longer side, and
            :func:`pad_to_square` adds the rest.

    Returns:
        ``uint8 [H, W, 3]``, RGB.

    Raises:
        UnusablePhoto: Not an image, empty, broken, truncated or too large.
        OSError: The file can't be opened at all.
    """
    try:
        with Image.open(path, formats=formats()) as image:
            width, height = image.size
            if width * height > max_pixels:
                raise UnusablePhoto(f"too large ({width} x {height} pixels, more than max_pixels={max_pixels})")
            if min(width, height) < 1 or not _is_covered(image):
                raise UnusablePhoto("broken (pixels are missing)")
            if _is_thumbnail(image):
                raise UnusablePhoto(what_it_is(b"FUJIFILMCCD-RAW"))
            sixteen_bits = any(";16" in str(tile[3]) for tile in _tiles(image))
            image.draft("RGB", (short_side, short_side))
            image.load()
            upright = _upright(image)
            wanted = _cut(upright) if crop_mode == "center" else upright
            return _resize(_to_rgb(wanted, sixteen_bits, grey_rule), short_side, crop_mode)
    except UnusablePhoto:
        raise
    except Image.DecompressionBombError as error:
        raise UnusablePhoto("too large (decompression bomb)") from error
    except UnidentifiedImageError as error:
        with open(path, "rb") as file:
            raise UnusablePhoto(what_it_is(file.read(256))) from error
    except Exception as error:  # PIL's decoders report damage by whatever a wrong number leads to: struct.error, KeyError, ...
        if isinstance(error, OSError) and error.errno in _OPENING:
            raise
        text = " ".join(str(error).split()) or type(error).__name__
        raise UnusablePhoto("truncated" if "truncated" in text else f"broken ({text[:60]})") from error


def _tiles(image: Image.Image) -> list[Any]:
    return getattr(image, "tile", [])


def _is_covered(image: Image.Image) -> bool:
    """Whether a TIFF's strips or tiles reach its borders: with a damaged size the rest would be black."""
    corners = [tile[1] for tile in _tiles(image) if tile[1] is not None]
    if image.format != "TIFF" or not corners:
        return True
    return all(max(each[2 + axis] for each in corners) >= image.size[axis] for axis in (0, 1))


def _is_thumbnail(image: Image.Image) -> bool:
    """Whether a TIFF is a camera's raw photo, of which Pillow sees the thumbnail only."""
    tags: Any = getattr(image, "tag_v2", {})
    return image.format == "TIFF" and (_DNG_VERSION in tags or (_SUB_IFDS in tags and tags.get(_SUBFILE_TYPE) == 1))


def _upright(image: Image.Image) -> Image.Image:
    """The photo as the camera was held; as it lies where its EXIF data can't be read."""
    try:
        method = _UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # struct.error, SyntaxError, TypeError: one damaged field must not cost the pixels, which are whole
        return image
    return image if method is None else image.transpose(method)


def _to_rgb(image: Image.Image, sixteen_bits: bool, grey_rule: GreyRule) -> Image.Image:
    if image.mode.startswith(("I", "F")):  # 16 or 32 bit grey
        values = np.asarray(image)
        return Image.fromarray(eight_bits(values, grey_rule(levels_of(values)))).convert("RGB")
    if sixteen_bits and max(high for _, high in _extrema(image)[:3]) < 16:  # Pillow keeps the upper 8 of 16 bits
        raise UnusablePhoto("16-bit colour of which 12 bits or fewer are used: convert it to 8 bits")
    if "A" in image.mode or "transparency" in image.info:
        image = image.convert("RGBA")
        canvas = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(canvas, image).convert("RGB")
    return image.convert("RGB")


def _extrema(image: Image.Image) -> list[Any]:
    found: Any = image.getextrema()
    return list(found) if isinstance(found[0], tuple) else [found]


def _cut(image: Image.Image) -> Image.Image:
    """The middle of a photo that is longer than ``MAX_ASPECT``."""
    width, height = image.size
    longest = int(min(width, height) * MAX_ASPECT)
    if max(width, height) <= longest:
        return image
    left, top = max(0, (width - longest) // 2), max(0, (height - longest) // 2)
    return image.crop((left, top, left + min(width, longest), top + min(height, longest)))


def _resize(image: Image.Image, short_side: int, crop_mode: CropMode) -> Pixels:
    width, height = image.size
    if crop_mode == "squash":
        size = (short_side, short_side)
    elif crop_mode == "border":
        scale = short_side / max(width, height)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
    else:
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


def pad_to_square(photo: Pixels, side: int) -> Pixels:
    """A photo ``[H, W, 3]`` in the middle of a square of ``side`` pixels, which is at least as long as its sides.

    Example:
        >>> import numpy as np
        >>> from practicum.datamodules.images.decode import pad_to_square
        >>> pad_to_square(np.zeros((1, 3, 3), np.uint8), 3)[:, 1, 0].tolist()
        [124, 0, 124]
    """
    height, width = photo.shape[:2]
    top, left = (side - height) // 2, (side - width) // 2
    square = np.empty((side, side, 3), np.uint8)
    square[:] = BORDER
    square[top : top + height, left : left + width] = photo
    return square
