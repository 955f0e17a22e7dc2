"""Paths, lists of them, and patterns."""

from __future__ import annotations

from pathlib import Path

import pytest
from omegaconf import OmegaConf
from practicum.cli.inputs import expand_input, one_input, require_no_file_of_run, require_other_output
from practicum.lightning_shim import MisconfigurationException


def test_patterns_and_lists_are_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("b.jpg", "a.jpg", "deep/c.jpg", "[1].jpg", "x,y.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert expand_input("?.jpg") == ["a.jpg", "b.jpg"]
    assert expand_input("**/c.jpg") == ["deep/c.jpg"]
    assert expand_input("[1].jpg") == ["[1].jpg"]  # the file of that name, not a pattern
    assert expand_input("x,y.csv") == ["x,y.csv"]
    assert expand_input("new.csv, old.csv") == ["new.csv", "old.csv"]
    assert expand_input(OmegaConf.create(["b.jpg", "a*.jpg", "nowhere"])) == ["b.jpg", "a.jpg", "nowhere"]
    for given, message in (("*.png", r"input=\*.png: nothing matches this pattern in"), ([], "is empty")):
        with pytest.raises(MisconfigurationException, match=message):
            expand_input(given)


def test_an_output_may_not_replace_an_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).touch()
    require_other_output(Path("c.csv"), "c.csv", None)  # that there is no such input is for others to say
    require_other_output(Path("b.csv"), "a.csv", None)
    for given in ("./b.csv", "*.csv", ["a.csv", str(tmp_path / "b.csv")]):
        with pytest.raises(MisconfigurationException, match=r"output=b.csv is the input itself, which it would replace"):
            require_other_output(Path("b.csv"), None, given)


def test_users_come_from_one_table() -> None:
    assert one_input("users.csv") == "users.csv"
    with pytest.raises(MisconfigurationException, match="give one"):
        one_input(["a.csv", "b.csv"])


def test_files_of_a_run_are_no_outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    require_no_file_of_run([Path("predictions.csv"), Path("run/export/model.onnx")], [Path("run")])
    for name in ("predictions.csv", "items.parquet", "checkpoints/best.ckpt"):
        with pytest.raises(MisconfigurationException, match=f"output=run/{name} is a file of the run itself"):
            require_no_file_of_run([Path("run", name)], [Path("other"), Path("run")])
    monkeypatch.chdir(tmp_path / "run")
    with pytest.raises(MisconfigurationException, match="output=predictions.csv is a file of the run itself"):
        require_no_file_of_run([Path("predictions.csv")], [Path(".")])
