"""One's own runs are told from a stranger's by a signature."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from practicum.cli.own_runs import is_own, sign

OVERRIDES = ["model=vgg16", "optimizer.lr=0.1"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of data without a key."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_signed_overrides_are_ones_own_wherever_the_folder_is(tmp_path: Path, home: Path) -> None:
    run = tmp_path / "run"
    assert not is_own(run, OVERRIDES)
    sign(run, OVERRIDES)
    assert is_own(run, OVERRIDES)
    assert is_own(shutil.move(run, tmp_path / "moved"), OVERRIDES)
    assert stat.S_IMODE((home / "practicum" / "key").stat().st_mode) == 0o600


@pytest.mark.parametrize("changed", [[], OVERRIDES[:1], OVERRIDES[::-1], [*OVERRIDES, "+hydra.callbacks.x._target_=os.system"]])
def test_changed_overrides_are_not(tmp_path: Path, home: Path, changed: list[str]) -> None:
    sign(tmp_path, OVERRIDES)
    assert not is_own(tmp_path, changed)


def test_another_users_are_not(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sign(tmp_path, OVERRIDES)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "other"))
    assert not is_own(tmp_path, OVERRIDES)
    sign(tmp_path, ["seed=1"])
    assert not is_own(tmp_path, OVERRIDES)
    assert is_own(tmp_path, ["seed=1"])


def test_earlier_signatures_stay_as_a_run_may_be_killed_before_it_writes_new_overrides(tmp_path: Path, home: Path) -> None:
    sign(tmp_path, OVERRIDES)
    sign(tmp_path, [*OVERRIDES, "seed=2"])
    sign(tmp_path, OVERRIDES)
    assert is_own(tmp_path, OVERRIDES)
    assert is_own(tmp_path, [*OVERRIDES, "seed=2"])
    assert len((tmp_path / ".hydra" / "signature").read_text(encoding="utf-8").split()) == 2


@pytest.mark.parametrize("content", [b"", b"\xff\x00", b"0" * 64, b"\n\n"])
def test_signatures_that_are_none_count_for_nothing(tmp_path: Path, home: Path, content: bytes) -> None:
    sign(tmp_path, OVERRIDES)
    (tmp_path / ".hydra" / "signature").write_bytes(content)
    assert not is_own(tmp_path, OVERRIDES)


def test_without_a_home_nothing_is_signed_and_nothing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    sign(tmp_path, OVERRIDES)
    assert not is_own(tmp_path, OVERRIDES)


@pytest.mark.parametrize(
    "evil",
    [
        "+hydra.callbacks.evil={_target_: os.mkdir, path: PWNED}",
        "+callbacks.evil={_target_: os.mkdir, path: PWNED}",
        "data.seed={_target_: os.mkdir, path: PWNED}",
        "hydra.sweep.dir=/tmp",
        "trust=true",
    ],
)
def test_resuming_a_strangers_folder_runs_nothing(
    tables: Path, tmp_path: Path, in_process: Callable[..., Any], refused: Callable[[Any], str], evil: str
) -> None:
    shutil.copytree(tables / "runs" / "class", tmp_path / "run")
    with open(tmp_path / "run" / ".hydra" / "overrides.yaml", "a", encoding="utf-8") as file:
        file.write(f"- '{evil}'\n")
    if evil == "trust=true":  # it is not for the folder to say
        (tmp_path / "run" / ".hydra" / "signature").unlink()
    before = sorted(os.listdir(tmp_path / "run"))
    sentence = refused(in_process("train.py", "resume=run", cwd=tmp_path))
    assert "you did not start this run here" in sentence
    assert "trust=true" in sentence
    assert sorted(os.listdir(tmp_path)) == ["run"]
    assert sorted(os.listdir(tmp_path / "run")) == before


def test_trust_resumes_it_and_makes_it_ones_own(tables: Path, command: Callable[..., Any], refused: Callable[[Any], str]) -> None:
    shutil.copytree(tables / "runs" / "class", tables / "copied")
    (tables / "copied" / ".hydra" / "signature").unlink()
    assert "trust=true" in refused(command("train.py", "resume=copied", cwd=tables))
    for arguments in (["resume=copied", "trust=true"], ["resume=copied"]):
        result = command("train.py", *arguments, cwd=tables)
        assert result.returncode == 0, result.stderr[-2000:]
    assert "trust=true" not in result.stdout
