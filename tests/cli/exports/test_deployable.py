"""Raw inputs, codes, and their description."""

from __future__ import annotations

import numpy as np
import torch
from practicum.cli.exports.deployable import Deployable, GraphInput
from practicum.cli.exports.tables import category_input
from practicum.datamodules.tabular.categories import CategoricalColumn


def test_categories_are_encoded_and_numbers_pass() -> None:
    inputs = {
        "shop": category_input("shop", CategoricalColumn("String", ["a", "b"])),
        "size": GraphInput(("rows", None), torch.zeros(3, 2), "Numbers."),
    }
    made = Deployable("tables", torch.nn.Identity(), inputs, "prediction", [])
    codes, sizes = made.encoded({"shop": np.array(["b", "q"], dtype=object), "size": np.ones((2, 2))})
    assert codes.tolist() == [2, 0]
    assert sizes.shape == (2, 2)
    assert made.vocabularies == {"shop": {"dtype": "String", "categories": ["a", "b"]}}
    described = made.description(encoded=False)
    assert described["inputs"]["shop"]["dtype"] == "string"  # as ONNX takes it
    codes = made.description(encoded=True)["inputs"]["shop"]
    assert (codes["dtype"], codes["meaning"].endswith("counted from 1; 0: unknown.")) == ("int64", True)
    assert described["output"] == "prediction"
    assert described["inputs"]["size"] == {"dtype": "float32", "shape": ["rows", 2], "meaning": "Numbers."}
