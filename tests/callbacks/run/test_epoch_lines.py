"""A line an epoch, while it trains."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
from practicum.callbacks import EpochLines
from practicum.callbacks.run.epoch_lines import epoch_line
from practicum.lightning_shim import Callback, Trainer

LINE = re.compile(r"Epoch (\d)/3: \d+\.\d s, train/loss \d\.\d+, val/loss \d\.\d+, lr 0\.1")


def _lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "practicum.callbacks.run.epoch_lines"]


def test_each_epoch_is_a_line_as_soon_as_it_ends(
    known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer], caplog: pytest.LogCaptureFixture
) -> None:
    counts = []

    class Counts(Callback):
        def on_train_epoch_end(self, *args: Any) -> None:
            counts.append(len(_lines(caplog)))

    with caplog.at_level(logging.INFO, "practicum.callbacks.run.epoch_lines"):
        make_trainer(max_epochs=3, callbacks=[EpochLines(), Counts()]).fit(known_classifier(), known_photos, known_photos)
    found = [LINE.fullmatch(message) for message in _lines(caplog)]
    assert [each and each[1] for each in found] == ["1", "2", "3"]
    assert counts == [1, 2, 3]


def test_an_epoch_without_validation_has_no_value_of_it(
    known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    trainer = make_trainer(max_epochs=4, callbacks=[EpochLines()], check_val_every_n_epoch=2)
    trainer.fit(known_classifier(), known_photos, known_photos)
    lines = [message for message in caplog.messages if message.startswith("Epoch ")]
    assert ["val/loss" in line for line in lines] == [False, True, False, True]
    assert all("train/loss" in line for line in lines)


def test_a_title_says_what_is_trained(
    known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "practicum.callbacks.run.epoch_lines"):
        make_trainer(max_epochs=1, callbacks=[EpochLines(title="Anew", epochs=7)]).fit(known_classifier(), known_photos)
    assert [message.partition(",")[0].rpartition(":")[0] for message in _lines(caplog)] == ["Anew: Epoch 1/7"]


def test_what_is_not_known_is_left_out() -> None:
    assert epoch_line(2, None, 3.14159, {}, None) == "Epoch 2: 3.1 s"
