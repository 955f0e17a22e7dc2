"""Generated folders: complete or absent, generated once, and a function of the seed whatever the order of threads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from practicum.datamodules.synthetic.generate import atomic_folder, generate_once, render_folder


def test_a_folder_is_complete_or_absent(tmp_path: Path) -> None:
    def interrupted() -> None:
        with atomic_folder(tmp_path / "a") as work:
            (work / "file").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []
    with atomic_folder(tmp_path / "a") as work:
        (work / "file").touch()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_it_is_generated_once(tmp_path: Path) -> None:
    generate_once(tmp_path / "deep" / "a", lambda folder: folder.mkdir())
    generate_once(tmp_path / "deep" / "a", lambda folder: folder.mkdir())  # which would fail
    assert (tmp_path / "deep" / "a").is_dir()


def test_photos_depend_on_seed_and_place_alone(tmp_path: Path) -> None:
    def render(shade: int, rng: np.random.Generator) -> Image.Image:
        return Image.fromarray(rng.integers(0, shade, (16, 16, 3), dtype=np.uint8))

    photos = [(f"{i % 2}/{i}.jpg", 50 + i) for i in range(12)]
    for name in ("a", "b"):
        render_folder(tmp_path / name, photos, render, 3, {"answer.json": "{}"}, "noise")
    render_folder(tmp_path / "c", photos, render, 4, {}, "noise")
    files = [name for name, _ in photos]
    assert (tmp_path / "a" / "answer.json").read_text(encoding="utf-8") == "{}"
    assert all((tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes() for file in files)
    assert all((tmp_path / "a" / file).read_bytes() != (tmp_path / "c" / file).read_bytes() for file in files)
