"""The photos with the highest loss."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from practicum.callbacks import TopLosses
from practicum.callbacks.figures.images.top_losses import describe_mistakes, photo_titles
from practicum.callbacks.figures.worst_rows import Mistake
from practicum.lightning_shim import Trainer


def test_titles_tell_prediction_label_loss_and_file() -> None:
    mistakes = [Mistake(6.0025, 4, torch.zeros(1), "ant (1.00)", "bee"), Mistake(0.97, 1, torch.zeros(1), "bee (0.62)", "ant")]
    assert photo_titles(mistakes, None) == [
        "predicted ant (1.00)\ntrue bee (loss\xa06.00)",
        "predicted bee (0.62)\ntrue ant (loss\xa00.97)",
    ]
    names = ["/data/photos/bee/4.jpg", "/data/photos/ant/" + "a" * 40 + ".jpg", "ant/" + "a" * 99]
    assert [title.split("\n")[2:] for title in photo_titles([*mistakes, mistakes[0]], names)] == [
        ["bee/4.jpg"],
        ["ant/", "a" * 40 + ".jpg"],
        ["ant/", "a" * 37 + "…" + "a" * 18],
    ]


def test_of_several_labels_those_missed_or_added_are_told() -> None:
    mistake = Mistake(0.5, 0, torch.zeros(1), "clear road", "clear water", ["missed: water", "added: road"])
    assert photo_titles([mistake], ["tags/7.jpg"]) == ["missed: water\nadded: road (loss\xa00.50)\ntags/7.jpg"]
    assert describe_mistakes([mistake]) == "1 photo of the highest loss: missed: water, added: road, loss 0.50."


def test_photos_only(make_trainer: Callable[..., Trainer], known_classifier: Any) -> None:
    assert TopLosses().accepts(torch.zeros(2, 3, 8, 8), known_classifier())
    assert not TopLosses().accepts(torch.zeros(2, 8), known_classifier())


def test_is_drawn_after_a_test(
    known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer], tmp_path: Path, is_png: Callable[[Path], bool]
) -> None:
    make_trainer(callbacks=[TopLosses(count=2)]).test(known_classifier(), known_photos, verbose=False)
    assert is_png(tmp_path / "figures" / "top_losses.png")
