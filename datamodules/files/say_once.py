"""Sentences on what was guessed in reading a file: said once in a process, and kept for what is read from a cache later."""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)

SENTENCES = "sentences.json"
_listening: list[list[str]] = []


def say_once(message: str, level: int = logging.WARNING) -> None:
    """Log a sentence, unless the same has been said before; whoever listens hears a warning in any case.

    Args:
        message: One sentence.
        level: Of ``logging``.
    """
    for heard in _listening if level >= logging.WARNING else ():
        if message not in heard:
            heard.append(message)
    _say(message, level)


@functools.cache
def _say(message: str, level: int) -> None:
    log.log(level, message)


def forget_said() -> None:
    """Let all that was said be said once more: another run begins in this process."""
    _say.cache_clear()


@contextmanager
def keep_sentences(folder: Path) -> Iterator[None]:
    """Keep what is said in the block in a folder of a cache, for :func:`say_again`.

    Args:
        folder: Where ``sentences.json`` is written, if the block succeeds.
    """
    heard: list[str] = []
    _listening.append(heard)
    try:
        yield
    finally:
        _listening[:] = [each for each in _listening if each is not heard]
    (folder / SENTENCES).write_text(json.dumps(heard), encoding="utf-8")


def say_again(folder: Path) -> None:
    """Say what :func:`keep_sentences` has kept, unless this process has said it.

    Args:
        folder: Of the cache; it is whole.
    """
    for message in json.loads((folder / SENTENCES).read_text(encoding="utf-8")):
        say_once(message)
