"""No two runs write into one folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf
from practicum.cli.claimed_folder import ClaimedFolder, claim, hold, release, wait_for

HOLDS = (
    "import sys, time, pathlib; from practicum.cli.claimed_folder import hold; "
    "print(hold(pathlib.Path(sys.argv[1])), flush=True); "
)


def holder(folder: Path, more: str = "time.sleep(60)") -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLDS + more, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    return process


def test_a_folder_is_held_by_one_process_until_it_ends(tmp_path: Path) -> None:
    process = holder(tmp_path / "run")
    assert not hold(tmp_path / "run")
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert hold(tmp_path / "run")
    assert hold(tmp_path / "run")  # the same process
    release(tmp_path / "run")
    holder(tmp_path / "run", "").wait()


def test_a_killed_process_leaves_nothing_held_by_its_workers(tmp_path: Path) -> None:
    fork = "import multiprocessing as m; p = m.get_context('fork').Process(target=time.sleep, args=(20,)); p.start(); "
    process = holder(tmp_path / "run", fork + "print(p.pid, flush=True); time.sleep(60)")
    assert process.stdout is not None
    worker = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    process.wait()
    until = time.monotonic() + 10  # the worker lives longer; on a busy machine it lets go a moment after the fork
    try:
        while not (held := hold(tmp_path / "run")) and time.monotonic() < until:
            time.sleep(0.05)
        assert held
    finally:
        os.kill(worker, signal.SIGKILL)
        release(tmp_path / "run")


def test_waiting_for_another_process(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    wait_for(tmp_path / "none")
    assert not (tmp_path / "none").exists()
    hold(tmp_path / "mine")
    wait_for(tmp_path / "mine")
    assert "waiting" not in caplog.text
    process = holder(tmp_path / "run", "time.sleep(1.5)")
    wait_for(tmp_path / "run")
    assert process.wait(timeout=20) == 0
    assert "another process is still at this run; waiting for its end" in caplog.text
    holder(tmp_path / "run", "").wait()  # it is free again
    release(tmp_path / "mine")


def test_names_that_are_taken_are_numbered(tmp_path: Path) -> None:
    folders = [claim(tmp_path / "runs" / "now") for _ in range(3)]
    assert [folder.name for folder in folders] == ["now", "now_2", "now_3"]
    for folder in folders:
        release(folder)
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"Not a directory|File exists"):
        claim(tmp_path / "file" / "now")


def typed(where: Path, *more: str) -> list[str]:
    if not (where / "t.csv").exists():
        (where / "t.csv").write_text(
            "a,b,y\n" + "".join(f"{i % 7},{i % 5},{i % 7 + i % 5}\n" for i in range(200)), encoding="utf-8"
        )
    table = ["experiment=table", "data.root=t.csv", "data.target=y", "data.batch_size=32", "callbacks=none", "epochs=2"]
    return [*table, *more]


@pytest.mark.parametrize("mode", ["run", "sweep"])
def test_a_folder_named_by_the_time_is_another_one_for_each(tmp_path: Path, mode: str) -> None:
    names = []
    for _ in range(2):  # both begin in one second
        config = OmegaConf.create(
            {
                "hydra": {
                    mode: {"dir": str(tmp_path / "runs" / "12-00-00")},
                    "overrides": {"hydra": [], "task": ["seed=1"]},
                    "output_subdir": ".hydra",
                }
            }
        )
        OmegaConf.set_readonly(config.hydra, True)
        ClaimedFolder._claim(config, mode)
        names.append(Path(config.hydra[mode].dir).name)
        release(Path(config.hydra[mode].dir))
        if mode == "sweep":  # its runs are composed anew
            assert config.hydra.overrides.hydra == [
                f"hydra.sweep.dir='{config.hydra.sweep.dir}'",
                f"+hydra.job.env_set.PRACTICUM_PROGRAM='{sys.argv[0]}'",
            ]
    assert names == ["12-00-00", "12-00-00_2"]


def test_processes_of_one_run_share_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = OmegaConf.create({"hydra": {"run": {"dir": str(tmp_path)}, "overrides": {"hydra": []}}})
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_RANK", "1")
    ClaimedFolder._claim(config, "run")
    assert config.hydra.run.dir == str(tmp_path)
    assert not list(tmp_path.iterdir())  # the first process holds it


def test_a_second_run_in_a_named_folder_is_refused_while_the_first_lives(
    tmp_path: Path, start: Callable[..., Any], command: Callable[..., Any], refused: Callable[[Any], str]
) -> None:
    options = typed(tmp_path, "hydra.run.dir=run", "callbacks.last.every_n_steps=1")
    first = start(tmp_path, *options, "epochs=5000")
    last = tmp_path / "run" / "checkpoints" / "last.ckpt"
    deadline = time.monotonic() + 200
    while first.poll() is None and not last.is_file() and time.monotonic() < deadline:
        time.sleep(0.05)
    for arguments in ([*options, "seed=2"], ["resume=run"]):
        sentence = refused(command("train.py", *arguments, cwd=tmp_path))
        assert "run: another run is writing into this folder" in sentence
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    assert "epochs=5000" in (tmp_path / "run" / ".hydra" / "overrides.yaml").read_text(
        encoding="utf-8"
    )  # the second has changed nothing
    result = command("train.py", *options, "seed=2", cwd=tmp_path)
    assert result.returncode == 0, result.stderr[-2000:]
    assert json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))["seed"] == 2


def test_the_runs_of_a_sweep_are_ones_own(tmp_path: Path, command: Callable[..., Any]) -> None:
    result = command("train.py", *typed(tmp_path, "seed=1,2"), "-m", cwd=tmp_path)
    assert result.returncode == 0, result.stderr[-2000:]
    (sweep,) = (tmp_path / "runs" / "sweeps").iterdir()
    assert (sweep / "sweep.csv").is_file()
    result = command("train.py", f"resume={sweep / '1'}", cwd=tmp_path)
    assert result.returncode == 0, result.stderr[-2000:]
