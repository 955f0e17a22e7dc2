"""Names beside points: never on one another, the outermost first."""

from __future__ import annotations

import itertools

import pytest
import torch
from practicum.callbacks.figures.canvas import new_figure
from practicum.callbacks.figures.label_placement import labelled_scatter


def test_no_two_names_overlap_and_those_that_do_not_fit_are_left_out() -> None:
    points = torch.randn(150, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    names = [f"a rather long name {row}" for row in range(150)]
    placed = labelled_scatter(new_figure(6, 6).add_subplot(), points, names, "#3366cc")
    assert 10 < len(placed) < 150
    apart = [box.from_extents(box.x0 - 3, box.y0, box.x1, box.y1) for box in placed.values()]  # a browser's letters are wider
    assert not any(a.overlaps(b) for a, b in itertools.combinations(apart, 2))


def test_no_name_leaves_the_plot() -> None:
    points = torch.tensor([[0.0, 0.0], [1.0, 1.0], [0.5, 0.5]], dtype=torch.float64)
    axes = new_figure(2, 2).add_subplot()
    placed = labelled_scatter(
        axes, points, ["in", "the name of a film, which is far too long for so small a plot", "mid"], "#3366cc"
    )
    assert list(placed) == [0, 2]


def test_the_farthest_point_has_its_name_first() -> None:
    points = torch.tensor([[0.0, 0.0], [0.001, 0.0], [5.0, 5.0], [0.0, 0.001], [-0.001, 0.0], [0.0, -0.001], [0.001, 0.001]])
    placed = labelled_scatter(new_figure(3, 3).add_subplot(), points.double(), ["a long name"] * 7, points[:, 0].numpy())
    assert next(iter(placed)) == 2
    assert len(placed) < 7


def test_in_a_crowd_only_named_points_have_the_colour() -> None:
    points = torch.rand(400, 2, generator=torch.Generator().manual_seed(1)).double()
    axes = new_figure(4, 4).add_subplot()
    placed = labelled_scatter(axes, points, ["", "b", *[""] * 398], "#3366cc")
    all_points, named = axes.collections
    assert list(placed) == [1]
    assert all_points.get_offsets().shape[0] == 400
    assert named.get_offsets().tolist() == [pytest.approx(points[1].tolist())]
    assert all_points.get_facecolor()[0][:3].tolist() != named.get_facecolor()[0][:3].tolist()


def test_no_name_covers_the_point_of_another() -> None:
    points = torch.tensor([[0.0, 0.0], [0.06, 0.01], [1.0, 1.0]], dtype=torch.float64)
    axes = new_figure(4, 4).add_subplot()
    placed = labelled_scatter(axes, points, ["left", "its neighbour", "far"], "#3366cc")
    dots = axes.transData.transform(points.numpy())
    assert placed
    assert not any(box.contains(*dots[other]) for row, box in placed.items() for other in range(3) if other != row)


def test_points_without_a_name_have_none() -> None:
    placed = labelled_scatter(new_figure(3, 3).add_subplot(), torch.rand(3, 2).double(), ["", "b", ""], "#3366cc")
    assert list(placed) == [1]
