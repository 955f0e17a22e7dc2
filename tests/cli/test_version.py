"""--version."""

from __future__ import annotations

import importlib.metadata
import sys

import pytest
from practicum.cli.errors import run_command
from practicum.cli.version import version_line


def test_line_names_the_versions_of_what_is_installed() -> None:
    line = version_line()
    for name in ("practicum", "torch", "hydra-core"):
        assert f"{name} {importlib.metadata.version(name)}" in line


def test_a_tree_that_is_not_installed_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert version_line().startswith("practicum (not installed) (Python 3.")


@pytest.mark.parametrize("command", ["train", "predict"])
def test_commands_tell_our_version_and_do_nothing_else(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [f"{command}.py", "--version"])
    run_command(lambda: pytest.fail("it ran"), command)
    assert capsys.readouterr().out == f"{version_line()}\n"
