"""Synthetic cats and dogs: Kaggle's layouts, 120 breeds, and breeds that differ in colour."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from practicum.datamodules.synthetic import pets


def test_there_are_120_breeds() -> None:
    assert len(pets.breeds()) == 120
    assert list(pets.breeds()) == sorted(pets.breeds())


def test_files_are_kaggles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pets, "CATS_AND_DOGS", {"train": 2, "test": 3})
    monkeypatch.setattr(pets, "BREED_PHOTOS", {"train": 1, "test": 2})
    monkeypatch.setattr(pets, "COLOURS", {"collie": (0.85, 0.82, 0.76)})
    pets.generate_cats_and_dogs(tmp_path / "both")
    assert sorted(path.name for path in (tmp_path / "both" / "train").iterdir()) == [
        "cat.0.jpg",
        "cat.1.jpg",
        "dog.0.jpg",
        "dog.1.jpg",
    ]
    assert sorted(path.name for path in (tmp_path / "both" / "test").iterdir()) == ["1.jpg", "2.jpg", "3.jpg"]
    pets.generate_dog_breeds(tmp_path / "breeds")
    with open(tmp_path / "breeds" / "labels.csv", newline="", encoding="utf-8") as file:
        labels = {row["id"]: row["breed"] for row in csv.DictReader(file)}
    assert {path.stem for path in (tmp_path / "breeds" / "train").iterdir()} == set(labels)
    assert set(labels.values()) == set(pets.breeds())


def test_a_coat_has_its_breeds_colour() -> None:
    def brightness(colour: str) -> float:
        pet = pets.Pet("dog", colour, "plain", "standing")
        photos = [np.asarray(pets.render_pet(pet, np.random.default_rng(seed)), float) for seed in range(6)]
        return float(np.mean([photo[photo.shape[0] // 2 :].mean() for photo in photos]))

    assert brightness("eskimo") > brightness("hound") > brightness("kelpie")
