"""Photos: class folders, split folders and CSVs of files in many formats, of any name, whole or damaged."""

from __future__ import annotations

import functools
import io
import random
from typing import Any

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from .given import Given
from .mutations import damage, names, rarely
from .reading import read
from .text_tables import render

MODES = ("RGB", "L", "RGBA", "P", "CMYK", "1", "I;16", "I", "F", "LA", "YCbCr")
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "ICO", "AVIF", "JPEG2000", "TGA")
SIZES = ((24, 20), (20, 24), (8, 8), (1, 1), (1, 60), (90, 2), (40, 33))
_SUFFIXES = (".jpg", ".JPG", ".png", ".jpeg", ".webp", ".tif", ".gif", "", ".heic", ".txt", ".JPEG")


@functools.lru_cache(4096)
def photo(seed: int, mode: str, form: str, size: tuple[int, int]) -> bytes:
    """A noisy photo with an EXIF block; formats that lack a mode get RGB, and those that Pillow can't write become PNG."""
    chance = np.random.default_rng(seed)
    pixels = chance.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    if mode in ("I;16", "I", "F"):
        grey = pixels[..., 0] * {"I;16": 16.0, "I": 300.0, "F": 0.01}[mode]
        kind = {"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]
        image = Image.fromarray(grey.astype(kind))
    else:
        image = image.convert(mode)
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 1 + seed % 8, "A maker"
    for picture, kind in ((image, form), (image.convert("RGB"), form), (image.convert("RGB"), "PNG")):
        file = io.BytesIO()
        try:
            picture.save(file, kind, **({"exif": exif} if kind in ("JPEG", "PNG", "WEBP", "TIFF") else {}))
        except (OSError, ValueError, KeyError):
            continue
        return file.getvalue()
    raise AssertionError(f"{mode} {form}")


def any_photo(draw: st.DrawFn, given: Given, name: str, plain: bool) -> bytes:
    """A photo, plain or of any kind, now and then damaged."""
    seed = draw(st.integers(0, 40))
    if plain:
        return photo(seed, "RGB", draw(st.sampled_from(("JPEG", "PNG"))), (24, 20))
    kind = draw(st.integers(0, 11))
    if kind == 0:
        content = draw(
            st.sampled_from((b"", b"GIF89a", b"\xff\xd8\xff", b"not a photo", b"\x89PNG\r\n\x1a\n", b"\0" * 64, _bomb()))
        )
        given.said.append(f"{name[:40]!r}: {content[:12]!r}")
        return content
    mode, form, size = draw(st.sampled_from(MODES)), draw(st.sampled_from(FORMATS)), draw(st.sampled_from(SIZES))
    given.said.append(f"{name[:40]!r}: {form} {mode} {size} {seed}")
    return damage(draw, photo(seed, mode, form, size), given.said, name, often=3)


@functools.cache
def _bomb() -> bytes:
    """A PNG whose header says 60,000 x 60,000 pixels."""
    content = bytearray(photo(0, "RGB", "PNG", (8, 8)))
    content[16:24] = (60000).to_bytes(4, "big") * 2
    return bytes(content)


@st.composite
def inputs(draw: st.DrawFn) -> Given:
    """A folder of photos and the options it is read with."""
    given = Given(use=read, module="ImageFolder", root=rarely(draw, "photos", ("my photos", "ü", "$x", "a#b")))
    given.options = _options(draw)
    layout = draw(st.sampled_from(("classes", "classes", "splits", "splits", "table", "table", "wrapper", "nested", "flat")))
    odd = draw(st.lists(names(), min_size=1, max_size=3, unique=True))
    classes = rarely(draw, ["cats", "dogs"], (odd, [odd[0], "cats"], ["cats"]), 3)
    given.said.append(f"{layout} of {[each[:20] for each in classes]}")
    plain = draw(st.booleans())  # damage in names or in pixels: both at once would hide much
    rows = [row for split in _splits(draw, layout) for row in _photos(draw, given, split, layout, classes, plain)]
    if layout == "table":
        _table(draw, given, rows)
    if rarely(draw, False, (True,)):
        _links(draw, given, rows)
    if draw(st.booleans()):
        given.new = draw(st.sampled_from((given.root, "new", "one.jpg")))
        given.files["one.jpg"] = any_photo(draw, given, "one.jpg", plain=False)
        for name in draw(st.lists(names(), max_size=3, unique=True)):
            given.files[f"new/{name}"] = any_photo(draw, given, name, plain=False)
    given.again = draw(st.sampled_from(("", "", "as it is", "damaged")))
    return given


def _options(draw: st.DrawFn) -> dict[str, Any]:
    options: dict[str, Any] = {"size": draw(st.sampled_from((8, 16, 9))), "batch_size": draw(st.integers(1, 4)), "num_workers": 0}
    options["cache_gb"] = draw(st.sampled_from((1.0, 1.0, 0.0, 1e-6)))
    options |= draw(st.sampled_from(({}, {}, {"mixup": 0.4}, {"cutmix": 1.0}, {"valid_fraction": 0.9}, {"crop_fraction": 0.1})))
    return options


def _splits(draw: st.DrawFn, layout: str) -> list[str]:
    if layout != "splits":
        return [""]
    one = rarely(draw, "train", ("training_set", "Train", "seg_train", "training"), 4)
    more = st.lists(
        st.sampled_from(("valid", "val", "test", "test_set", "dev", "seg_test", "eval", "pred")), max_size=2, unique=True
    )
    return [one, *rarely(draw, ["valid"], (draw(more),), 2)]


def _photos(draw: st.DrawFn, given: Given, split: str, layout: str, classes: list[str], plain: bool) -> list[tuple[str, str]]:
    """Add one split's photos; returns their names below the root, and their classes."""
    rows = []
    for label in classes:
        between = {"wrapper": "download/", "nested": f"{label}/", "flat": ""}.get(layout, "")
        folder = between if layout in ("flat", "table") else f"{between}{label}/"
        for number in range(rarely(draw, 4, (1, 2), 6)):
            stem = draw(names()) if plain and rarely(draw, False, (True,), 12) else f"{number}"
            name = f"{split}{'/' if split else ''}{folder}{stem}{draw(st.sampled_from(_SUFFIXES)) if not plain else '.jpg'}"
            if layout in ("flat", "table"):
                name = f"{label[:20]}{name}"
            given.files[f"{given.root}/{name}"] = any_photo(draw, given, name, plain)
            rows.append((name, label))
    return rows


def _table(draw: st.DrawFn, given: Given, rows: list[tuple[str, str]]) -> None:
    header = rarely(draw, ("file", "label"), (("image", "class"), ("label", "file"), ("file", "file")))
    columns = [[name for name, _ in rows], [label for _, label in rows]]
    table = [list(header), *map(list, zip(*columns, strict=True))]
    if draw(st.integers(0, 2)) == 0:
        chance = random.Random(draw(st.integers(0, 99)))
        table = [
            [*row, chance.choice(("train", "train", "valid", "valid", "Val" if chance.random() < 0.9 else ""))] for row in table
        ]
        table[0][-1] = "split"
        given.options["split_column"] = "split"
    given.options |= {"csv": "labels.csv", "file_column": header[0], "label_column": header[1]}
    if rarely(draw, False, (True,), 6):
        given.options["label_separator"] = draw(st.sampled_from((" ", "|", ",")))
    given.files[f"{given.root}/labels.csv"] = render(draw, table, given.said, "labels.csv")


def _links(draw: st.DrawFn, given: Given, rows: list[tuple[str, str]]) -> None:
    """Links within the folder, out of it, to nothing, and in a circle."""
    first = rows[0][0].rpartition("/")[0]
    target = draw(st.sampled_from((".", "..", "../../earlier", "nowhere", "/etc", "link", "/dev/zero", "0.jpg")))
    given.links[f"{given.root}/{first}{'/' if first else ''}link"] = target
    given.said.append(f"link in {first!r} to {target}")
