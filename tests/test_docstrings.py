"""Every public class shows how it is used, and what it shows runs."""

from __future__ import annotations

import doctest
import inspect
from pathlib import Path

import practicum.callbacks
import practicum.datamodules
import practicum.modules
import pytest

PUBLIC = [
    (f"{wing.__name__.rpartition('.')[2]}.{name}", getattr(wing, name))
    for wing in (practicum.callbacks, practicum.datamodules, practicum.modules)
    for name in wing.__all__
]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.parametrize(("name", "public"), PUBLIC, ids=[name for name, _ in PUBLIC])
def test_example_runs(name: str, public: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = doctest.DocTestParser().get_doctest(inspect.getdoc(public) or "", {}, name, None, None)
    assert examples.examples, f"{name} has no example in its docstring"
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    doctest.DocTestRunner(optionflags=FLAGS).run(examples, out=said.append)
    assert not said, "".join(said)
