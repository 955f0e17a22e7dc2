"""Signals that end a program at a point of its choice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest
from practicum.callbacks.run.graceful_stop import SIGNALS, GracefulStop


@pytest.mark.parametrize(("number", "name", "code"), [(signal.SIGTERM, "SIGTERM", 143), (signal.SIGINT, "Ctrl-C", 130)])
def test_a_signal_is_noted_and_the_handlers_come_back(
    number: int, name: str, code: int, capfd: pytest.CaptureFixture[str]
) -> None:
    before = [signal.getsignal(each) for each in SIGNALS]
    stop = GracefulStop(notice=b"stopping\n")
    stop.install()
    assert not stop.requested
    os.kill(os.getpid(), number)
    assert stop.requested
    assert stop.name == name
    assert capfd.readouterr().err == "stopping\n"
    with pytest.raises(SystemExit) as left:
        stop.exit()
    assert left.value.code == code
    assert [signal.getsignal(each) for each in SIGNALS] == before
    stop.install()
    assert not stop.requested  # earlier ones are forgotten
    stop.restore()


def test_where_another_process_was_asked_it_is_as_if_by_sigterm() -> None:
    stop = GracefulStop()
    assert stop.name == "SIGTERM"
    with pytest.raises(SystemExit) as left:
        stop.exit()
    assert left.value.code == 143


def test_a_second_signal_acts_at_once() -> None:
    program = (
        "import os, signal\n"
        "from practicum.callbacks.run.graceful_stop import GracefulStop\n"
        "GracefulStop().install()\n"
        "for _ in range(2):\n    os.kill(os.getpid(), signal.SIGTERM)\n    print('still here', flush=True)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.returncode == -signal.SIGTERM
    assert result.stdout == "still here\n"
    assert "Stopping after this step" in result.stderr


def test_a_forked_process_ignores_it() -> None:
    stop = GracefulStop()
    stop.install()
    child = os.fork()
    if child == 0:
        os.kill(os.getpid(), signal.SIGTERM)
        os._exit(7 if stop.requested else 0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    stop.restore()


def test_outside_the_main_thread_it_does_nothing() -> None:
    before = [signal.getsignal(each) for each in SIGNALS]
    stop = GracefulStop()
    thread = threading.Thread(target=stop.install)
    thread.start()
    thread.join()
    assert [signal.getsignal(each) for each in SIGNALS] == before
    stop.restore()
