"""The first training batch, as it is shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from PIL import Image
from practicum.callbacks import ExampleBatch
from practicum.callbacks.figures.images.example_batch import labelled_photos
from practicum.lightning_shim import Trainer


def test_photos_have_their_labels() -> None:
    x = torch.rand(5, 3, 4, 4)
    photos, labels = labelled_photos((x, torch.tensor([1, 0, 0, 1, 1])), 3, ["ant", "bee"]) or ([], [])
    assert torch.equal(torch.stack(photos), x[:3])
    assert labels == ["bee", "ant", "ant"]
    several = labelled_photos((x, torch.tensor([[1, 1], [0, 0], [0, 1], [1, 0], [0, 0]])), 9, None)
    assert several is not None
    assert several[1] == ["0, 1", "none", "1", "0", "none"]


def test_other_batches_are_passed_over() -> None:
    assert labelled_photos((torch.zeros(2, 7, dtype=torch.long), torch.zeros(2)), 3, None) is None
    assert labelled_photos(((torch.zeros(2, 1), torch.zeros(2, 1)), torch.zeros(2)), 3, None) is None


def test_is_drawn_once_a_fit(
    known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer], tmp_path: Path, is_png: Callable[[Path], bool]
) -> None:
    make_trainer(callbacks=[ExampleBatch(tmp_path / "here")]).fit(known_classifier(), known_photos)
    assert is_png(tmp_path / "here" / "example_batch.png")


@pytest.mark.parametrize(("width", "drawn"), [(3, True), (2, False)])
def test_where_features_are_trained_on_their_photos_are_shown(tmp_path: Path, width: int, drawn: bool) -> None:
    data = SimpleNamespace(example_batch=lambda: (torch.rand(4, width, 8, 8), torch.tensor([0, 1, 1, 1])))
    trainer: Any = SimpleNamespace(global_step=0, is_global_zero=True, default_root_dir=str(tmp_path), datamodule=data)
    module: Any = SimpleNamespace(classes=["ant", "bee"])
    ExampleBatch().on_train_batch_start(trainer, module, (torch.rand(4, 1280), torch.tensor([1, 1, 1, 1])), 0)
    path = tmp_path / "figures" / "example_batch.png"
    assert path.is_file() == drawn
    if drawn:
        with Image.open(path) as picture:
            assert picture.info["Description"] == "4 photos of the first batch: 1 of ant; 3 of bee."
            assert picture.info["Comment"].startswith("The photos whose features the head is trained on")
