"""Messages stand above a bar that is drawn, whole."""

from __future__ import annotations

import io
import logging
import sys
from typing import Any

import pytest
from practicum.cli.console_handler import ConsoleHandler
from rich import get_console, reconfigure
from rich.progress import Progress

MESSAGE = "Stopped by Ctrl-C: " + "folder/" * 20 + "last.ckpt [bold]"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _log(stream: Any) -> tuple[logging.Logger, ConsoleHandler]:
    log, handler = logging.Logger("test"), ConsoleHandler(stream)
    log.addHandler(handler)
    return log, handler


@pytest.fixture
def terminal() -> Any:
    screen = Terminal()
    reconfigure(file=screen, width=80, force_terminal=True, _environ={"TERM": "xterm"})
    yield screen
    reconfigure()


def test_a_message_is_printed_above_a_bar_and_not_broken_into_lines(terminal: Terminal) -> None:
    own = Terminal()
    log, _ = _log(own)
    with Progress(console=get_console(), auto_refresh=False) as progress:
        progress.add_task("Epoch 1")
        progress.refresh()
        assert hasattr(sys.stderr, "rich_proxied_file")
        log.warning(MESSAGE)
    assert MESSAGE in terminal.getvalue()  # in one piece, without markup
    assert terminal.getvalue().rindex("Epoch 1") > terminal.getvalue().index(MESSAGE)  # the bar is drawn anew below it
    assert own.getvalue() == ""  # not a second time past the bar
    log.warning("afterwards")
    assert own.getvalue() == "afterwards\n"


def test_a_file_gets_its_messages_while_a_bar_is_drawn(terminal: Terminal) -> None:
    file = io.StringIO()
    log, _ = _log(file)
    with Progress(console=get_console(), auto_refresh=False) as progress:
        progress.add_task("Epoch 1")
        log.warning(MESSAGE)
    assert file.getvalue() == f"{MESSAGE}\n"
    assert MESSAGE not in terminal.getvalue()


def test_a_message_that_cannot_be_formatted_ends_nothing(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    log, handler = _log(Terminal())
    failed: list[Any] = []
    monkeypatch.setattr(handler, "handleError", failed.append)
    with Progress(console=get_console(), auto_refresh=False) as progress:
        progress.add_task("Epoch 1")
        log.warning("%d", "no number")
    assert len(failed) == 1
