"""Run folders of strangers: a valid one whose configuration, overrides, record, preprocessing or weights are changed."""

from __future__ import annotations

import copy
import functools
import io
import json
import os
import pickle
import sys
import zipfile
from typing import Any

import torch
import yaml
from hypothesis import strategies as st

from .given import Given, Place
from .hostile import CALLS, CONFIGURATIONS, OVERRIDES, RECORDS, VALUES
from .mutations import damage, rarely
from .reading import Fault, one_line
from .small_runs import FAMILIES, run_folder


def use(given: Given, place: Place) -> str:
    """Open a run folder as ``predict.py`` does without trust, and as ``train.py resume=RUN`` does.

    Raises:
        Fault: A run that this user did not start would be resumed.
    """
    from omegaconf import OmegaConf
    from practicum.cli import resume
    from practicum.cli.errors import explain
    from practicum.cli.prediction import predict_with
    from practicum.cli.run_folder import open_run
    from practicum.lightning_shim import MisconfigurationException

    folder = place.input / "run"
    typed, sys.argv = sys.argv, ["train.py", f"resume={folder}"]
    try:
        resume.apply_to_command_line()
        raise Fault(f"a stranger's run would be resumed with {sys.argv[1:]}")
    except resume.ResumeError:
        pass
    finally:
        sys.argv = typed
    try:
        run = open_run(folder, given.options.get("checkpoint"), trust=False)
        run.model()
        run.prediction_transforms()
        options = {
            "input": str(place.input / given.new),
            "format": "csv",
            "explain": False,
            "batch_size": None,
            "accelerator": "cpu",
        }
        if given.options["predicts"]:
            predict_with(run, OmegaConf.create(options))
    except Exception as error:
        if (sentence := explain(error, "predict")) is None:  # Hydra wraps what a class refuses; the commands unwrap it
            raise
        one_line(MisconfigurationException(sentence))
        given.said.append(f"refused: {sentence}")
        return "refused"
    return "works"


@st.composite
def inputs(draw: st.DrawFn) -> Given:
    """A run folder with one or two changes, and input to predict with it."""
    family = draw(st.sampled_from(FAMILIES))
    files, name, content = run_folder(family)
    files = dict(files)
    given = Given(use=use, new=name, options={"predicts": draw(st.booleans())}, said=[family])
    for change in draw(
        st.lists(
            st.sampled_from((_config, _config, _config, _overrides, _record, _artifacts, _weights, _weights, _bytes, _files)),
            min_size=1,
            max_size=2,
        )
    ):
        change(draw, files, given)
    given.files = {f"run/{path}": each for path, each in files.items()} | {name: damage(draw, content, given.said, name, 10)}
    if draw(st.integers(0, 9)) == 9:
        given.options["checkpoint"] = draw(
            st.sampled_from(("nowhere.ckpt", "../earlier/checkpoints/best.ckpt", "../input/run/metrics.json", ".."))
        )
    return given


