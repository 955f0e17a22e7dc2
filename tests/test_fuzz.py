"""A hundred drawn inputs of each kind work or are refused in one sentence: see benchmarks/fuzz.py, which takes more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[1]
PARTS = 2  # of each kind: what two processes share evenly


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("kind", ["photos", "texts", "tables", "ratings", "archives", "run_folders"])
def test_drawn_inputs_work_or_are_refused(kind: str, part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(HERE)
    from benchmarks.fuzz import fuzz  # noqa: PLC0415 - not installed: found by the path above

    count = 100 // PARTS
    outcomes, failures = fuzz(kind, count, part * count)
    assert not failures, "\n".join(f"{kind} {seed}: {outcome}\n{details}" for seed, outcome, details in failures)
    assert outcomes["works"] >= count // 10, f"too many are refused for this to be a test: {outcomes}"


def test_what_is_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(HERE)
    from benchmarks.fuzzing.watch import watched  # noqa: PLC0415

    (tmp_path / "own").mkdir()
    (tmp_path / "other").write_text("before", encoding="utf-8")
    with watched(tmp_path, [tmp_path / "own"]) as found:
        (tmp_path / "own" / "file").write_text("allowed", encoding="utf-8")
        (tmp_path / "own" / "link").symlink_to(tmp_path / "other")
        assert (tmp_path / "other").read_text(encoding="utf-8") == "before"
    assert found == []
    with watched(tmp_path, [tmp_path / "own"]) as found:
        (tmp_path / "own" / "link").write_text("after", encoding="utf-8")
    assert found == [f"open {tmp_path / 'other'}", f"changed: {tmp_path / 'other'}"]
    with watched(tmp_path, [tmp_path / "own"]) as found:
        (tmp_path / "other").unlink()
        (tmp_path / "new").mkdir()
    assert [each.split()[0] for each in found] == ["os.remove", "os.mkdir", "changed:", "changed:"]


def test_an_input_is_that_of_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(HERE)
    from benchmarks.fuzz import draw  # noqa: PLC0415

    first, again, other = draw("tables", 3), draw("tables", 3), draw("tables", 4)
    assert first.files == again.files
    assert first.said == again.said
    assert first.files != other.files


def test_tests_that_docs_name_exist() -> None:
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", (HERE / "docs" / "threats.md").read_text(encoding="utf-8"))
    assert len(named) > 20
    for path, test in named:
        files = [each for each in (HERE / "tests" / path, HERE / "tests" / "datamodules" / path) if each.is_file()]
        assert files, path
        assert re.search(rf"^def {test}\(", files[0].read_text(encoding="utf-8"), re.M), f"{path}::{test}"
