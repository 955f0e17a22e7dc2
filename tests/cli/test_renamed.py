"""Old names of options end in one sentence that tells the new one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_module
from hydra.errors import HydraException
from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf
from practicum.cli.composition_errors import explain_composition
from practicum.cli.renamed import OPTIONS, VALUES, renamed_option, renamed_value
from practicum.cli.signatures import options_of

CONF = Path(__file__).resolve().parents[2] / "conf"


def test_sentences() -> None:
    assert renamed_option("data.report") == "data.report was renamed to data.report_dir."
    assert renamed_option("data.report_dir") is None
    assert renamed_option("model.layers") == "model.layers was renamed to model.num_layers or model.hidden_sizes."
    assert renamed_option("model.layers", ["model.hidden_sizes"]) == "model.layers was renamed to model.hidden_sizes."
    assert renamed_option("data.keep", ["data.artifacts_dir"], []) == (
        "data.keep was renamed to data.artifacts_dir; give it as +data.artifacts_dir=..."
    )
    assert renamed_option("data.keep", ["data.artifacts_dir"], ["data.artifacts_dir"]) == renamed_option("data.keep")
    assert renamed_option("data.keep", [], []) == renamed_option("data.keep")  # what it belongs to is not chosen
    assert renamed_value("data.source", "drawn") == "data.source=drawn was renamed to data.source=synthetic."
    assert renamed_value("data.source", "folder") is None
    assert renamed_value("data.date_parts", True) == "data.date_parts=True was renamed to data.date_parts=all."


def options_below(node: Any, path: str) -> Iterator[str]:
    """Full keys of all options that the classes in a node take."""
    if isinstance(node, dict):
        if "_target_" in node:
            yield from (f"{path}.{name}" for name in options_of(get_object(node["_target_"])))
        for key, each in node.items():
            yield from options_below(each, f"{path}.{key}" if path else str(key))


def test_old_names_are_gone_and_new_ones_exist() -> None:
    there: set[str] = set()
    for file in CONF.rglob("*.yaml"):
        group = file.relative_to(CONF).parts[0]
        there |= set(options_below(OmegaConf.to_container(OmegaConf.load(file)), "" if group == "experiment" else group))
    assert not set(OPTIONS) & there
    assert {new for names in OPTIONS.values() for new in names} <= there
    assert {key for key, _ in VALUES} <= there


CHOICES = [[], *([f"experiment={file.stem}"] for file in sorted((CONF / "experiment").glob("*.yaml")))]
CHOICES += [[f"{group}={file.stem}"] for group in ("model", "data") for file in sorted((CONF / group).glob("*.yaml"))]
CHOICES += [["callbacks=[default,lr_find,tta]"], ["experiment=ratings", "callbacks=[ratings,clicks]"]]


@cache
def composed(choice: tuple[str, ...]) -> DictConfig:
    with initialize_config_module("practicum.conf", version_base="1.3"):
        return compose("train", overrides=[*choice, "paths.run=run", "name=test"])


def choice_with(key: str) -> tuple[str, ...]:
    """The first choice of the groups in which a class has this option."""
    parent, _, option = key.rpartition(".")
    for choice in map(tuple, CHOICES):
        node = OmegaConf.select(composed(choice), parent)
        if isinstance(node, DictConfig) and "_target_" in node and option in options_of(get_object(node._target_)):
            return choice
    raise AssertionError(f"no choice has {key}")


@pytest.mark.parametrize(("old", "new"), [(old, new) for old, names in OPTIONS.items() for new in names])
def test_the_new_name_can_be_typed_as_it_is_told(old: str, new: str, monkeypatch: pytest.MonkeyPatch) -> None:
    choice = choice_with(new)
    monkeypatch.setattr(sys, "argv", ["train.py", *choice, f"{old}=1"])
    with initialize_config_module("practicum.conf", version_base="1.3"), pytest.raises(HydraException) as raised:
        compose("train", overrides=[*choice, f"{old}=1"])
    sentence = str(explain_composition(raised.value, "train"))
    assert sentence.startswith(f"{old} was renamed to {new}")
    told = f"+{new}" if f"give it as +{new}=..." in sentence else new
    with initialize_config_module("practicum.conf", version_base="1.3"):
        assert OmegaConf.select(compose("train", overrides=[*choice, f"{told}=null"]), new) is None
