"""Known warnings are hidden, all others are shown."""

from __future__ import annotations

import warnings

import pytest
from practicum.cli.known_warnings import ignore_known_warnings, say_all_again
from practicum.datamodules.files.say_once import say_once


def test_only_known_warnings_are_hidden() -> None:
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        ignore_known_warnings()
        warnings.warn("Checkpoint directory runs/x exists and is not empty.", stacklevel=1)
        warnings.warn("The 'train_dataloader' does not have many workers which may be a bottleneck.", stacklevel=1)
        warnings.warn("The loss is not finite.", stacklevel=1)
    assert [str(each.message) for each in shown] == ["The loss is not finite."]


def test_each_run_of_a_process_says_its_own_sentences(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        say_all_again()
        say_once("the column is odd")
        say_once("the column is odd")
    assert [each.message for each in caplog.records] == ["the column is odd", "the column is odd"]
