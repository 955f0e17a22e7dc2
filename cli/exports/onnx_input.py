"""The part of an ONNX file before the network: raw columns become codes, photos of any size become windows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, compose, helper, numpy_helper, parser
from practicum.datamodules.images.decode import MAX_ASPECT

from .deployable import Deployable, GraphInput

OPSET, ML_OPSET, IR_VERSION = 20, 4, 10
_NETWORK, _ENCODED = "network/", "encoded/"  # before names inside the graph, which may be those of columns

# What Pillow's resize with BILINEAR does, to one level in a hundred pixels: ONNX resizes bytes by the same filter.
_WINDOW = """
<ir_version: {ir_version}, opset_import: ["" : {opset}]>
prepare (uint8[batch, height, width, 3] photo) => (uint8[batch, 3, {size}, {size}] window) {{
  all_planes = Transpose <perm = [0, 3, 1, 2]> (photo)
  counts = Shape <start = 0, end = 2> (all_planes)
  shape = Shape <start = 2, end = 4> (all_planes)
  axis = Constant <value = int64[1] {{0}}> ()
  shorter_side = ReduceMin <keepdims = 1> (shape, axis)
  aspect = Constant <value = int64[1] {{{aspect}}}> ()
  longest = Mul (shorter_side, aspect)
  kept = Min (shape, longest)
  two = Constant <value = int64[1] {{2}}> ()
  axes = Constant <value = int64[2] {{2, 3}}> ()
  beyond = Sub (shape, kept)
  first = Div (beyond, two)
  last = Add (first, kept)
  planes = Slice (all_planes, first, last, axes)
  sides = Cast <to = 11> (kept)
  shorter = Cast <to = 11> (shorter_side)
  short_side = Constant <value = double[1] {{{short_side}.0}}> ()
  scale = Div (short_side, shorter)
  scaled = Mul (sides, scale)
  rounded = Round (scaled)
  enough = Max (rounded, short_side)
  resized_sides = Cast <to = 7> (enough)
  sizes = Concat <axis = 0> (counts, resized_sides)
  resized = Resize <antialias = 1, mode = "linear", coordinate_transformation_mode = "half_pixel"> (planes, , , sizes)
  size = Constant <value = int64[1] {{{size}}}> ()
  rest = Sub (resized_sides, size)
  start = Div (rest, two)
  end = Add (start, size)
  window = Slice (resized, start, end, axes)
}}
"""


def joined_with_input(network: onnx.ModelProto, deployable: Deployable) -> onnx.ModelProto:
    """A network behind what its raw inputs need.

    Args:
        network: Inputs ``input_0 ...`` and an ``output``.
        deployable: What it was made of.
    """
    network_prefix = _free_prefix(_NETWORK, deployable.inputs)
    if deployable.kind == "photos":
        sizes = {name: deployable.facts[name] for name in ("size", "short_side")}
        before = parser.parse_model(_WINDOW.format(ir_version=IR_VERSION, opset=OPSET, aspect=int(MAX_ASPECT), **sizes))
        links = [("window", f"{network_prefix}input_0")]
    else:
        before, outputs = _encoders(deployable)
        links = [(name, f"{network_prefix}input_{number}") for number, name in enumerate(outputs)]
    network.ir_version = before.ir_version = IR_VERSION
    for each in network.opset_import:
        each.version = OPSET if each.domain == "" else each.version
    whole = compose.merge_models(before, compose.add_prefix(network, network_prefix), io_map=links)
    inside = whole.graph.output[0].name
    output = _free_name(deployable.output, {each.name for each in whole.graph.input})
    whole.graph.node.append(helper.make_node("Identity", [inside], [output]))
    whole.graph.output[0].name = output
    return whole


def _free_name(name: str, taken: set[str]) -> str:
    while name in taken:
        name = f"predicted_{name}"
    return name


def _free_prefix(prefix: str, taken: Iterable[str]) -> str:
    while any(name.startswith(prefix) for name in taken):
        prefix = f"_{prefix}"
    return prefix


def _encoders(deployable: Deployable) -> tuple[onnx.ModelProto, list[str]]:
    """A graph that passes each input on, categories as their codes; and the names of its outputs."""
    nodes, inputs, outputs = [], [], []
    prefix = _free_prefix(_ENCODED, deployable.inputs)
    for number, (name, given) in enumerate(deployable.inputs.items()):
        shape = [size if dim is None else dim for dim, size in zip(given.dims, given.example.shape, strict=True)]
        out = f"{prefix}{number}"
        raw_type, node = _encoder(given, name, out)
        inputs.append(helper.make_tensor_value_info(name, raw_type, shape))
        outputs.append(helper.make_tensor_value_info(out, _type_of(given), shape))
        nodes.append(node)
    graph = helper.make_graph(nodes, "practicum", inputs, outputs)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION), [each.name for each in outputs]


def _type_of(given: GraphInput) -> int:
    return int(helper.np_dtype_to_tensor_dtype(given.example.numpy().dtype))


def _encoder(given: GraphInput, name: str, out: str) -> tuple[int, Any]:
    """Type of a raw input, and the node that takes it."""
    column = given.column
    if column is None:
        return _type_of(given), helper.make_node("Identity", [name], [out])
    codes, keys = [*range(1, len(column.categories) + 1)] or [0], [*column.categories]
    if column.dtype == "String":
        kind, known = TensorProto.STRING, {"keys_strings": keys or [""]}
    elif column.dtype == "Float64":
        kind, known = TensorProto.DOUBLE, {"keys_tensor": numpy_helper.from_array(np.array([*map(float, keys or [0])]))}
    else:
        whole = [int({"true": 1, "false": 0}.get(each, each)) for each in keys or [0]]
        kind, known = TensorProto.INT64, {"keys_tensor": numpy_helper.from_array(np.array(whole, np.int64))}
    tensors: dict[str, Any] = {
        "values_tensor": numpy_helper.from_array(np.array(codes)),
        "default_tensor": numpy_helper.from_array(np.array([0])),
        **known,
    }
    return kind, helper.make_node("LabelEncoder", [name], [out], domain="ai.onnx.ml", **tensors)
