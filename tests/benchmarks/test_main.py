"""``python -m benchmarks`` with tiny scripts as benchmarks: what is kept, left out, failed, and written."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.__main__ import listing, main, run_all, with_peers
from benchmarks.all_parts.catalogue import Benchmark
from benchmarks.all_parts.running import Setting

TINY = """
import json, os, pathlib, sys
arguments = sys.argv[1:]
path = pathlib.Path(arguments[arguments.index("--json") + 1])
with open(pathlib.Path(__file__).with_suffix(".calls"), "a") as file:
    file.write(os.environ.get("OMP_NUM_THREADS", "") + " " + " ".join(arguments[: arguments.index("--json")]) + "\\n")
if pathlib.Path(__file__).with_name("fail").exists():
    print("first line")
    sys.exit(f"no memory for {pathlib.Path(__file__).parent}")
metrics = {"rate": {"better": "more", "sides": {"practicum": [2.0], "other": [1.0]}}}
path.write_text(json.dumps({"metrics": metrics, "settings": {"other": "its defaults"}, "pages": []}))
if pathlib.Path(__file__).with_name("fail_late").exists():
    sys.exit("one of its runs failed")
"""


def tiny(name: str, *arguments: str, **more: Any) -> Benchmark:
    return Benchmark(name, f"Measures {name}.", (f"{{data}}/{name}.py", *arguments), 1, **more)


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    data = tmp_path / "data"
    data.mkdir()
    (data / "one.py").write_text(TINY, encoding="utf-8")
    (data / "two.py").write_text("raise SystemExit(3)", encoding="utf-8")
    (tmp_path / "output").mkdir()
    return Setting(data, tmp_path / "output", seeds=2, threads=1)


def calls(setting: Setting) -> list[str]:
    path = setting.data / "one.calls"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def test_what_is_complete_is_kept_and_a_failing_one_is_named(setting: Setting, tmp_path: Path) -> None:
    page = tmp_path / "RESULTS.md"
    page.write_text("# Results\n\n## On one GPU\n\nFast.\n", encoding="utf-8")
    catalogue = [tiny("two"), tiny("one", "--seeds", "{seeds}")]
    assert run_all(setting, catalogue, catalogue, page) == ["two"]  # the other one went on
    text = page.read_text(encoding="utf-8")
    assert "- two: **failed**: it said nothing (exit code 3; all of it: passes/two-1.log)" in text
    assert "| one | rate | 2 | other: 1 | 2.00 |" in text
    assert text.endswith("## On one GPU\n\nFast.\n")
    assert calls(setting) == ["1 --seeds 2"]

    run_all(setting, catalogue, catalogue, page)
    assert calls(setting) == ["1 --seeds 2"]  # kept
    run_all(replace(setting, seeds=3), catalogue, catalogue, page)
    assert calls(setting)[1:] == ["1 --seeds 3"]
    (setting.data / "fail").touch()
    assert run_all(replace(setting, seeds=4), catalogue[1:], catalogue, page) == ["one"]
    assert "- one: **failed**: no memory for DATA (exit code 1; all of it: passes/one-1.log)" in page.read_text(encoding="utf-8")
    assert "first line" in (setting.output / "passes" / "one-1.log").read_text(encoding="utf-8")
    (setting.data / "fail").unlink()
    assert run_all(replace(setting, seeds=4), catalogue[1:], catalogue, page) == []  # a failed one is tried again
    assert json.loads((setting.output / "one.json").read_text(encoding="utf-8"))["measured"]["metrics"]["rate"]


def test_the_list_is_walked_in_passes_whose_values_are_joined(setting: Setting, tmp_path: Path) -> None:
    each_pass, seeded = tiny("one", "--first-seed", "{seed}"), tiny("one", "--seeds", "{seeds}")
    catalogue = [replace(each_pass, name="apart"), replace(seeded, name="seeded"), replace(tiny("one"), name="alone", once=True)]
    catalogue.append(tiny("two"))
    assert run_all(setting, catalogue, catalogue, tmp_path / "page.md", passes=2) == ["two"]  # it is not tried again
    assert calls(setting) == ["1 --first-seed 1", "1 --seeds 2", "1 ", "1 --first-seed 2"]
    kept = json.loads((setting.output / "apart.json").read_text(encoding="utf-8"))
    assert kept["measured"]["metrics"]["rate"]["sides"] == {"practicum": [2.0, 2.0], "other": [1.0, 1.0]}
    text = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "one.py --first-seed N`, 2 passes, " in text
    assert "one.py --seeds 2`, 0 s in all" in text

    run_all(setting, catalogue[:1], catalogue, tmp_path / "page.md", passes=3)
    assert calls(setting)[4:] == ["1 --first-seed 3"]  # the others are kept
    (setting.data / "fail").touch()
    assert run_all(setting, catalogue[:1], catalogue, tmp_path / "page.md", passes=4) == ["apart"]
    text = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "one.py --first-seed N`, 3 passes, " in text  # those that are complete are shown all the same
    assert "**Pass 4: no memory for DATA (exit code 1; all of it: passes/apart-4.log)**" in text
    (setting.data / "fail").unlink()
    assert run_all(setting, catalogue[:1], catalogue, tmp_path / "page.md", passes=4) == []
    assert calls(setting)[5:] == ["1 --first-seed 4"] * 2
    run_all(setting, catalogue[:1], catalogue, tmp_path / "page.md", passes=1)
    assert "one.py --first-seed N`, 4 passes, " in (tmp_path / "page.md").read_text(encoding="utf-8")
    run_all(replace(setting, threads=2), catalogue[:1], catalogue, tmp_path / "page.md", passes=1)  # the others have one thread
    assert "one.py --first-seed N`, 0 s in all" in (tmp_path / "page.md").read_text(encoding="utf-8")


def test_what_was_measured_before_a_failure_is_shown_and_tried_again(setting: Setting, tmp_path: Path) -> None:
    one, page = [tiny("one")], tmp_path / "page.md"
    (setting.data / "fail_late").touch()
    assert run_all(setting, one, one, page) == ["one"]
    text = page.read_text(encoding="utf-8")
    assert "| one | rate | 2 | other: 1 | 2.00 |" in text
    assert "**Pass 1: one of its runs failed (exit code 1; all of it: passes/one-1.log)**" in text
    (setting.data / "fail_late").unlink()
    assert run_all(setting, one, one, page) == []
    assert "one of its runs failed" not in page.read_text(encoding="utf-8")
    assert len(calls(setting)) == 2


def test_results_of_an_earlier_form_are_not_shown(setting: Setting, tmp_path: Path) -> None:
    (setting.output / "one.json").write_text(json.dumps({"command": [], "revision": "old"}), encoding="utf-8")
    run_all(setting, [], [tiny("one")], tmp_path / "page.md")
    assert "- one: not asked for in this run" in (tmp_path / "page.md").read_text(encoding="utf-8")


def test_runs_of_another_command_are_not_continued(setting: Setting, tmp_path: Path) -> None:
    one = tiny("one", "{work}", "{seeds}")
    run_all(setting, [one], [one], tmp_path / "page.md")
    left = setting.output / "runs" / "one" / "run"
    left.touch()
    (setting.output / "passes" / "one-1.json").unlink()
    run_all(setting, [one], [one], tmp_path / "page.md")
    assert left.exists()
    run_all(replace(setting, seeds=5), [one], [one], tmp_path / "page.md")
    assert not left.exists()

    own = replace(one, name="own", own_runs=True)  # it looks at each run's command itself
    run_all(setting, [own], [own], tmp_path / "page.md")
    left = setting.output / "runs" / "own" / "run"
    left.touch()
    for here, stays in ((replace(setting, seeds=6), True), (replace(setting, threads=2), False)):
        run_all(here, [own], [own], tmp_path / "page.md")
        assert left.exists() is stays


def test_missing_data_and_peers_are_named(setting: Setting, tmp_path: Path) -> None:
    page = tmp_path / "RESULTS.md"
    lacking = {"no_such_peer": "ModuleNotFoundError: No module named 'no_such_peer'"}
    here = replace(setting, python=Path(sys.executable), site=tmp_path, unimportable=lacking)
    beside = tiny("one", peers=("no_such_peer", "pytest"))
    catalogue = [
        beside,
        replace(beside, name="needed", alone=False),
        replace(beside, name="texts", data=("imdb", "one.py")),
        replace(beside, name="some", some_peers=True),
        replace(beside, name="index", optional=(("json", "has"), ("no_such_index", "ann"))),
        replace(beside, name="other"),
    ]
    assert run_all(here, catalogue[:-1], catalogue, page) == []
    text = page.read_text(encoding="utf-8")
    assert "Without no_such_peer: ModuleNotFoundError: No module named 'no_such_peer'." in text
    assert "- needed: no_such_peer is missing: ModuleNotFoundError: No module named 'no_such_peer'" in text
    assert "- texts: no imdb in the folder of data sets" in text
    assert "- index: no_such_index is not installed here; pip install practicum[ann]" in text
    assert "- other: not asked for in this run" in text
    assert f"Peers: pytest {pytest.__version__}." in text
    assert calls(setting) == ["1 ", f"1 --peer-python {sys.executable}"]


def test_without_an_environment_ours_is_measured_alone(setting: Setting) -> None:
    beside = tiny("one", peers=("pytest",))
    assert with_peers(setting, [beside], None, make=False).no_peers == "--no-peers was given"
    assert "No such file" in with_peers(setting, [beside], f"{setting.data}/no/python", make=True).no_peers
    assert with_peers(setting, [tiny("one")], None, make=True) == setting  # nobody asks for peers
    found = with_peers(setting, [beside], sys.executable, make=True)
    assert (found.python, dict(found.unimportable)) == (Path(sys.executable), {})


def test_hours_take_what_fits_and_the_page_names_the_rest(
    setting: Setting, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, other = tmp_path / "RESULTS.md", tmp_path / "other"
    catalogue = [tiny("one", "{seeds}"), replace(tiny("two"), minutes=30)]
    here = [str(setting.data), "--no-peers", "--page", str(page), "--seeds", "6", "--passes", "3"]
    for output in (setting.output, other):
        with pytest.raises(SystemExit) as ended:
            main([*here, "--output", str(output), "--hours", "1"], catalogue)
        assert not ended.value.code
    assert "- two: about 90 minutes, did not fit into --hours 1" in page.read_text(encoding="utf-8")
    with pytest.raises(SystemExit):
        main([*here, "--output", str(other), "--hours", ".01"], catalogue)
    assert "nothing is that short" in capsys.readouterr().err

    for second, code in ((other, 0), (tmp_path, 1)):
        with pytest.raises(SystemExit) as ended:
            main(["--compare", str(setting.output), str(second)], catalogue)
        assert ended.value.code == code
    said = capsys.readouterr().out
    assert "2 of 2 intervals of the second run overlap" in said
    assert "have no measurement in common" in said


def test_what_is_typed_is_checked(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    catalogue = [tiny("one"), tiny("three")]
    main(["--list"], catalogue)
    assert capsys.readouterr().out == listing(catalogue) + "\n"
    assert listing(catalogue).splitlines()[1] == "three     1 min  Measures three."
    for typed, said in (
        ([], "DATA and --output DIR are needed"),
        ([f"{tmp_path}/no", "--output", str(tmp_path)], "no such folder"),
        ([str(tmp_path), "--output", str(tmp_path), "--only", "four"], "no such benchmark: four; there are one, three"),
        ([str(tmp_path), "--output", str(tmp_path), "--passes", "0"], "--passes: 0 must be at least 1"),
    ):
        with pytest.raises(SystemExit):
            main(typed, catalogue)
        assert said in capsys.readouterr().err
