"""What was guessed is said once in a process, and again in another that reads a cache."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from practicum.datamodules.files import say_once as module
from practicum.datamodules.files.say_once import keep_sentences, say_again, say_once


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """A process in which nothing has been said."""
    module._say.cache_clear()
    yield
    module._say.cache_clear()


def test_a_sentence_is_said_once_and_again_from_a_cache_in_another_process(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    say_once("before")
    with keep_sentences(tmp_path):
        for sentence in ("before", "guessed", "guessed"):  # "before" belongs to the cache, too
            say_once(sentence)
    say_again(tmp_path)
    assert caplog.messages == ["before", "guessed"]
    caplog.clear()
    module._say.cache_clear()  # as in another process
    say_again(tmp_path)
    assert caplog.messages == ["before", "guessed"]


def test_what_is_no_warning_is_said_once_and_not_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    with keep_sentences(tmp_path):
        for _ in range(2):
            say_once("3 MB", logging.INFO)
    assert [(each.levelname, each.message) for each in caplog.records] == [("INFO", "3 MB")]
    module._say.cache_clear()
    say_again(tmp_path)
    assert caplog.messages == ["3 MB"]


def test_what_fails_keeps_nothing_and_listens_no_longer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def fails() -> None:
        with keep_sentences(tmp_path):
            raise ValueError("no table")

    with pytest.raises(ValueError, match="no table"):
        fails()
    assert not list(tmp_path.iterdir())
    with keep_sentences(tmp_path):
        pass
    say_once("later")
    caplog.clear()
    say_again(tmp_path)
    assert not caplog.messages
