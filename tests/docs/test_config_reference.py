"""The configuration reference: nothing that stands in conf/ is missing from it."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

HERE = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    """docs/site/config_reference.py, which is part of no package."""
    spec = importlib.util.spec_from_file_location("config_reference", HERE / "docs" / "site" / "config_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["config_reference"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FILE = """\
# @package _global_
# What it is for: see docs/tables.md
# and more.
defaults:
  - base       # its base
data:
  _target_: practicum.datamodules.Table
  a: 1         # first,
               # continued
  # above
  b: "x # y"
  c:
    d: [1, 2]  # <deep>
  e: null
"""


def test_comments_find_their_options(reference: ModuleType) -> None:
    choice = reference.read_choice(FILE)
    assert choice.header == "What it is for: see docs/tables.md and more."
    assert choice.is_global
    assert choice.bases == ["`base`: its base"]
    assert [(each.name, each.value, each.comment) for each in choice.settings] == [
        ("data", None, ""),
        ("data.a", "1", "first, continued"),
        ("data.b", '"x # y"', "above"),
        ("data.c", None, ""),
        ("data.c.d", "[1, 2]", "<deep>"),
        ("data.e", "null", ""),
    ]
    assert choice.settings[0].target == choice.settings[1].owner == "practicum.datamodules.Table"


def test_page_has_types_links_and_descriptions(reference: ModuleType, tmp_path: Path) -> None:
    for name in ("train", "predict"):
        (tmp_path / f"{name}.yaml").write_text("x: 1\n", encoding="utf-8")
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "file.yaml").write_text(FILE, encoding="utf-8")
    known = {"a": reference.Parameter("int | None", "not shown"), "e": reference.Parameter("str", "From the docstring.")}
    page = reference.config_pages(tmp_path, lambda target: known)["some.md"]
    assert "see [tables.md](../tables.md) and more." in page
    assert "| **`data`** | | [`Table`][practicum.datamodules.Table] |  |" in page
    assert "| `data.a` | `1` | `int | None` | first, continued |" in page
    assert "| `data.c.d` | `[1, 2]` |  | &lt;deep> |" in page
    assert "| `data.e` | `null` | `str` | From the docstring. |" in page


def test_no_option_and_no_comment_is_missing(reference: ModuleType) -> None:
    pages = reference.config_pages(HERE / "conf", lambda target: {})
    missing = []
    for path in sorted((HERE / "conf").rglob("*.yaml")):
        group = path.parent.relative_to(HERE / "conf").as_posix()
        if group.startswith("hydra"):
            continue
        page = re.sub(
            r"\[([a-z_]+\.md)\]\([^)]*\)", r"docs/\1", pages["index.md" if group == "." else f"{group.replace('/', '_')}.md"]
        )
        page = page.replace("&lt;", "<").replace("\\", "")
        text = path.read_text(encoding="utf-8").replace("\\", "")
        keys = [key for key in _keys(yaml.safe_load(path.read_text(encoding="utf-8"))) if not key.startswith("_")]
        comments = [each.strip() for each in re.findall(r"(?:^|\s)#(?! ?@package) ?([^\n]+)$", text, re.M)]
        missing += [f"{path}: {each}" for each in (*keys, *comments) if each.lower() not in page.lower()]
    assert missing == []


def _keys(node: object) -> list[str]:
    if not isinstance(node, dict):
        return []
    return [each for key, value in node.items() if key != "defaults" for each in (str(key), *_keys(value))]
