"""``export.py`` from a run folder to a file that is checked, and its refusals."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def test_a_run_is_exported_with_its_facts(tables: Path, in_process: Callable[..., Any]) -> None:
    result = in_process("export.py", "run=runs/class", "format=safetensors", cwd=tables)
    assert result.returncode == 0, result.stderr[-2000:]
    assert "Checked on 60 real inputs: the largest difference from the checkpoint is 0.0e+00." in result.stdout
    facts = json.loads((tables / "runs/class/export/model.safetensors.json").read_text(encoding="utf-8"))
    assert (tables / "runs/class/export/model.safetensors").is_file()
    assert facts["classes"] == ["no", "yes"]
    assert facts["vocabularies"]["shop"]["categories"] == [f"s{n}" for n in range(5)]
    assert facts["options"]["classes"] == ["no", "yes"]  # what rebuilds the module
    assert facts["steps"]["target"] == "good"
    assert facts["checked"]["inputs"] == 60


def test_a_pipe_is_not_replaced(
    tables: Path, tmp_path: Path, in_process: Callable[..., Any], refused: Callable[[Any], str]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    options = ["run=runs/class", "format=safetensors", f"output={tmp_path / 'pipe'}"]
    assert "pipe: is a device or a pipe" in refused(in_process("export.py", *options, cwd=tables))
    assert [each.name for each in tmp_path.iterdir()] == ["pipe"]


def test_a_link_to_a_file_stays_one(tables: Path, tmp_path: Path, in_process: Callable[..., Any]) -> None:
    (tmp_path / "link.safetensors").symlink_to(tmp_path / "there.safetensors")
    options = ["run=runs/class", "format=safetensors", f"output={tmp_path / 'link.safetensors'}"]
    result = in_process("export.py", *options, cwd=tables)
    assert result.returncode == 0, result.stderr[-2000:]
    assert (tmp_path / "link.safetensors").is_symlink()
    assert (tmp_path / "there.safetensors").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run=runs/class", "format=pickle"], "format=pickle: choose onnx, torch_export, safetensors."),
        (["run=runs/class", "rows=0", "format=safetensors"], "rows=0 must be a whole number from 1"),
        (["run=runs/class", "trust=no", "format=safetensors"], "trust=no is not of the right type"),
        (["run=nowhere", "format=safetensors"], "not a run folder"),
        (["run=runs/class", "forma=onnx"], "did you mean format?"),
        (["run=runs/class", "input=nowhere.csv", "format=safetensors"], "nowhere.csv: no such file"),
        (["run=runs/class", "output=runs", "format=safetensors"], "output=runs: is a folder; name a file in it"),
    ],
)
def test_what_can_not_be_exported_is_refused(
    tables: Path, arguments: list[str], message: str, in_process: Callable[..., Any], refused: Callable[[Any], str]
) -> None:
    assert message in refused(in_process("export.py", *arguments, cwd=tables))
