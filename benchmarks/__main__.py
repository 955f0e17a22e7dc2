"""All benchmarks that this machine can run, the peers beside ours; rewrites ``benchmarks/RESULTS.md``.

    python -m benchmarks DATA --output DIR
    python -m benchmarks DATA --output DIR --hours 1
    python -m benchmarks DATA --output DIR --only ratings_speed,overhead --threads 1
    python -m benchmarks --compare DIR SECOND_DIR
    python -m benchmarks --list

DATA is the folder of data sets that ``benchmarks/defaults.py`` describes, with ``rossmann`` (Kaggle's files) and ``ptb``. What
lacks its data or its peer is left out, and RESULTS.md says why. All take days: ``--hours`` takes as many as fit, the shortest
first, and RESULTS.md names the others. ``--compare`` sets two runs beside each other: exit code 1 unless all intervals overlap.

The list is walked ``--passes`` times, so that repetitions lie apart and show how the machine varies; within a pass
both sides take turns. Those that train several seeds themselves (``--seeds``) or are measured once are in the first.

Peers are installed once into ``DIR/peers``, from the exact versions in ``benchmarks/peers.txt``; ``--peer-python`` takes another
environment, ``--no-peers`` none. Each pass of a benchmark is a process of its own, whose output is ``DIR/passes/NAME-1.log``, and
leaves one ``DIR/passes/NAME-1.json``; ``DIR/NAME.json`` is all of them. One that is complete is kept while its command, threads
and peers are the same; delete ``DIR/passes/NAME-*`` (and ``DIR/runs/NAME``, where runs of its own are) to measure another state
of the code: the page names the revisions. A failing benchmark is named with its last line, what it has measured by then is shown,
the others go on, and the exit code is 1.

RESULTS.md is rewritten after each, from all files in DIR; what stands outside of its two marks is kept, such as the part on a GPU
(``benchmarks/gpu.py``). By hand remain ``export.py`` (it takes runs of yours), ``tables.py trees``, and ``language_model.py
memory``, which draws a picture of the documentation.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .all_parts.budget import expected_minutes, fitting
from .all_parts.catalogue import BENCHMARKS, PASSES, SEEDS, Benchmark
from .all_parts.peers_environment import PeersFailed, make_peers, not_importable, site_of, versions
from .all_parts.results_page import results_page, rewrite
from .all_parts.running import Setting, missing_peers, run, what_is_lacking
from .all_parts.second_run import comparison, pairs
from .defaults_parts.kept import limit_threads

HERE = Path(__file__).resolve().parent
NOT_ASKED_FOR = "not asked for in this run; `python -m benchmarks --list` says what they measure"


def listing(catalogue: Sequence[Benchmark]) -> str:
    """Names, minutes and sentences."""
    width = max(len(each.name) for each in catalogue)
    return "\n".join(f"{each.name:{width}} {each.minutes:5.3g} min  {each.sentence}" for each in catalogue)


def with_peers(setting: Setting, wanted: Sequence[Benchmark], python: str | None, make: bool) -> Setting:
    """The setting with the peers' environment, or with the reason why there is none."""
    modules = {name for each in wanted for name in each.peers}
    if not modules:
        return setting
    if python is None and not make:
        return replace(setting, no_peers="--no-peers was given")
    try:
        found = Path(python) if python else make_peers(setting.output / "peers")
        return replace(setting, python=found, site=site_of(found), unimportable=not_importable(found, modules))
    except (PeersFailed, OSError) as error:
        print(f"No peers: {error}", flush=True)
        return replace(setting, no_peers=setting.without_places(f"their environment could not be made: {error}"))


def run_all(
    setting: Setting,
    wanted: Sequence[Benchmark],
    catalogue: Sequence[Benchmark],
    page: Path,
    too_long: Mapping[str, str] | None = None,
    passes: int = 1,
) -> list[str]:
    """Run the benchmarks one after the other, as often as there are passes, and rewrite the page after each.

    Args:
        setting: What they share.
        wanted: Those to run.
        catalogue: Those that the page names.
        page: Where to write.
        too_long: By name the sentence on a benchmark that ``--hours`` leaves out.
        passes: How often the list is walked.

    Returns:
        The names of those that failed.
    """
    failed: list[str] = []
    able = []
    for each in wanted:
        if (reason := what_is_lacking(each, setting)) is None:
            able.append(each)
        else:
            print(f"{each.name}: left out: {reason}", flush=True)
    for number, each in itertools.product(range(1, passes + 1), able):
        if each.name in failed or not each.of_pass(number):
            continue
        importable = [name for name in each.peers if name not in missing_peers(each, setting)]
        numbers = versions(setting.python, importable) if setting.python and importable else {}
        log = setting.output / "passes" / f"{each.name}-{number}.log"
        minutes = expected_minutes(each, 1, setting.seeds)
        print(f"{each.name}, pass {number} of {passes}: about {minutes:.3g} min; see {log}", flush=True)
        found = run(each, setting, numbers, number)
        why = found.get("error") or found.get("incomplete")
        if why:
            failed.append(each.name)
        print(f"{each.name}: {why or format(found['seconds'], '.0f') + ' s'}", flush=True)
        write_page(setting, wanted, catalogue, page, too_long or {})
    write_page(setting, wanted, catalogue, page, too_long or {})
    return failed


