"""A run of a sweep ends the W&B run that it has opened."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from practicum.cli import errors
from practicum.cli.errors import one_sentence
from practicum.cli.wandb_run import end_wandb_run


def wandb(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Exit codes of the runs that a stand-in for the package has finished; each open run is finished once."""
    ended: list[int] = []

    def finish(exit_code: int) -> None:
        ended.append(exit_code)
        module.run = None

    module = SimpleNamespace(run="open", finish=finish)
    monkeypatch.setitem(sys.modules, "wandb", module)  # type: ignore[arg-type]
    return ended


def test_an_open_run_is_ended_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = wandb(monkeypatch)
    end_wandb_run(failed=False)
    end_wandb_run(failed=True)
    assert ended == [0]


def test_nothing_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "wandb", raising=False)
    end_wandb_run(failed=False)
    assert "wandb" not in sys.modules


@pytest.mark.parametrize(("sweep", "fails", "codes"), [(True, False, [0]), (True, True, [1]), (False, False, [])])
def test_each_run_of_a_sweep_ends_its_own(monkeypatch: pytest.MonkeyPatch, sweep: bool, fails: bool, codes: list[int]) -> None:
    ended = wandb(monkeypatch)
    monkeypatch.setattr(errors, "in_a_sweep", lambda: sweep)

    def task(cfg: Any) -> float:
        if fails:
            raise KeyboardInterrupt
        return 0.5

    if fails:
        with pytest.raises(KeyboardInterrupt):
            one_sentence("train")(task)(None)
    else:
        assert one_sentence("train")(task)(None) == 0.5
    assert ended == codes
