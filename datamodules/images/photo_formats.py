"""Which image formats are read, and what a file is that is none of them.

What Pillow reads safely here is read: JPEG, PNG, WebP, BMP, GIF, TIFF, AVIF, JPEG 2000 and PPM; HEIC and JPEG XL where their
plug-ins are installed. Of another file the format is named, and what reads or converts it.
"""

from __future__ import annotations

import functools
import importlib
import re

from PIL import Image

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF", "JPEG2000", "PPM")
_PLUGINS = {"HEIF": ("pillow_heif", "register_heif_opener"), "JXL": ("pillow_jxl", "")}  # Pillow's name: module, what it calls
_RAW = "raw photo of a camera: develop it to JPEG or TIFF"
_CONVERT = "convert it to PNG or JPEG"

# What a file begins with, and what that means where Pillow can't open it.
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (rb"\xff\xd8\xff", "broken (JPEG header)"),
    (rb"\x89PNG", "broken (PNG header)"),
    (rb"GIF8", "broken (GIF header)"),
    (rb"RIFF....WEBP", "broken (WebP header)"),
    (rb".{4}ftyp(avif|avis)", "AVIF: damaged, or this Pillow is built without it (11.3 or later reads it)"),
    (rb".{4}ftyp(hei[cxms]|hev[cx]|mif1|msf1)", "HEIC: needs the package pillow-heif (pip install pillow-heif)"),
    (rb".{4}ftypcrx|FUJIFILMCCD-RAW|II(RO|RS|U\0)|(II\*\0|MM\0\*).{4}CR|\0MRM|FOVb", _RAW),
    (rb".{4}ftyp|\x1aE\xdf\xa3|RIFF....AVI|\0\0\x01\xba", "video"),
    (rb"\xff\x0a|\0\0\0\x0cJXL ", "JPEG XL: needs the package pillow-jxl-plugin (pip install pillow-jxl-plugin)"),
    (rb"\0\0\0\x0cjP  |\xffO\xffQ", "broken (JPEG 2000 header)"),
    (rb"II\*\0|MM\0\*|II\+\0|MM\0\+", "TIFF of a kind that Pillow can't read (or damaged): convert it to PNG or 8-bit TIFF"),
    (rb"II\xbc", f"JPEG XR: {_CONVERT}"),
    (rb"%PDF", "PDF: export its pages as PNG"),
    (rb".{128}DICM", "DICOM: convert it to PNG or TIFF"),
    (rb"\s*(<\?xml[^>]*>\s*)?(<!--.*-->\s*)?(<!DOCTYPE svg|<svg)", f"SVG: {_CONVERT}"),
)


@functools.cache
def formats() -> tuple[str, ...]:
    """Pillow's names of the formats that it may try here; those of installed plug-ins are among them.

    Example:
        >>> from practicum.datamodules.images.photo_formats import formats
        >>> {"JPEG", "PNG", "TIFF"} <= set(formats()), "EPS" in formats()
        (True, False)
    """
    Image.init()
    for module, register in _PLUGINS.values():
        try:
            plugin = importlib.import_module(module)
            if register:
                getattr(plugin, register)()
        except Exception:  # not installed, or built for another Pillow: photos of that format are then left out by name
            continue
    return tuple(name for name in (*FORMATS, *_PLUGINS) if name in Image.OPEN)


def what_it_is(head: bytes) -> str:
    """What a file that Pillow does not open as a photo is, in a few words, and what helps.

    Args:
        head: Its first bytes; 256 suffice.

    Example:
        >>> from practicum.datamodules.images.photo_formats import what_it_is
        >>> what_it_is(bytes(4) + b"ftypheic")
        'HEIC: needs the package pillow-heif (pip install pillow-heif)'
        >>> what_it_is(b"<html>404</html>")
        'not an image'
    """
    if not head:
        return "empty file"
    for pattern, meaning in _SIGNATURES:
        if re.match(pattern, head, re.DOTALL):
            return meaning
    for name, (_, accepts) in Image.OPEN.items():
        if name not in formats() and accepts is not None and len(head) > 16 and _accepts(accepts, head):
            return f"{name} image: {_CONVERT}"
    return "not an image"


def _accepts(accepts: object, head: bytes) -> bool:
    try:
        return accepts(head[:16]) is True  # type: ignore[operator]
    except Exception:  # of bytes that none of Pillow's own plug-ins has seen
        return False
