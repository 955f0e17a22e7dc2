"""MLflow's logger with any names; where mlflow is not installed, a client of its interface that refuses what MLflow refuses."""

from __future__ import annotations

import logging
import re
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from practicum.callbacks import MLFlowLog
from practicum.lightning_shim import MLFlowLogger


class Client:
    """Of mlflow.tracking.MlflowClient what Lightning's logger uses."""

    def __init__(self, uri: str) -> None:
        self.params: dict[str, str] = {}
        self.metrics: list[tuple[str, float, int]] = []

    def get_experiment_by_name(self, name: str) -> Any:
        return SimpleNamespace(experiment_id="1", lifecycle_stage="active")

    def create_run(self, experiment_id: str, tags: Any) -> Any:
        return SimpleNamespace(info=SimpleNamespace(run_id="run"))

    def get_run(self, run_id: str) -> Any:
        return SimpleNamespace(data=SimpleNamespace(params=self.params))

    def log_batch(self, run_id: str, params: Any = (), metrics: Any = ()) -> None:
        for each in (*params, *metrics):
            if not re.fullmatch(r"[/\w.\- :]+", each.key):
                raise ValueError(f"Invalid value {each.key!r}")
        for each in params:
            if self.params.setdefault(each.key, each.value) != each.value:
                raise ValueError(f"Changing param values is not allowed: {each.key}")
        self.metrics += [(each.key, each.value, each.step) for each in metrics]


@pytest.fixture
def logger(monkeypatch: pytest.MonkeyPatch) -> MLFlowLog:
    names = ("mlflow", "mlflow.tracking", "mlflow.entities", "mlflow.tracking.context", "mlflow.tracking.context.registry")
    mlflow = {name: ModuleType(name) for name in names}
    entities: Any = mlflow["mlflow.entities"]
    entities.Param = entities.Metric = SimpleNamespace
    mlflow["mlflow"].set_tracking_uri = lambda uri: None  # type: ignore[attr-defined]
    mlflow["mlflow.tracking"].MlflowClient = Client  # type: ignore[attr-defined]
    mlflow["mlflow.tracking.context.registry"].resolve_tags = lambda tags=None: tags  # type: ignore[attr-defined]
    for name, module in mlflow.items():
        monkeypatch.setitem(sys.modules, name, module)
    where = sys.modules[MLFlowLogger.__module__]
    monkeypatch.setattr(where, "_MLFLOW_AVAILABLE", True)
    return MLFlowLog(tracking_uri="sqlite:///nowhere.db")


def test_settings_and_metrics_of_any_name_are_logged_and_that_is_said_once(
    logger: MLFlowLog, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "practicum.callbacks.run.mlflow_log"):
        logger.log_hyperparams({"figures": {"State": {"HB,NI": [9.7, 52.4], "HB": 1}}, "lr": 0.1})
        logger.log_metrics({"test/recall@10": 0.5, "test/recall_10": 0.25}, step=3)
        logger.log_metrics({"test/recall:10": 0.125, "test/recall@10": 0.75}, step=4)
    assert logger.experiment.params == {"figures/State/HB_NI": "[9.7, 52.4]", "figures/State/HB": "1", "lr": "0.1"}
    values = [
        ("test/recall_10_2", 0.5, 3),
        ("test/recall_10", 0.25, 3),
        ("test/recall_10_3", 0.125, 4),
        ("test/recall_10_2", 0.75, 4),
    ]
    assert logger.experiment.metrics == values
    said = [each.getMessage() for each in caplog.records if each.name == "practicum.callbacks.run.mlflow_log"]
    assert len(said) == 1
    assert "figures/State/HB,NI as figures/State/HB_NI" in said[0]


def test_a_run_that_is_continued_keeps_its_settings(logger: MLFlowLog) -> None:
    logger.log_hyperparams({"resume": {"run": None}, "lr": 0.1})
    logger.log_hyperparams({"resume": {"run": "runs/a"}, "lr": 0.1, "new": 1})
    assert logger.experiment.params == {"resume/run": "None", "lr": "0.1", "new": "1"}
