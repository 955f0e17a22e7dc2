"""Stop on SIGTERM or Ctrl-C at a point that the program chooses.

A first signal is noted, and the program asks :attr:`GracefulStop.requested` when it can stop; a second one acts at once.
"""

from __future__ import annotations

import os
import signal
from typing import Any, NoReturn

SIGNALS = (signal.SIGTERM, signal.SIGINT)
_NOTICE = b"\nStopping after this step, with a checkpoint; once more to stop at once.\n"


class GracefulStop:
    """Notes SIGTERM and Ctrl-C between :meth:`install` and :meth:`restore`.

    Signals to forked processes, such as a data loader's workers, are ignored: their parent decides. Outside the main thread,
    which alone receives signals, it does nothing.

    Example:
        >>> import os, signal
        >>> stop = GracefulStop(notice=b"")
        >>> stop.install()
        >>> os.kill(os.getpid(), signal.SIGTERM)
        >>> stop.requested, stop.name
        (True, 'SIGTERM')
        >>> stop.restore()
    """

    def __init__(self, notice: bytes = _NOTICE) -> None:
        self.number: int | None = None
        self.notice = notice
        self._process = os.getpid()
        self._handlers: dict[int, Any] = {}

    @property
    def requested(self) -> bool:
        """Whether a signal has come."""
        return self.number is not None

    @property
    def name(self) -> str:
        """The signal that came, as a user knows it; SIGTERM where another process received it."""
        return "Ctrl-C" if self.number == signal.SIGINT else signal.Signals(self.number or signal.SIGTERM).name

    def install(self) -> None:
        """Take over the signals from now on, and forget earlier ones."""
        self.number, self._process = None, os.getpid()
        try:
            for number in SIGNALS:
                self._handlers[number] = signal.signal(number, self._on_signal)
        except ValueError:  # not the main thread
            self._handlers = {}

    def restore(self) -> None:
        """Restore the previous signal handlers."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}

    def exit(self) -> NoReturn:
        """Restore the handlers and end the program with the code that shells use: 128 + the signal's number.

        Raises:
            SystemExit: Always.
        """
        self.restore()
        raise SystemExit(128 + (self.number or signal.SIGTERM))

    def _on_signal(self, number: int, frame: Any) -> None:
        if os.getpid() != self._process:
            return
        if self.requested:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        self.number = number
        os.write(2, self.notice)
