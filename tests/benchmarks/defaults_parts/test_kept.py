"""What is kept of a run: the revision of the code that made it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from benchmarks.defaults_parts import kept


def test_the_page_of_results_is_no_change_of_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*arguments: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    (tmp_path / "benchmarks").mkdir()
    monkeypatch.setattr(kept, "HERE", tmp_path / "benchmarks")
    git("init")
    for name in ("train.py", "benchmarks/RESULTS.md"):
        (tmp_path / name).write_text("one", encoding="utf-8")
    git("add", "-A")
    git("commit", "-m", "one")
    clean = kept.revision()
    assert clean.isalnum()
    (tmp_path / "benchmarks" / "RESULTS.md").write_text("two", encoding="utf-8")
    assert kept.revision() == clean
    (tmp_path / "train.py").write_text("two", encoding="utf-8")
    assert kept.revision() == f"{clean}+"
