"""Known warnings are hidden, all others are shown."""

from __future__ import annotations

import logging
import warnings

import pytest
from practicum.cli.known_warnings import ignore_known_warnings, leave_messages_to_root, say_all_again
from practicum.datamodules.files.say_once import say_once
from practicum.lightning_shim import ROOTS


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


def test_a_message_of_lightnings_comes_once(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []

    class Hears(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.getMessage())

    for root in ROOTS:
        logger = logging.getLogger(root.__name__.partition(".")[0])
        monkeypatch.setattr(logger, "handlers", [Hears()])  # as `import lightning` leaves it
        monkeypatch.setattr(logger, "propagate", False)
        leave_messages_to_root()
        logging.getLogger(f"{root.__name__}.loggers").warning(root.__name__)
    assert heard == []
    assert [each.message for each in caplog.records] == [root.__name__ for root in ROOTS]
