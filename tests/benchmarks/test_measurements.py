"""What benchmarks measured, in the form that ``python -m benchmarks`` reads."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.measurements import OURS, Measurements, threads


def test_it_is_written_whole(tmp_path: Path) -> None:
    found = Measurements()
    found.note("tokens/s", OURS, 20)
    found.note("tokens/s", OURS, 30)
    found.note("seconds to .9", "fastai", missed="best .8", better="less")
    found.operations("tokens/s", 5.0, {OURS: "32-true"})
    found.setting("fastai", "its tutorial's")
    found.page("text")
    found.write(None)
    found.write(tmp_path / "folder" / "a.json")
    assert [each.name for each in (tmp_path / "folder").iterdir()] == ["a.json"]
    assert json.loads((tmp_path / "folder" / "a.json").read_text(encoding="utf-8")) == {
        "metrics": {
            "tokens/s": {"better": "more", "sides": {OURS: [20.0, 30.0]}, "operations": 5.0, "precisions": {OURS: "32-true"}},
            "seconds to .9": {"better": "less", "sides": {"fastai": [{"missed": "best .8"}]}},
        },
        "settings": {"fastai": "its tutorial's"},
        "pages": ["text"],
    }


def test_a_number_or_why_there_is_none() -> None:
    found = Measurements()
    with pytest.raises(ValueError, match="a number, or why there is none"):
        found.note("loss", OURS)
    with pytest.raises(ValueError, match="a number, or why there is none"):
        found.note("loss", OURS, 1.0, missed="no")
    with pytest.raises(ValueError, match="better=higher must be"):
        found.note("loss", OURS, 1.0, "higher")


def test_threads_are_those_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert threads() == 3
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert threads() >= 1
