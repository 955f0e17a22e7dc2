"""Where messages go on a terminal: above a progress bar that is being drawn, not into it.

rich draws a bar anew in place several times a second, and a message that is written past it is overdrawn. While rich draws, it
puts a ``FileProxy`` in the place of ``sys.stderr``; then messages are printed through its console, whole lines that the
terminal wraps. At all other times, and wherever standard error is no terminal, they are written as ever.
"""

from __future__ import annotations

import logging
import sys


class ConsoleHandler(logging.StreamHandler):
    """Writes messages to standard error, at once; above the bar while one is drawn on the same terminal.

    Example:
        >>> import logging
        >>> from practicum.cli.console_handler import ConsoleHandler
        >>> log = logging.getLogger("console_handler_example")
        >>> log.addHandler(ConsoleHandler())
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Write one message."""
        if not (_is_proxy(sys.stderr) and self.stream.isatty()):
            super().emit(record)
            return
        from rich import get_console  # noqa: PLC0415 - only while rich draws: --help does without it
        from rich.text import Text  # noqa: PLC0415

        try:
            get_console().print(Text(self.format(record)), soft_wrap=True)
        except Exception:
            self.handleError(record)


def _is_proxy(stream: object) -> bool:
    """Whether rich has put its own in the place of a stream."""
    return hasattr(stream, "rich_proxied_file")
