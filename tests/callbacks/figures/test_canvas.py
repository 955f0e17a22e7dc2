"""Figures and lists are whole files, in colours for light and dark screens."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from PIL import Image
from practicum.callbacks.figures.canvas import (
    BLUE,
    INK,
    css_pixels,
    data_url,
    new_figure,
    save_figure,
    save_text,
    theme_css,
    themed_svg,
)


def test_a_figure_has_its_size_and_leaves_no_other_file(tmp_path: Path) -> None:
    figure = new_figure(3, 2)
    figure.add_subplot().plot([1, 2])
    save_figure(figure, tmp_path / "new" / "a.png")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["a.png", "a.svg"]
    with Image.open(tmp_path / "new" / "a.png") as picture:
        assert (picture.format, picture.size) == ("PNG", (360, 240))


def test_lists_are_written_whatever_is_in_names(tmp_path: Path) -> None:
    save_text("caf\udce9/1.jpg\nGröße", tmp_path / "new" / "a.txt")
    assert (tmp_path / "new" / "a.txt").read_text(encoding="utf-8") == "caf\\udce9/1.jpg\nGröße\n"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.txt"]


def test_a_figure_keeps_what_is_said_of_it(tmp_path: Path) -> None:
    figure = new_figure(3, 2)
    figure.text(0.5, 0.5, "x")
    figure._numbers = {"고양이": 1}
    save_figure(figure, tmp_path / "a.png", "Cats", "Look at them.", "2 cats.")
    with Image.open(tmp_path / "a.png") as picture:
        said = picture.text  # type: ignore[attr-defined]
    assert [said[key] for key in ("Title", "Comment", "Description")] == ["Cats", "Look at them. [1] 고양이", "2 cats."]


def test_an_svg_has_no_ground_and_the_colours_of_the_screen() -> None:
    figure = new_figure(3, 2)
    axes = figure.add_subplot()
    axes.plot([1, 2], color=BLUE)
    axes.set_title("<a> & $b")
    svg = themed_svg(figure)
    assert svg.count(theme_css()) == 1
    assert "prefers-color-scheme:dark" in svg
    drawn = svg.replace(theme_css(), "")
    assert "stroke: var(--accent)" in drawn
    assert not any(colour in drawn for colour in (BLUE, INK, "#000000", "#ffffff"))
    texts = [each.text for each in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert "<a> & $b" in texts
    assert not re.search(r"(?<!xmlns)(?<!xmlns:xlink)=.https?:", svg)  # loads nothing
    assert base64.b64decode(data_url(svg).partition(",")[2]).decode() == svg


def test_photos_become_small_and_flat_pictures_stay_exact() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    sizes = {}
    for name, pixels in (("photo", noise), ("flat", np.zeros((2, 2, 3), dtype=np.uint8))):
        figure = new_figure(2, 2)
        figure.add_axes((0, 0, 1, 1)).imshow(pixels)
        kind, data = re.findall(r"data:image/(\w+);base64,([^\"]+)", themed_svg(figure))[0]
        with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
            assert picture.format == kind.upper()
        sizes[name] = (kind, len(data))
    assert sizes["photo"][0] == "webp"
    assert sizes["photo"][1] < noise.size
    assert sizes["flat"][1] < 2000


def test_a_png_of_an_inch_is_an_inch_on_the_page() -> None:
    assert css_pixels(120) == 96
