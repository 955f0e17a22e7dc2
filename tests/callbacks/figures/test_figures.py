"""What holds for all figures: they only look, and their folder lies below the trainer's."""

from __future__ import annotations

import inspect

import pytest
from practicum import callbacks
from practicum.callbacks.figures.figure_callback import FigureCallback
from practicum.callbacks.roles import Watcher

_OTHERS = {  # which change a training, or are Lightning's loggers and progress bars
    "CompactProgressBar",
    "LastCheckpoint",
    "MLFlowLog",
    "NotebookProgress",
    "Patience",
    "RunLog",
    "TrialPruning",
    "WholeFileCheckpointIO",
}
LOOKING = [
    getattr(callbacks, name)
    for name in callbacks.__all__
    if any(f"callbacks.{folder}." in getattr(callbacks, name).__module__ for folder in ("figures", "ranking", "run"))
    and name not in _OTHERS
]
FIGURES = [each for each in LOOKING if ".figures." in each.__module__ and "folder" in inspect.signature(each).parameters]


@pytest.mark.parametrize("callback", LOOKING, ids=lambda each: each.__name__)
def test_is_a_watcher(callback: type) -> None:
    assert issubclass(callback, Watcher)


@pytest.mark.parametrize("callback", FIGURES, ids=lambda each: each.__name__)
def test_never_ends_a_run(callback: type) -> None:
    assert issubclass(callback, FigureCallback)


@pytest.mark.parametrize("callback", FIGURES, ids=lambda each: each.__name__)
def test_goes_to_figures(callback: type) -> None:
    assert inspect.signature(callback).parameters["folder"].default == "figures"


def test_all_are_found() -> None:
    assert len(LOOKING) == 29
    assert len(FIGURES) == 19
