"""Old names of options end in one sentence that tells the new one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hydra.utils import get_object
from omegaconf import OmegaConf
from practicum.cli.renamed import OPTIONS, VALUES, renamed_option, renamed_value
from practicum.cli.signatures import options_of

CONF = Path(__file__).resolve().parents[2] / "conf"


def test_sentences() -> None:
    assert renamed_option("data.report") == "data.report was renamed to data.report_dir."
    assert renamed_option("data.report_dir") is None
    assert renamed_option("model.layers") == "model.layers was renamed to model.num_layers or model.hidden_sizes."
    assert renamed_option("model.layers", ["model.hidden_sizes"]) == "model.layers was renamed to model.hidden_sizes."
    assert renamed_value("data.source", "drawn") == "data.source=drawn was renamed to data.source=synthetic."
    assert renamed_value("data.source", "folder") is None


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
