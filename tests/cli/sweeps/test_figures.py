"""Figures of a sweep."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from practicum.cli.sweeps.figures import _marks, scale_of, sweep_figures
from practicum.cli.sweeps.rows import RunRow


def row(run: int, value: float | None, **settings: str) -> RunRow:
    made = RunRow(str(run), {key.replace("_", "."): each for key, each in settings.items()})
    made.update({"status": "finished" if value is not None else "failed", "test/rmse": value})
    return made


@pytest.mark.parametrize(
    ("values", "places", "labels", "logarithmic"),
    [
        (["0.001", "0.1"], [0.001, 0.1], None, True),
        (["1", "2", "4"], [1, 2, 4], None, False),
        (["0", "100"], [0, 100], None, False),
        (["vgg16", "resnet18", "vgg16"], [0, 1, 0], ["vgg16", "resnet18"], False),
        (["1", "x"], [0, 1], ["1", "x"], False),
    ],
)
def test_values_on_an_axis(values: list[str], places: list[float], labels: list[str] | None, logarithmic: bool) -> None:
    assert tuple(scale_of(values)) == (places, labels, logarithmic)


def test_a_figure_for_each_setting_and_one_of_all() -> None:
    rows = [row(n, 1 / (n + 1), optimizer_lr=f"0.{n + 1}", model="ab"[n % 2], seed=str(n % 2)) for n in range(4)]
    figures = sweep_figures([*rows, row(4, None, optimizer_lr="9", model="a", seed="0")], "test/rmse", lower=True)
    assert [each.title for each in figures] == ["optimizer.lr", "model", "All settings together"]
    for each in figures:
        ElementTree.fromstring(each.svg)  # whole
        assert "stroke: var(--ink)" in each.svg
        assert not re.search(r"http://(?!www.w3.org)", each.svg)
    assert "4 runs: test/rmse from 0.25 to 1, best at optimizer.lr=0.4" in figures[0].alt


def test_labels_of_near_values_are_left_out() -> None:
    scale = scale_of(["0.1", "0.5", "0.502", "0.88", "0.9"])
    assert _marks(scale) == [(0.0, "0.1"), (pytest.approx(0.5), "0.5"), (1.0, "0.9")]


def test_nothing_is_drawn_of_one_run() -> None:
    assert sweep_figures([row(0, 0.5, lr="1"), row(1, None, lr="2")], "test/rmse", lower=True) == []
    assert sweep_figures([row(0, 0.5, lr="1"), row(1, 0.6, lr="2")], None, lower=False) == []


def test_seed_is_drawn_where_nothing_else_was_swept() -> None:
    assert [each.title for each in sweep_figures([row(n, n / 2, seed=str(n)) for n in range(3)], "test/rmse", True)] == ["seed"]


def test_names_stay_text() -> None:
    rows = [row(n, n / 2, model=name) for n, name in enumerate(("<b>&", "$x^2$", "a_very_long_name_of_a_model"))]
    (figure,) = sweep_figures(rows, "test/rmse", lower=True)
    texts = [each.text for each in ElementTree.fromstring(figure.svg).iter("{http://www.w3.org/2000/svg}text")]
    assert {"<b>&", "$x^2$", "a_very_long_nam…"} <= set(texts)
