"""One benchmark: what it lacks, its child process, and the files in which its passes are kept."""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..defaults_parts.kept import keep, kept, last_of, limit_threads, revision, threads_typed
from .catalogue import SEEDS, Benchmark
from .passes import joined

BENCHMARKS = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Setting:
    """What all benchmarks share.

    Attributes:
        data: Folder of data sets.
        output: Folder of results.
        seeds: Seeds of each training that counts them.
        threads: Of each process; ``None``: as many as libraries take.
        python: The peers' Python; ``None``: there is none, because of ``no_peers``.
        site: The peers' site-packages.
        no_peers: Why there is no environment of the peers.
        unimportable: Modules that it can't import, with the error.
        machine: What :mod:`.machine` says.
    """

    data: Path
    output: Path
    seeds: int = SEEDS
    threads: int | None = None
    python: Path | None = None
    site: Path | None = None
    no_peers: str = "no environment was made"
    unimportable: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=dict)

    def without_places(self, text: str) -> str:
        """A text without this machine's folders, for a page that others read."""
        for place, name in ((self.data, "DATA"), (self.output, "DIR"), (BENCHMARKS.parent, "."), (sys.prefix, "ENV")):
            text = text.replace(str(place), name)
        return text


def missing_peers(each: Benchmark, setting: Setting) -> dict[str, str]:
    """Peers of a benchmark that can't be asked, with the reason."""
    if setting.python is None:
        return dict.fromkeys(each.peers, setting.no_peers)
    return {name: setting.unimportable[name] for name in each.peers if name in setting.unimportable}


def what_is_lacking(each: Benchmark, setting: Setting) -> str | None:
    """Why a benchmark can't run here; ``None``: it can."""
    absent = [name for name in each.data if not (setting.data / name).exists()]
    if absent:
        return f"no {', '.join(absent)} in the folder of data sets"
    for module, extra in each.optional:
        if importlib.util.find_spec(module) is None:
            return f"{module} is not installed here; pip install practicum[{extra}]"
    if not each.alone and (missing := missing_peers(each, setting)):
        return "; ".join(f"{name} is missing: {reason}" for name, reason in missing.items())
    return None


def typed(each: Benchmark, setting: Setting, peers_versions: Mapping[str, str], seed: int | str) -> list[str]:
    """What decides a result: arguments without the places of results, threads, and the peers' versions."""
    places = {"data": setting.data, "work": "WORK", "site": "SITE", "seed": seed, "seeds": setting.seeds}
    return [*(part.format(**places) for part in each.command), *_surroundings(setting, peers_versions)]


def _surroundings(setting: Setting, peers_versions: Mapping[str, str]) -> list[str]:
    return [threads_typed(setting.threads), *(f"{name}=={number}" for name, number in sorted(peers_versions.items()))]


def run(each: Benchmark, setting: Setting, peers_versions: Mapping[str, str], number: int) -> dict[str, Any]:
    """Run a pass of a benchmark unless that was done with the same command, threads and versions, and join its passes.

    ``OUTPUT/passes/NAME-NUMBER.json`` holds ``command``, ``revision``, ``seconds``, ``processor seconds``, ``options``,
    ``machine``, ``peers`` (versions), ``missing_peers`` and ``measured``; or ``error``: the last line of a failing one, which is
    ``incomplete`` where it had measured something.
    ``OUTPUT/NAME.json`` holds all passes that are there for the same command, threads and versions, together.

    Returns:
        What was found in this pass.
    """
    found = _pass(each, setting, peers_versions, number)
    keep(setting.output / f"{each.name}.json", joined([*_passes(each, setting, peers_versions)]))
    return found


def _place(each: Benchmark, setting: Setting, number: int) -> Path:
    return setting.output / "passes" / f"{each.name}-{number}.json"


def _passes(each: Benchmark, setting: Setting, peers_versions: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """What is there of this very command, from the first pass to the last without a gap."""
    for number in itertools.count(1):
        if not (path := _place(each, setting, number)).is_file():
            return
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["command"] != typed(each, setting, peers_versions, number):
            return
        yield found


def _pass(each: Benchmark, setting: Setting, peers_versions: Mapping[str, str], number: int) -> dict[str, Any]:
    path = _place(each, setting, number)
    command = typed(each, setting, peers_versions, number)
    if (found := kept(path, command)) is not None:
        return found
    path.parent.mkdir(exist_ok=True)
    work = setting.output / "runs" / each.name
    # One with runs of its own keeps those whose command is the same, whatever else is asked for.
    whole = _surroundings(setting, peers_versions) if each.own_runs else typed(each, setting, peers_versions, "N")
    _forget_other_runs(work, whole)
    work.mkdir(parents=True, exist_ok=True)
    result = work / "measured.json"
    result.unlink(missing_ok=True)
    started, log, before = time.perf_counter(), path.with_suffix(".log"), os.times()
    arguments = [*_command(each, setting, work, number), "--json", str(result)]
    with open(log, "w", encoding="utf-8") as file:
        code = subprocess.call(arguments, cwd=work, env=_environment(each, setting), stdout=file, stderr=subprocess.STDOUT)
    facts = {
        "command": command,
        "revision": revision(),
        "seconds": time.perf_counter() - started,
        "processor seconds": sum(os.times()[2:4]) - sum(before[2:4]),
        "options": {"seed": "N", "seeds": setting.seeds},
        "machine": dict(setting.machine),
        "peers": dict(peers_versions),
    }
    why = {}
    if code or not result.is_file():
        said = last_of(log.read_text(encoding="utf-8", errors="replace")) or "it said nothing"
        name = "incomplete" if result.is_file() else "error"
        why = {name: f"{setting.without_places(said)} (exit code {code}; all of it: passes/{log.name})"}
    if "error" in why:
        return keep(path, {**facts, **why})
    measured = json.loads(result.read_text(encoding="utf-8"))
    return keep(path, {**facts, **why, "missing_peers": missing_peers(each, setting), "measured": measured})


def _environment(each: Benchmark, setting: Setting) -> dict[str, str]:
    """Variables of a child process: threads are limited, and a module's name can be found in this tree."""
    own = {**os.environ, **limit_threads(setting.threads)}
    if each.command[0] == "-m":
        own["PYTHONPATH"] = os.pathsep.join(filter(None, [str(BENCHMARKS.parent), os.environ.get("PYTHONPATH")]))
    return own


def _command(each: Benchmark, setting: Setting, work: Path, seed: int) -> list[str]:
    places = {"data": setting.data, "work": work, "site": setting.site, "seed": seed, "seeds": setting.seeds}
    parts = [part.format(**places) for part in each.command]
    start = [sys.executable, *parts] if parts[0] == "-m" else [sys.executable, str(BENCHMARKS / parts[0]), *parts[1:]]
    missing = missing_peers(each, setting)
    if len(missing) < len(each.peers) if each.some_peers else each.peers and not missing:
        start += ["--peer-python", str(setting.python)]
    if setting.threads is not None and each.own_runs:
        start += ["--threads", str(setting.threads)]
    return start


def _forget_other_runs(work: Path, command: list[str]) -> None:
    """Delete what a benchmark left of another command, so that it continues none of its runs."""
    note = work / "command.json"
    if work.is_dir() and any(work.iterdir()) and not note.is_file():
        sys.exit(f"{work} holds something else than runs of a benchmark; give another --output.")
    if work.is_dir() and (not note.is_file() or json.loads(note.read_text(encoding="utf-8")) != command):
        shutil.rmtree(work)
    work.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps(command), encoding="utf-8")
