"""Predictions of several runs, and the columns of a table."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf
from practicum.cli.prediction import Prediction, _trainer, mean_prediction, prediction_columns
from practicum.cli.run_folder import Run
from practicum.lightning_shim import MisconfigurationException


class _Model:
    """Two classes, or a table with one embedded column."""

    classes = ("no", "yes")
    categories = {"shop": ["a", "b"]}  # noqa: RUF012

    def columns(self, values: torch.Tensor, top_k: int | None = None) -> dict[str, list[Any]]:
        return {"predicted": [self.classes[row] for row in values.argmax(1).tolist()], "top_k": [top_k] * len(values)}

    def embedded_names(self) -> list[str]:
        return ["shop_1", "size"]


def prediction(values: list[list[float]], files: list[str]) -> Prediction:
    return Prediction(torch.tensor(values), {"file": files}, [], _Model(), None)


def test_files_of_transforms_are_looked_for_in_the_run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = OmegaConf.create({"paths": {"run": "run"}, "callbacks": {}})
    run = Run(config, Path("run/best.ckpt"), "32-true", trust=False, best=True)
    assert Path(_trainer(run, "cpu", []).default_root_dir).resolve() == tmp_path / "run"
    assert not list(tmp_path.iterdir())
    for precision in ("9-bit", [1], {}):
        with pytest.raises(MisconfigurationException, match="run=run, accelerator=cpu, precision="):
            _trainer(Run(config, Path("x"), precision, trust=False, best=True), "cpu", [])


def test_mean_of_runs_that_agree_on_input_and_classes() -> None:
    runs = [prediction([[1.0, 0.0]], ["a"]), prediction([[0.5, 0.5]], ["a"])]
    assert mean_prediction(runs, ["x", "y"]).tolist() == [[0.75, 0.25]]
    assert mean_prediction(runs[:1], ["x"]).tolist() == [[1.0, 0.0]]
    for other in (prediction([[1.0, 0.0, 0.0]], ["a"]), prediction([[1.0, 0.0]], ["b"])):
        with pytest.raises(MisconfigurationException, match="run=y: has other classes than x, or read the input differently"):
            mean_prediction([runs[0], other], ["x", "y"])


def test_a_runs_own_remarks_and_missing_numbers_are_no_difference() -> None:
    runs = []
    for note in ({}, {"note": ["no known word"]}):
        columns = {"text": ["a"], "size": [float("nan")], **note}
        runs.append(Prediction(torch.tensor([[0.5, 0.5]]), columns, [], _Model(), None))
    assert mean_prediction(runs, ["x", "y"]).tolist() == [[0.5, 0.5]]


def test_quantiles_of_other_shares_have_no_mean() -> None:
    runs = []
    for high in (0.9, 0.95):
        model: Any = SimpleNamespace(objective=SimpleNamespace(quantiles=[0.1, high]))
        runs.append(Prediction(torch.tensor([[1.0, 2.0]]), {"row": [1]}, [], model, None))
    with pytest.raises(MisconfigurationException, match="run=y: has other classes than x"):
        mean_prediction(runs, ["x", "y"])


def test_columns_stand_beside_the_input() -> None:
    first = prediction([[0.2, 0.8]], ["a"])
    assert prediction_columns(first, first.values, "csv", 3) == {"file": ["a"], "predicted": ["yes"], "top_k": [3]}
    assert prediction_columns(first, first.values, "kaggle", 3)["top_k"] == [None]


def test_embedded_columns_replace_categories() -> None:
    beside = {"shop": ["a"], "size": [3], "till": [7]}
    first = Prediction(torch.tensor([[0.5, 3.0]]), beside, [], _Model(), None)
    assert prediction_columns(first, first.values, "embedded", None) == {"till": [7], "shop_1": [0.5], "size": [3.0]}
