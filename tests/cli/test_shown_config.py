"""What is shown to others is resolved, but for what the environment holds."""

from __future__ import annotations

import pytest
from hydra import compose, initialize_config_module
from practicum.cli.shown_config import shown_config


def test_a_servers_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://ann:secret@mlflow.example")
    with initialize_config_module("practicum.conf", version_base="1.3"):
        cfg = compose("train", ["name=test", "paths.run=run", "seed=7", "logger=mlflow", "callbacks=[default,lr_find]"])
    assert "secret" in cfg.logger.mlflow.tracking_uri
    shown = shown_config(cfg)
    assert "secret" not in str(shown)
    assert shown["logger"]["mlflow"]["tracking_uri"].startswith("${oc.env:MLFLOW_TRACKING_URI")
    assert shown["data"]["seed"] == 7  # the rest is resolved
    assert shown["callbacks"]["lr_find"]["at"] == [0]
    assert str(shown).count("${") == 1
