"""What ONNX does before the network, run by ONNX's own reference: encoders of categories, and windows of photos."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import helper
from onnx.reference import ReferenceEvaluator
from PIL import Image
from practicum.cli.exports.deployable import Deployable, GraphInput
from practicum.cli.exports.onnx_input import IR_VERSION, OPSET, joined_with_input
from practicum.cli.exports.tables import category_input
from practicum.datamodules.images.decode import center_crop, decode_photo
from practicum.datamodules.tabular.categories import CategoricalColumn


def network(kinds: list[int], node: Any, output: Any) -> onnx.ModelProto:
    """A network whose inner names are those of columns."""
    inputs = [helper.make_tensor_value_info(f"input_{n}", kind, None) for n, kind in enumerate(kinds)]
    graph = helper.make_graph([node], "main", inputs, [output])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


def test_raw_categories_become_codes_and_numbers_pass() -> None:
    number = GraphInput(("rows",), torch.zeros(3, dtype=torch.float64), "A number.")
    columns = {
        "shop": CategoricalColumn("String", ["a", "b"]),
        "day": CategoricalColumn("Int64", ["10", "-3"]),
        "half": CategoricalColumn("Float64", ["0.5", "1.25"]),
        "open": CategoricalColumn("Boolean", ["false", "true"]),
        "rare": CategoricalColumn("String", []),
    }
    inputs = {name: category_input(name, column) for name, column in columns.items()} | {"prediction": number}
    node = helper.make_node("Sum", [f"double_{n}" for n in range(6)], ["output"])
    casts = [helper.make_node("Cast", [f"input_{n}"], [f"double_{n}"], to=11) for n in range(6)]
    before = network([7] * 5 + [11], node, helper.make_tensor_value_info("output", 11, ["rows"]))
    for place, cast in enumerate(casts):
        before.graph.node.insert(place, cast)
    whole = joined_with_input(before, Deployable("tables", torch.nn.Identity(), inputs, "prediction", []))
    onnx.checker.check_model(whole)
    assert [each.name for each in whole.graph.input] == [*inputs]
    assert [each.name for each in whole.graph.output] == ["predicted_prediction"]  # a column has its name
    raw = {
        "shop": np.array(["b", "q"], dtype=object),
        "day": np.array([-3, 99]),
        "half": np.array([1.25, np.nan]),
        "open": np.array([1, -1]),
        "rare": np.array(["x", ""], dtype=object),
        "prediction": np.array([0.25, 0.5]),
    }
    (found,) = ReferenceEvaluator(whole).run(None, raw)
    assert found.tolist() == [2 + 2 + 2 + 2 + 0.25, 0.5]


def test_columns_called_like_names_inside_the_graph() -> None:
    columns = {name: CategoricalColumn("Int64", ["5", "7"]) for name in ("encoded/0", "network/input_0")}
    inputs = {name: category_input(name, column) for name, column in columns.items()}
    node = helper.make_node("Add", ["input_0", "input_1"], ["output"])
    before = network([7, 7], node, helper.make_tensor_value_info("output", 7, ["rows"]))
    whole = joined_with_input(before, Deployable("tables", torch.nn.Identity(), inputs, "prediction", []))
    onnx.checker.check_model(whole, full_check=True)
    (found,) = ReferenceEvaluator(whole).run(None, {name: np.array([7, 5]) for name in inputs})
    assert found.tolist() == [4, 2]


@pytest.mark.parametrize("size", [(45, 40), (33, 30), (37, 130)])
def test_windows_are_those_of_training(size: tuple[int, int], tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    photo = Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)
    photo.save(tmp_path / "photo.png")
    wanted = center_crop(decode_photo(tmp_path / "photo.png", 37), 32).transpose(2, 0, 1).astype(int)
    inputs = {"photo": GraphInput(("batch", "height", "width", None), torch.zeros(2, 40, 50, 3, dtype=torch.uint8), "")}
    out = helper.make_tensor_value_info("output", 2, ["batch", 3, 32, 32])
    before = network([2], helper.make_node("Identity", ["input_0"], ["output"]), out)
    facts = {"size": 32, "short_side": 37}
    whole = joined_with_input(before, Deployable("photos", torch.nn.Identity(), inputs, "window", [], facts))
    (found,) = ReferenceEvaluator(whole).run(None, {"photo": np.asarray(photo)[None]})
    assert found.shape == (1, 3, 32, 32)
    assert abs(found[0].astype(int) - wanted).max() <= 1  # one level of 255
