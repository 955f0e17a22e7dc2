"""A logger whose package is not installed is refused in one sentence, before anything is read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from practicum.cli import logger_packages
from practicum.cli.logger_packages import check_logger_packages
from practicum.lightning_shim import MisconfigurationException

HERE = Path(__file__).resolve().parents[2]
PRESETS = ("tensorboard", "wandb", "mlflow")


def _preset(name: str) -> dict[str, Any]:
    return {name: yaml.safe_load((HERE / f"conf/logger/{name}.yaml").read_text(encoding="utf-8"))[name]}


@pytest.mark.parametrize("name", PRESETS)
def test_the_sentence_names_an_extra_that_there_is(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logger_packages, "find_spec", lambda module: None)
    sentence = rf'logger\.{name}: the package {name} is not installed; pip install "practicum\[{name}\]" brings it'
    with pytest.raises(MisconfigurationException, match=sentence):
        check_logger_packages(_preset(name))
    assert re.search(rf'^{name} = \["{name}\b', (HERE / "pyproject.toml").read_text(encoding="utf-8"), re.M)


def test_what_is_installed_or_unknown_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logger_packages, "find_spec", lambda module: object())
    check_logger_packages({**_preset("wandb"), "csv": None})
    monkeypatch.setattr(logger_packages, "find_spec", lambda module: None)
    check_logger_packages({"csv": {"_target_": "practicum.callbacks.RunLog"}, "own": {"_target_": "mine.Log"}})
    check_logger_packages(None)


def test_tensorboard_may_be_tensorboardx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logger_packages, "find_spec", lambda module: module == "tensorboardX" or None)
    check_logger_packages(_preset("tensorboard"))
