"""Trainings that are forked from a process that has imported everything: they start in a fraction of a second."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, Protocol


class Started(Protocol):
    """What a started process can be asked, as :class:`subprocess.Popen` has it."""

    pid: int

    def poll(self) -> int | None:
        """The exit code, or ``None`` while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it has ended."""


def import_everything() -> None:
    """Import what trainings import. Nothing may be computed in this process: threads don't survive a fork."""
    import matplotlib.pyplot  # noqa: F401
    import timm  # noqa: F401
    import torchmetrics  # noqa: F401
    import torchvision  # noqa: F401
    from practicum import callbacks, datamodules, modules
    from practicum.callbacks.run import report  # noqa: F401
    from practicum.cli import config_check, model_facts, resumed_run, summary, train, trainer_factory  # noqa: F401

    for each in (callbacks, datamodules, modules):
        for name in each.__all__:
            getattr(each, name)


class Forked:
    """A training in a forked process, which leads a process group of its own.

    Args:
        where: Its working directory; what it prints is appended to ``output.log`` there.
        arguments: As typed after ``python train.py``.
        environment: Further environment variables.
    """

    def __init__(self, where: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        self._code: int | None = None
        sys.stdout.flush()
        self.pid = os.fork()
        if not self.pid:
            _train(where, arguments, environment)

    def poll(self) -> int | None:
        """The exit code, negative after a signal; ``None`` while it runs."""
        if self._code is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self._code = os.waitstatus_to_exitcode(status)
                with suppress(ProcessLookupError):
                    os.killpg(self.pid, signal.SIGKILL)  # loader workers that it left
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it has ended.

        Raises:
            subprocess.TimeoutExpired: It has not, after so many seconds.
        """
        start = time.monotonic()
        while (code := self.poll()) is None:
            if timeout is not None and time.monotonic() > start + timeout:
                raise subprocess.TimeoutExpired("train.py", timeout)
            time.sleep(0.01)
        return code


def _train(where: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    code = 1
    try:
        os.setsid()
        os.chdir(where)
        os.environ.update(environment)
        output = os.open("output.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.argv = ["train.py", *arguments]
        from practicum.cli.train import main

        main()
        code = 0
    except SystemExit as exit_:
        code = exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
