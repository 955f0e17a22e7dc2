"""What is written gives what the graph gives, with its facts inside; onnxruntime itself is tried in benchmarks/export.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx.reference import ReferenceEvaluator
from practicum.cli.exports.deployable import Deployable
from practicum.cli.exports.formats import model_of, open_model, require_packages, write_model
from practicum.cli.exports.tables import table_deployable
from practicum.datamodules.tabular.preprocessor import TablePreprocessor
from practicum.lightning_shim import MisconfigurationException
from practicum.modules import EntityEmbeddingModel
from safetensors import safe_open

FACTS = {"classes": ["no", "yës"], "versions": {"torch": torch.__version__}}


@pytest.fixture(scope="module")
def deployable() -> Any:
    """A small model of a shop and a size."""
    import polars as pl  # noqa: PLC0415

    rows = pl.DataFrame({"shop": ["a", "b", "b", None, "q"], "size": [1.0, 2.0, None, 4.0, 9.0]})
    steps = TablePreprocessor(target="sold", target_stats={"mean": 1.0, "std": 2.0, "min": 0.0, "max": 9.0})
    steps.fit_category(rows["shop"].head(3))
    steps.fit_number(rows["size"], "rows")
    facts: Any = {"categories": {"shop": ["a", "b"]}, "continuous": steps.number_names, "target": steps.target_stats}
    return table_deployable(EntityEmbeddingModel(**facts, hidden_sizes=[4]).eval().requires_grad_(False), steps, rows)


@pytest.mark.parametrize("form", ["torch_export", "safetensors"])
def test_what_was_written_predicts_the_same(form: str, deployable: Any, tmp_path: Path) -> None:
    write_model(form, deployable, FACTS, tmp_path / "model")
    (call,) = deployable.calls
    assert torch.allclose(open_model(form, deployable, tmp_path / "model")(call.inputs), call.wanted, atol=1e-6)
    if form == "safetensors":
        with safe_open(tmp_path / "model", "pt") as file:
            assert json.loads(file.metadata()["classes"]) == FACTS["classes"]
            assert set(file.keys()) == model_of(deployable.graph).state_dict().keys()
        return
    extra = {"practicum.json": ""}
    module = torch.export.load(tmp_path / "model", extra_files=extra).module()
    assert json.loads(extra["practicum.json"]) == FACTS
    assert module(torch.tensor([1]), torch.tensor([0.5], dtype=torch.float64)).shape == (1,)  # any number of rows


def test_onnx_takes_raw_columns_and_has_the_facts_inside(deployable: Any, tmp_path: Path) -> None:
    write_model("onnx", deployable, FACTS, tmp_path / "model.onnx")
    written = onnx.load(tmp_path / "model.onnx")
    assert {each.key: json.loads(each.value) for each in written.metadata_props} == FACTS
    (call,) = deployable.calls
    (found,) = ReferenceEvaluator(written).run(None, dict(call.inputs))
    assert np.allclose(found, call.wanted.numpy(), atol=1e-6)


def test_what_a_format_can_not_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recurrent = Deployable("texts", torch.nn.Identity(), {}, "probabilities", [], recurrent=True)
    with pytest.raises(MisconfigurationException, match="fixes the length of an LSTM's input"):
        write_model("torch_export", recurrent, {}, tmp_path / "model.pt2")
    require_packages("safetensors")
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(MisconfigurationException, match=r"needs the package onnxruntime: pip install 'practicum\[onnx\]'"):
        require_packages("onnx")
