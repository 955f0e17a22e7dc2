"""The notebooks as they are kept: executed without an error, with their pictures, and small. ``.ci/run`` executes them."""

from __future__ import annotations

import ast
import importlib
import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def code_cells(path: Path) -> list[dict[str, Any]]:
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]


def test_there_is_one_for_each_kind_of_data_and_one_for_other_projects() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["photos", "ratings", "tables", "texts", "your_own_project"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_executed_from_top_to_bottom_with_its_pictures(path: Path) -> None:
    cells = code_cells(path)
    assert [cell["execution_count"] for cell in cells] == [*range(1, len(cells) + 1)]
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert not [output for output in outputs if output["output_type"] == "error"]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) >= (1 if path.stem == "texts" else 3)
    assert path.stat().st_size < 1_000_000
    assert "/tmp/" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_it_imports_of_ours_is_there(path: Path) -> None:
    source = "\n".join(line for cell in code_cells(path) for line in "".join(cell["source"]).splitlines() if line[:1] != "!")
    imported = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    names = [(node.module, alias.name) for node in imported if str(node.module).startswith("practicum") for alias in node.names]
    assert names
    for module, name in names:
        assert hasattr(importlib.import_module(str(module)), name), f"{module} has no {name}"
