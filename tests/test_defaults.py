"""One truth for defaults: what a configuration says is what the class's signature says, intended presets apart."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
from hydra.utils import get_object
from omegaconf import DictConfig, ListConfig, OmegaConf

CONF = Path(__file__).resolve().parents[1] / "conf"
GROUPS = ("augment", "callbacks", "data", "model", "schedule")

# Values by which a configuration means something else than the class by itself, and why.
_FIGURES = "a run of ours has a folder for figures; a callback by itself writes none unless told to"
_PRESETS = {
    "augment/crop_mirror.hflip augment/crop_mirror.rotate augment/crop_mirror.zoom augment/crop_mirror.brightness "
    "augment/crop_mirror.contrast": "a preset by definition: nothing is resampled",
    "callbacks/clicks.embedding_maps.max_labels": "names of users and items are longer than those of categories",
    "callbacks/default.unfreeze.at": "the head's epochs are on stored features, so most of the default recipe's are its",
    "callbacks/text.unfreeze.at callbacks/text.unfreeze.groups_at_once callbacks/text.unfreeze.lr_factor": "ULMFiT's recipe",
    "callbacks/run.checkpoint.filename callbacks/run.checkpoint.monitor callbacks/run.checkpoint.enable_version_counter": (
        "Lightning's own callback: a run keeps best.ckpt"
    ),
    "callbacks/table.embedding_maps.coordinates": "an empty mapping can be added to on the command line",
    "callbacks/lr_find.lr_find.folder callbacks/tta.tta.folder schedule/cyclical.folder schedule/flat_cosine.folder "
    "schedule/one_cycle.folder schedule/sgdr.folder schedule/slanted_triangular.folder": _FIGURES,
    "callbacks/tta.tta.only_if_better": "a run of ours has validation data and a folder; a callback by itself does as told",
    "schedule/cyclical.cycles schedule/sgdr.cycles": "they set the length of the training",
}
PRESETS = {key: reason for keys, reason in _PRESETS.items() for key in keys.split()}


def _nodes(node: Any, path: str) -> list[tuple[str, DictConfig]]:
    """Every node with a ``_target_`` of ours."""
    found = []
    if isinstance(node, DictConfig):
        if str(node.get("_target_", "")).startswith("practicum."):
            found.append((path, node))
        for key in node:
            if not OmegaConf.is_missing(node, key) and not OmegaConf.is_interpolation(node, key):
                found += _nodes(node[key], f"{path}.{key}")
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, ListConfig | DictConfig):
        value = OmegaConf.to_container(value)
    return list(value) if isinstance(value, tuple) else value


def _differences() -> dict[str, tuple[Any, Any]]:
    found: dict[str, tuple[Any, Any]] = {}
    for file in sorted(path for group in GROUPS for path in (CONF / group).rglob("*.yaml")):
        place = str(file.relative_to(CONF).with_suffix(""))
        for path, node in _nodes(OmegaConf.load(file), place):
            parameters = _parameters(get_object(node["_target_"]))
            for key in node:
                if key in ("_target_", "_partial_", "defaults") or OmegaConf.is_interpolation(node, key):
                    continue
                if OmegaConf.is_missing(node, key) or key not in parameters:
                    continue
                default, value = parameters[key], _plain(node[key])
                if default is not inspect.Parameter.empty and _plain(default) != value:
                    found[f"{path}.{key}"] = (value, default)
    return found


def _parameters(target: Any) -> dict[str, Any]:
    """Defaults by name, of all the constructors that keywords are passed on to."""
    found: dict[str, Any] = {}
    for kind in inspect.getmro(target) if inspect.isclass(target) else [target]:
        own = kind.__dict__.get("__init__") if inspect.isclass(kind) else kind
        if own is None:
            continue
        signature = inspect.signature(own)
        for name, parameter in signature.parameters.items():
            found.setdefault(name, parameter.default)
        if not any(each.kind is inspect.Parameter.VAR_KEYWORD for each in signature.parameters.values()):
            break
    return found


def test_configurations_say_what_signatures_say() -> None:
    differing = {key: pair for key, pair in _differences().items() if key not in PRESETS}
    assert not differing, "\n".join(
        f"{key}: {value!r} in the configuration, {default!r} in the signature" for key, (value, default) in differing.items()
    )


@pytest.mark.parametrize("key", PRESETS)
def test_presets_are_still_ones(key: str) -> None:
    assert key in _differences(), f"{key} equals the signature: leave it out of PRESETS"
