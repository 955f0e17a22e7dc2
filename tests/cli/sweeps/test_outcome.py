"""How a run of a sweep ended."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import OmegaConf
from practicum.cli.errors import one_sentence
from practicum.cli.sweeps.outcome import (
    FailedRun,
    describe,
    failure_of,
    forget_failure,
    in_a_sweep,
    is_complete,
    note_failure,
    record_of,
    run_of_a_sweep,
)
from practicum.lightning_shim import MisconfigurationException


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Path]:
    """The folder of a sweep's run that this process is at, with a log."""
    run = tmp_path / "sweep" / "3"
    run.mkdir(parents=True)
    before = HydraConfig.instance().cfg
    config = {"hydra": {"mode": RunMode.MULTIRUN, "runtime": {"output_dir": str(run)}, "output_subdir": None}}
    HydraConfig.instance().cfg = OmegaConf.create(config)  # type: ignore[assignment]
    handler = logging.FileHandler(run / "train.log")
    logging.getLogger().addHandler(handler)
    yield run
    logging.getLogger().removeHandler(handler)
    handler.close()
    HydraConfig.instance().cfg = before


def ending(error: Exception) -> Callable[[Any], Any]:
    def task(cfg: Any) -> Any:
        raise error

    return one_sentence("train")(task)


def test_a_mistake_is_a_result_with_its_sentence(job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ending(MisconfigurationException("too high"))(None) == FailedRun("too high")
    assert failure_of(job) == "too high"
    assert "run 3 failed: too high" in capsys.readouterr().err
    assert "Traceback" not in (job / "train.log").read_text(encoding="utf-8")


def test_a_bug_has_its_traceback_in_the_log_of_the_run(job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ending(ZeroDivisionError("by nought\nmore"))(None) == FailedRun("ZeroDivisionError: by nought")
    assert "Traceback" not in capsys.readouterr().err
    assert "in task" in (job / "train.log").read_text(encoding="utf-8")


def test_ctrl_c_ends_the_sweep(job: Path) -> None:
    def task(cfg: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        one_sentence("train")(task)(None)
    assert failure_of(job) is None


def test_a_new_start_forgets_the_failure(job: Path) -> None:
    note_failure(job, "too high")
    assert one_sentence("train")(lambda cfg: 1.5)(None) == 1.5
    assert failure_of(job) is None


def test_a_run_that_is_resumed_by_itself_still_belongs_to_its_sweep(job: Path) -> None:
    HydraConfig.instance().cfg.hydra.mode = RunMode.RUN  # type: ignore[union-attr]
    assert run_of_a_sweep() is None
    (job.parent / "multirun.yaml").touch()
    assert run_of_a_sweep() == job
    assert not in_a_sweep()
    with pytest.raises(SystemExit):
        ending(MisconfigurationException("too high"))(None)
    assert failure_of(job) == "too high"


def test_complete_is_what_has_nothing_left_to_do(tmp_path: Path) -> None:
    assert not is_complete(tmp_path)
    assert record_of(tmp_path) == {"status": "unfinished"}
    (tmp_path / "metrics.json").write_text(json.dumps({"status": "finished"}), encoding="utf-8")
    assert not is_complete(tmp_path)  # its page is written last
    (tmp_path / "report.html").touch()
    assert is_complete(tmp_path)
    note_failure(tmp_path, "odd")
    assert not is_complete(tmp_path)
    (tmp_path / "failure.json").write_text("{", encoding="utf-8")
    assert failure_of(tmp_path) == "failure.json is damaged"
    forget_failure(tmp_path)
    (tmp_path / "report.html").unlink()
    for status in ("pruned", "range test"):
        (tmp_path / "metrics.json").write_text(json.dumps({"status": status}), encoding="utf-8")
        assert is_complete(tmp_path)
    (tmp_path / "metrics.json").write_text("{", encoding="utf-8")
    assert record_of(tmp_path) == {"status": "damaged record"}


def test_an_error_without_a_message() -> None:
    assert describe(ValueError()) == "ValueError: no message"
