"""Paths, lists of them, and patterns."""

from __future__ import annotations

from pathlib import Path

import pytest
from omegaconf import OmegaConf
from practicum.cli.inputs import expand_input, one_input
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


def test_users_come_from_one_table() -> None:
    assert one_input("users.csv") == "users.csv"
    with pytest.raises(MisconfigurationException, match="give one"):
        one_input(["a.csv", "b.csv"])
