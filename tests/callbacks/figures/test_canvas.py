"""Figures and lists are whole files."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from practicum.callbacks.figures.canvas import new_figure, save_figure, save_text


def test_a_figure_has_its_size_and_leaves_no_other_file(tmp_path: Path) -> None:
    figure = new_figure(3, 2)
    figure.add_subplot().plot([1, 2])
    save_figure(figure, tmp_path / "new" / "a.png")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.png"]
    with Image.open(tmp_path / "new" / "a.png") as picture:
        assert (picture.format, picture.size) == ("PNG", (360, 240))


def test_lists_are_written_whatever_is_in_names(tmp_path: Path) -> None:
    save_text("caf\udce9/1.jpg\nGröße", tmp_path / "new" / "a.txt")
    assert (tmp_path / "new" / "a.txt").read_text(encoding="utf-8") == "caf\\udce9/1.jpg\nGröße\n"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.txt"]
