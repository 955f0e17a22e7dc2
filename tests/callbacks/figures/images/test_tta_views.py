"""Which photos the figure of test-time augmentation holds, and what it says of them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image
from practicum.callbacks.figures.images.tta_views import MostChanged, draw_views, view_titles


def collected(count: int) -> MostChanged:
    """Two batches of four photos, whose rows are 0, 2, ... 14; the row's number is in its pixels."""
    most = MostChanged(count)
    changes = [0.1, 0.4, 0.0, 0.3, 0.2, 0.05, 0.25, 0.35]
    for batch in range(2):
        own = changes[4 * batch : 4 * batch + 4]
        rows = [2 * (4 * batch + place) for place in range(4)]
        plain = torch.tensor([[0.5, 0.5]] * 4)
        combined = torch.tensor([[0.5 + change, 0.5 - change] for change in own])
        views = [torch.full((4, 3, 2, 2), float(view)) + torch.tensor(rows).view(4, 1, 1, 1) / 100 for view in range(3)]
        most.add(rows, views, torch.stack([plain, combined, combined]), combined, torch.tensor([0, 1, 0, 1]))
    return most


def test_the_most_changed_photos_with_all_their_views() -> None:
    photos = collected(3).photos()
    assert [photo.row for photo in photos] == [2, 14, 6]
    assert [photo.change for photo in photos] == pytest.approx([0.4, 0.35, 0.3])
    for photo in photos:
        assert torch.allclose(photo.photos[:, 0, 0, 0], torch.arange(3) + photo.row / 100)
        assert photo.probabilities[0].tolist() == [0.5, 0.5]
        assert photo.probabilities[2].tolist() == photo.combined.tolist()


def test_a_row_that_comes_again_is_there_once() -> None:
    most = collected(8)
    views, half = [torch.zeros(1, 3, 2, 2)], torch.tensor([[0.5, 0.5]])
    most.add([2], views, half[None], half, None)
    again = [photo for photo in most.photos() if photo.row == 2]
    assert [photo.change for photo in again] == [0]
    assert again[0].target is None
    most.clear()
    assert most.photos() == []


def test_titles_say_what_was_predicted_of_each_view() -> None:
    photo = collected(1).photos()[0]
    assert view_titles(photo, ["ant", "bee"]) == [
        "unaugmented: ant 0.50\ncombined: ant 0.90 (true: bee)",
        "view 1: ant 0.90",
        "view 2: ant 0.90",
    ]
    assert view_titles(photo, None)[1] == "view 1: 0 0.90"


def test_of_several_labels_the_one_that_changed_most_is_named() -> None:
    most = MostChanged(1)
    views = torch.tensor([[[0.9, 0.2, 0.1]], [[0.9, 0.8, 0.1]]])  # [1 + n, B, classes]
    most.add([0], [torch.zeros(1, 3, 2, 2)] * 2, views, views.mean(0), torch.tensor([[1, 1, 0]]))
    titles = view_titles(most.photos()[0], ["forest", "river", "road"])
    assert titles[0].startswith("unaugmented: river 0.20\ncombined: river 0.50")
    assert titles[1] == "view 1: river 0.80"


def test_it_is_a_png(tmp_path: Path) -> None:
    draw_views(collected(2).photos(), ["ant", "bee"], tmp_path / "tta.png")
    with Image.open(tmp_path / "tta.png") as picture:
        assert picture.format == "PNG"