def write_page(
    setting: Setting, wanted: Sequence[Benchmark], catalogue: Sequence[Benchmark], page: Path, too_long: Mapping[str, str]
) -> None:
    """Rewrite the page from all files of results that are there."""
    runs: dict[str, dict[str, Any]] = {}
    left_out: dict[str, str] = {}
    for each in catalogue:
        path = setting.output / f"{each.name}.json"
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        if "passes" in found:  # not of an earlier form
            runs[each.name] = found
        elif each not in wanted:
            left_out[each.name] = too_long.get(each.name, NOT_ASKED_FOR)
        else:
            left_out[each.name] = what_is_lacking(each, setting) or "not yet run"
    rewrite(page, results_page(runs, left_out, catalogue))


def compare(first: Path, second: Path, catalogue: Sequence[Benchmark]) -> int:
    """Print what two folders of results have in common; returns the exit code, 1 unless all of it overlaps."""
    found = [*pairs(first, second, catalogue)]
    if not found:
        print(f"{first} and {second} have no measurement in common.")
        return 1
    print(comparison(found))
    return int(not all(each.overlap for each in found))


def measure_machine(threads: int | None, environment: Mapping[str, str]) -> dict[str, Any]:
    """The machine's facts and limits, in a process with the benchmarks' threads."""
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.all_parts.machine"],
        cwd=HERE.parent,
        env={**environment, **limit_threads(threads)},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(answer.stdout.splitlines()[-1]))


def main(arguments: Sequence[str] | None = None, catalogue: Sequence[Benchmark] = BENCHMARKS) -> None:
    """Parse what was typed and run it; exit code 1 if a benchmark failed."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="?", type=lambda text: Path(text).resolve(), help="folder of data sets")
    parser.add_argument("--output", type=lambda text: Path(text).resolve(), help="folder of results, and of the peers")
    parser.add_argument("--only", default="", help="names, separated by commas; default: all")
    parser.add_argument(
        "--list", action="store_true", help="print names, minutes (of a pass, or of one of --seeds) and sentences"
    )
    parser.add_argument("--hours", type=float, help="as many benchmarks as fit, the shortest first; default: all")
    parser.add_argument("--compare", nargs=2, type=Path, metavar="DIR", help="two folders of results, beside each other")
    for name, of, count in (("passes", "how often the list is walked", PASSES), ("seeds", "seeds of long trainings", SEEDS)):
        parser.add_argument(f"--{name}", type=int, default=count, help=f"{of}; default: {count}")
    parser.add_argument("--threads", type=int, help="of each process; default: all cores")
    parser.add_argument("--peer-python", help="Python of an environment with the peers; default: made in DIR/peers")
    parser.add_argument("--no-peers", action="store_true", help="measure ours alone")
    parser.add_argument("--page", type=Path, default=HERE / "RESULTS.md", help="default: benchmarks/RESULTS.md")
    options = parser.parse_args(arguments)
    if options.list:
        print(listing(catalogue))
        return
    if options.compare:
        sys.exit(compare(*options.compare, catalogue))
    if options.data is None or options.output is None:
        parser.error("DATA and --output DIR are needed (or --list, or --compare)")
    if not options.data.is_dir():
        parser.error(f"{options.data}: no such folder")
    for name in ("passes", "seeds", "threads"):
        if (value := getattr(options, name)) is not None and value < 1:
            parser.error(f"--{name}: {value} must be at least 1")
    names = [name for name in options.only.split(",") if name]
    if unknown := [name for name in names if name not in {each.name for each in catalogue}]:
        parser.error(f"--only: no such benchmark: {unknown[0]}; there are {', '.join(each.name for each in catalogue)}")
    wanted = [each for each in catalogue if not names or each.name in names]
    too_long: dict[str, str] = {}
    if options.hours is not None:
        fit = fitting(wanted, options.hours, options.passes, options.seeds)
        for each in wanted:
            if each not in fit:
                minutes = expected_minutes(each, options.passes, options.seeds)
                too_long[each.name] = f"about {minutes:.0f} minutes, did not fit into --hours {options.hours:g}"
        if not fit:
            parser.error(f"--hours {options.hours:g}: nothing is that short; `--list` tells minutes")
        wanted = fit
    options.output.mkdir(parents=True, exist_ok=True)
    machine = measure_machine(options.threads, os.environ)
    setting = Setting(options.data, options.output, options.seeds, options.threads, machine=machine)
    setting = with_peers(setting, wanted, options.peer_python, not options.no_peers)
    failed = run_all(setting, wanted, catalogue, options.page, too_long, options.passes)
    print(f"{options.page} is written" + (f"; failed: {', '.join(failed)}" if failed else ""), flush=True)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
