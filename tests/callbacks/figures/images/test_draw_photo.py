"""Photos as they are drawn."""

from __future__ import annotations

import pytest
import torch
from practicum.callbacks.figures.canvas import new_figure
from practicum.callbacks.figures.images.draw_photo import draw_photo, photo_grid, to_picture


def test_bytes_and_shares_stay_and_other_ranges_are_stretched() -> None:
    photo = torch.arange(12).view(3, 2, 2)
    assert to_picture(photo.to(torch.uint8)).tolist() == photo.permute(1, 2, 0).tolist()
    assert to_picture(photo / 12).max() == pytest.approx(11 / 12)
    stretched = to_picture(photo.float() - 5)
    assert (stretched.min(), stretched.max()) == (0, 1)
    assert to_picture(photo).max() == 1


def test_long_titles_are_wrapped() -> None:
    axes = new_figure(2, 2).add_subplot()
    draw_photo(axes, torch.rand(3, 4, 4), "a title that is much longer than one line would hold\nb")
    assert axes.get_title().split("\n") == ["a title that is much longer", "than one line would hold", "b"]


def test_a_grid_holds_every_photo_and_its_heat() -> None:
    photos = list(torch.rand(5, 3, 8, 8))
    figure = photo_grid(photos, list("abcde"), columns=4, cell=(2, 3), heat=list(torch.rand(5, 2, 2)), heat_label="weight")
    assert figure.get_size_inches().tolist() == [8, 6.6]
    *shown, key = figure.axes
    assert [axes.get_title() for axes in shown] == list("abcde")
    assert (key.get_xlabel(), [label.get_text() for label in key.get_xticklabels()]) == ("weight", ["least", "most"])
    photo, heat = figure.axes[4].get_images()
    red, green, blue = torch.as_tensor(photo.get_array().data).unbind(2)
    assert torch.equal(red, green)  # grey under the heat
    assert torch.equal(red, blue)
    assert torch.allclose(red, (photos[4] * torch.tensor([0.2989, 0.587, 0.114]).view(3, 1, 1)).sum(0), atol=1e-3)
    assert heat.get_extent() == photo.get_extent()
    assert len(photo_grid(photos[:2], list("ab"), columns=4, cell=(2, 3)).axes[0].get_images()) == 1