def _paths(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every key and index of nested dictionaries and lists."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [found for key, each in items for found in ((*path, key), *_paths(each, (*path, key)))]


def _change(draw: st.DrawFn, tree: Any, values: tuple[Any, ...], said: list[str]) -> None:
    """Change, remove or add one entry, in place; keys of the model and the data more often than others."""
    everywhere = _paths(tree)
    near = [path for path in everywhere if path[0] in ("model", "data", "callbacks")] if isinstance(tree, dict) else []
    path = draw(st.sampled_from(near or everywhere) if near and draw(st.integers(0, 4)) else st.sampled_from(everywhere))
    node = functools.reduce(lambda found, key: found[key], path[:-1], tree)
    kind, value = draw(st.sampled_from(("set", "set", "set", "add", "remove"))), copy.deepcopy(draw(st.sampled_from(values)))
    if kind == "remove":
        del node[path[-1]]
    elif kind == "add" and isinstance(node, dict):
        node[draw(st.sampled_from(("_target_", "_args_", "_partial_", "_recursive_", "_convert_", "more", "seed", 3, "a.b")))] = (
            value
        )
    else:
        node[path[-1]] = value
    said.append(f"{kind} {'.'.join(map(str, path))} {str(value)[:80]}")


def _yaml(tree: Any) -> str:
    return yaml.dump(tree, Dumper=yaml.CSafeDumper, sort_keys=False)


@functools.lru_cache(16)
def _tree(content: bytes) -> dict[str, Any]:
    """A configuration that is still whole; empty for any other."""
    if not content.startswith(b"seed") or b"&a" in content or b"!!" in content:
        return {}
    try:
        tree = yaml.load(content, yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError):
        return {}
    return tree if isinstance(tree, dict) else {}


def _config(draw: st.DrawFn, files: dict[str, bytes], given: Given) -> None:
    tree = copy.deepcopy(_tree(files.get(".hydra/config.yaml", b"")))
    if not tree:  # changed before
        return
    kind = draw(st.integers(0, 9))
    if kind == 0:
        files[".hydra/config.yaml"] = draw(st.sampled_from(CONFIGURATIONS))
        given.said.append("another config.yaml")
        return
    if kind == 1:
        tree["a"] = [0] * 9
        text = "a: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
        files[".hydra/config.yaml"] = text.encode() + _yaml({key: tree[key] for key in tree if key != "a"}).encode()
        given.said.append("a billion laughs")
        return
    for _ in range(draw(st.integers(1, 2))):
        _change(draw, tree, (*CALLS, *VALUES) if draw(st.booleans()) else CALLS, given.said)
    files[".hydra/config.yaml"] = _yaml(tree).encode("utf-8", "surrogateescape")


def _overrides(draw: st.DrawFn, files: dict[str, bytes], given: Given) -> None:
    name = draw(st.sampled_from((".hydra/overrides.yaml", ".hydra/hydra.yaml")))
    files[name] = draw(st.sampled_from(OVERRIDES))
    given.said.append(f"{name}: {files[name]!r}")


def _record(draw: st.DrawFn, files: dict[str, bytes], given: Given) -> None:
    files["metrics.json"] = draw(st.sampled_from(RECORDS))
    given.said.append(f"metrics.json: {files['metrics.json'][:60]!r}")


def _artifacts(draw: st.DrawFn, files: dict[str, bytes], given: Given) -> None:
    """Change a value of what training kept of its data: ``steps.json``, ``input.json``, ``tokenizer.json`` ..."""
    names = sorted(name for name in files if name.endswith(".json") and name != "metrics.json")
    if not names:
        return
    name = draw(st.sampled_from(names))
    try:
        tree = json.loads(files[name])
    except (ValueError, UnicodeDecodeError):  # changed before
        return
    if _paths(tree):
        given.said.append(name)
        _change(draw, tree, VALUES, given.said)
        files[name] = json.dumps(tree, default=str).encode("utf-8", "surrogatepass")


class _Evil:
    """What pickle runs when it is loaded."""

    def __reduce__(self) -> Any:
        return os.mkdir, ("../evil",)


def _weights(draw: st.DrawFn, files: dict[str, bytes], given: Given) -> None:
    name = "checkpoints/best.ckpt"
    kind = draw(
        st.sampled_from(
            (
                "pickle",
                "old pickle",
                "text",
                "zip",
                "empty",
                "no tensors",
                "shape",
                "names",
                "nan",
                "hyper",
                "hyper",
                "list",
                "tensor",
                "huge",
            )
        )
    )
    given.said.append(f"weights: {kind}")
    file = io.BytesIO()
    try:
        whole = torch.load(io.BytesIO(files[name]), weights_only=True)
    except Exception:  # changed before
        return
    state = whole.get("state_dict") if isinstance(whole, dict) else None
    if not isinstance(state, dict) or not state:  # changed before
        return
    first = next(iter(state))
    if kind in ("pickle", "old pickle"):
        torch.save(whole | {"evil": _Evil()}, file, _use_new_zipfile_serialization=kind == "pickle")
    elif kind == "text":
        file.write(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n")
    elif kind == "zip":
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("archive/data.pkl", pickle.dumps(_Evil()))
            archive.writestr("../../evil", "x")
    elif kind != "empty":
        if kind == "no tensors":
            whole["state_dict"] = {}
        elif kind == "shape":
            state[first] = torch.zeros(3, 3, 3)
        elif kind == "names":
            state[f"more.{first}"] = state.pop(first)
        elif kind == "nan":
            state[first] = torch.full_like(state[first].float(), float("nan"))
        elif kind == "hyper":
            _change(draw, whole["hyper_parameters"], (*VALUES[:16], {"a": 1}, "x"), given.said)
        elif kind == "list":
            whole["state_dict"] = [state]
        elif kind == "huge":
            state[first] = torch.zeros(1).expand(10**9)  # stored as one number
        torch.save(state[first] if kind == "tensor" else whole, file)
    files[name] = file.getvalue()


def _bytes(draw: st.DrawFn, files: dict[str, bytes], given: Given) -> None:
    name = draw(st.sampled_from(sorted(files)))
    files[name] = damage(draw, files[name], given.said, name, often=1)


def _files(draw: st.DrawFn, files: dict[str, bytes], given: Given) -> None:
    name = draw(st.sampled_from(sorted(files)))
    given.said.append(f"without {name}")
    del files[name]
    target = rarely(draw, "", ("/etc/passwd", ".", "nowhere", "../../../earlier/metrics.json"), 2)
    if target:
        given.links[f"run/{name}"] = target
        given.said.append(f"but a link to {target}")
