"""Write a graph as ONNX, as torch's exported program, or its weights as safetensors, and run what was written."""

from __future__ import annotations

import copy
import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor, nn

from .deployable import Deployable, RawInputs
from .texts import OnnxLSTM

FORMATS = {"onnx": ".onnx", "torch_export": ".pt2", "safetensors": ".safetensors"}
Runner = Callable[[RawInputs], Tensor]
_FACTS = "practicum.json"  # the extra file in an exported program


def require_packages(form: str) -> None:
    """Refuse a format whose packages are missing.

    Args:
        form: One of :data:`FORMATS`.

    Raises:
        MisconfigurationException: They are.
    """
    if form != "onnx":
        return
    for name in ("onnx", "onnxscript", "onnxruntime"):
        try:
            __import__(name)
        except ImportError as error:
            raise MisconfigurationException(f"format=onnx needs the package {name}: pip install 'practicum[onnx]'.") from error


def write_model(form: str, deployable: Deployable, facts: Mapping[str, Any], path: Path) -> None:
    """Write a model.

    Args:
        form: One of :data:`FORMATS`.
        deployable: The model.
        facts: What goes into the file beside it.
        path: The file.

    Raises:
        MisconfigurationException: The format can't hold such a model.
    """
    if form == "onnx":
        write_onnx(deployable, facts, path)
    elif form == "torch_export":
        write_program(deployable, facts, path)
    else:
        write_weights(deployable.graph, facts, path)


def write_program(deployable: Deployable, facts: Mapping[str, Any], path: Path) -> None:
    """Write what ``torch.export.load`` reads; the facts are its extra file ``practicum.json``.

    Raises:
        MisconfigurationException: A recurrent network.
    """
    if deployable.recurrent:
        raise MisconfigurationException(
            "format=torch_export: torch.export fixes the length of an LSTM's input, and texts have any; use format=onnx."
        )
    with torch.no_grad(), _quiet():
        program = torch.export.export(deployable.graph, _examples(deployable), dynamic_shapes=_shapes(deployable))
        file = io.BytesIO()  # torch's own writer ends the process where it can't write
        torch.export.save(program, file, extra_files={_FACTS: json.dumps(facts, ensure_ascii=False)})
    path.write_bytes(file.getbuffer())


def write_weights(graph: nn.Module, facts: Mapping[str, Any], path: Path) -> None:
    """Write the weights alone, by the names that they have in the checkpoint; facts are its metadata, each as JSON.

    Args:
        graph: The graph, whose ``model`` has the weights.
        facts: What goes into the file beside them.
        path: The file.
    """
    from safetensors.torch import save_file  # noqa: PLC0415 - timm brings it

    weights = {name: each.contiguous() for name, each in model_of(graph).state_dict().items()}
    save_file(weights, path, metadata={name: json.dumps(each, ensure_ascii=False) for name, each in facts.items()})


def write_onnx(deployable: Deployable, facts: Mapping[str, Any], path: Path) -> None:
    """Write an ONNX file with raw columns as inputs: encoders of categories and, for photos, the resizing are inside.

    Args:
        deployable: The model.
        facts: What goes into its ``metadata_props``, each as JSON.
        path: The file.
    """
    import onnx  # noqa: PLC0415 - an extra

    from .onnx_input import OPSET, joined_with_input  # noqa: PLC0415

    graph: Any = copy.deepcopy(deployable.graph)
    if deployable.recurrent:
        graph.rnns = nn.ModuleList(OnnxLSTM(layer) for layer in graph.rnns)
    examples, shapes = _examples(deployable), _shapes(deployable)
    if deployable.kind == "photos":  # ONNX resizes bytes as Pillow does, torch's translation does not
        window, graph = graph
        examples, shapes = (window(*examples),), ({0: torch.export.Dim("batch")},)
    names = [f"input_{number}" for number in range(len(examples))]
    with torch.no_grad(), _quiet():
        program = torch.onnx.export(
            graph,
            examples,
            dynamo=True,
            dynamic_shapes=shapes,
            input_names=names,
            output_names=["output"],
            opset_version=OPSET,
            verbose=False,
        )
    assert program is not None
    whole = joined_with_input(program.model_proto, deployable)
    onnx.helper.set_model_props(whole, {name: json.dumps(each, ensure_ascii=False) for name, each in facts.items()})
    onnx.checker.check_model(whole)
    onnx.save(whole, path)


def open_model(form: str, deployable: Deployable, path: Path) -> Runner:
    """What was written, as a function of raw inputs.

    Args:
        form: One of :data:`FORMATS`.
        deployable: What was written.
        path: The file.
    """
    if form == "onnx":
        import onnxruntime  # noqa: PLC0415 - an extra

        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        return lambda raw: torch.from_numpy(np.asarray(session.run(None, dict(raw))[0]))
    if form == "torch_export":
        with _quiet():
            module = torch.export.load(path).module()
        return lambda raw: module(*deployable.encoded(raw))
    from safetensors.torch import load_file  # noqa: PLC0415

    graph: Any = copy.deepcopy(deployable.graph)
    model = model_of(graph)
    with torch.no_grad():
        for each in model.parameters():
            each.zero_()  # so that what is predicted comes from the file
    model.load_state_dict(load_file(path))
    if hasattr(graph, "users"):
        graph.users.copy_(type(graph)(model).users)
    return lambda raw: graph(*deployable.encoded(raw))


def model_of(graph: nn.Module) -> Any:
    """The module whose weights a graph has."""
    return graph[1].model if isinstance(graph, nn.Sequential) else graph.model


def _examples(deployable: Deployable) -> tuple[Tensor, ...]:
    return tuple(each.example for each in deployable.inputs.values())


def _shapes(deployable: Deployable) -> Any:
    """Which axes vary."""
    names = {name for each in deployable.inputs.values() for name in each.dims if name is not None}
    dim = {name: torch.export.Dim(name) for name in names}  # of one name: of one length
    dims = [{place: dim[name] for place, name in enumerate(each.dims) if name is not None} for each in deployable.inputs.values()]
    return (tuple(dims),) if deployable.kind in ("tables", "ratings") else tuple(dims)  # the former take *columns


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what torch says of its own insides in tracing."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")]
    before = [each.level for each in loggers]
    try:
        for each in loggers:
            each.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for each, level in zip(loggers, before, strict=True):
            each.setLevel(level)
