"""A setting that was typed with dashes is told as it is typed, and Hydra's own flags go on working."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hydra._internal.utils import get_args_parser
from practicum.cli.typed_flags import LONG, SHORT, explain_flags

HERE = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("arguments", "config", "meant"),
    [
        (["--epochs", "3"], "train", "--epochs: settings are typed without dashes, as KEY=VALUE: epochs=3 ("),
        (["model=resnet18", "--batch-size=8", "-lr", "0.1"], "train", ": data.batch_size=8 optimizer.lr=0.1 ("),
        (["--fancy"], "train", ": fancy=... ("),
        (["--run", "runs/a", "--input", "new.csv"], "predict", "--run, --input: settings are typed without dashes"),
        (["-r", "runs/a"], "predict", ": run=runs/a ("),
        (["--output", "a.onnx"], "export", ": output=a.onnx ("),
    ],
)
def test_what_was_meant_is_told(arguments: list[str], config: str, meant: str) -> None:
    assert meant in str(explain_flags(arguments, config))


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--multirun", "seed=1,2"],
        ["-m", "seed=1,2"],
        ["--cfg", "job"],
        ["-cjob"],
        ["--multi"],
        ["--run", "lr=1"],
        ["--", "-x"],
    ],
)
def test_what_hydra_takes_is_left_to_it(arguments: list[str]) -> None:
    assert explain_flags(arguments, "train") is None


def test_these_are_hydras_flags() -> None:
    flags = [flag for action in get_args_parser()._actions for flag in action.option_strings]
    assert sorted(flags) == sorted([*LONG, *SHORT])


def test_a_command_ends_in_that_sentence(tmp_path: Path) -> None:
    typed = [sys.executable, str(HERE / "export.py"), "--run", "RUN"]
    ended = subprocess.run(typed, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.strip() == "export.py: --run: settings are typed without dashes, as KEY=VALUE: run=RUN (see --help)."
    assert not list(tmp_path.iterdir())
