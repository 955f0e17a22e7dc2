"""Cats and dogs as both sides read them: as many photos as the course's article has of two classes."""

from __future__ import annotations

from pathlib import Path

PHOTOS = {"train": (290, 290), "val": (118, 117)}  # cats and dogs


def draw_pets(folder: Path) -> None:
    """Draw ``train/cat/0.jpg`` ... and ``val/dog/0.jpg`` ... unless they are there.

    Raises:
        SystemExit: The folder holds something else.
    """
    from practicum.datamodules.synthetic.generate import generate_once, render_folder
    from practicum.datamodules.synthetic.pets import Pet, render_pet

    if folder.is_dir() and not (folder / "val" / "dog").is_dir():
        raise SystemExit(f"{folder}: holds no cats and dogs of an earlier run; give a folder that is not there, to draw them in.")
    named = [
        (f"{split}/{kind}/{number}.jpg", Pet(kind))
        for split, counts in PHOTOS.items()
        for kind, count in zip(("cat", "dog"), counts, strict=True)
        for number in range(count)
    ]
    generate_once(folder, lambda place: render_folder(place, named, render_pet, 1, {}, "cats and dogs"))
