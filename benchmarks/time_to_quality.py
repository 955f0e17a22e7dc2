"""Seconds from the start of the process until validation first reaches a mark: ours as it is typed, and the peers.

    python benchmarks/time_to_quality.py photos PHOTOS --peer-python PEER_ENV/bin/python     # train/ and val/: accuracy .96
    python benchmarks/time_to_quality.py pets FOLDER --peer-python PEER_ENV/bin/python       # drawn there: accuracy .99
    python benchmarks/time_to_quality.py ratings ML_100K --peer-python PEER_ENV/bin/python   # u1: RMSE .93
    python benchmarks/time_to_quality.py tables KAGGLE_FILES --peer-python ...               # Rossmann, six weeks: RMSPE .12
    python benchmarks/time_to_quality.py text PTB --peer-python ...                          # perplexity 130

Ours is ``train.py`` with the default recipe and a callback that writes down each validation, from Python's start, with an empty
cache; peers train as their documentation does (quality_parts/tasks.py says how and where), from Python's start, too. Both take
turns, ``--seeds`` times, and are ended once they are there. A side that does not reach the mark within its schedule, or within
``--limit``, is said to be so, with what it reached. The same is given in seconds on the processor, which other work on the
machine does not lengthen. Needs no peers: without ``--peer-python`` ours is measured alone.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path

if __package__ in (None, ""):  # python benchmarks/time_to_quality.py
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.measurements import OURS, Measurements, add_json
from benchmarks.quality_parts.course import STARTED
from benchmarks.quality_parts.tasks import TASKS, Peer, Task
from benchmarks.quality_parts.watching import Outcome, SideFailed, watch

HERE = Path(__file__).resolve().parent


def ours(task: Task, root: Path, seed: int, limit: float | None, more: list[str]) -> Outcome:
    """One run of ours, with an empty cache."""
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder) / "course.jsonl"
        typed = [*(each.format(root=root) for each in task.overrides), f"seed={seed}", "callbacks.progress=null", *more]
        typed += ["+callbacks.course._target_=benchmarks.quality_parts.course.Course", f"+callbacks.course.path={course}"]
        typed += [f"+callbacks.course.metric={task.metric}", f"hydra.run.dir={folder}/run", f"paths.data={folder}/data"]
        return watch([sys.executable, str(HERE.parent / "train.py"), *typed], course, task.reached, limit, os.environ, STARTED)


def theirs(peer: Peer, task: Task, given: Path, seed: int, limit: float | None, python: str) -> Outcome:
    """One run of a peer."""
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder) / "course.jsonl"
        script = str(HERE / "peers" / peer.script)
        command = [python, script, *peer.arguments, str(given), "--seed", str(seed), "--course", str(course)]
        own = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        return watch(command, course, task.reached, limit, own, STARTED)


def measure(task: Task, options: argparse.Namespace, folder: Path) -> Measurements:
    """Ours and the peers in turn."""
    noted = Measurements()
    python, root = options.peer_python, options.data
    if task.draw is not None:
        task.draw(root)
    noted.setting(OURS, f"`train.py {' '.join(task.overrides).replace('{root}', 'DATA')}`")
    given = task.prepare(root, folder, python) if task.prepare and python else root
    metric, best = f"seconds to {task.words}", max if task.better == "more" else min
    on_processor = f"processor {metric}"

    def note(side: str, seed: int, outcome: Outcome) -> None:
        mark, missed = outcome.mark, None if outcome.mark else outcome.missed(best)
        noted.note(metric, side, mark and mark.seconds, "less", missed)
        noted.note(on_processor, side, mark and mark.processor, "less", missed and "as above")
        course = ", ".join(f"{each.value:.4g} after {each.seconds:.1f} s" for each in outcome.course)
        said = f"{mark.seconds:.1f} s, {mark.processor:.1f} s on the processor" if mark else missed
        print(f"{side}, seed {seed}: {said}   ({course})", flush=True)

    for seed in range(options.first_seed, options.first_seed + options.seeds):
        note(OURS, seed, ours(task, root, seed, options.limit, options.more))
        for peer in task.peers if python else ():
            noted.setting(peer.name, peer.setting)
            try:
                note(peer.name, seed, theirs(peer, task, given, seed, options.limit, python))
            except SideFailed as error:
                for name in (metric, on_processor):
                    noted.note(name, peer.name, missed=f"it failed: {error}", better="less")
                print(f"{peer.name}, seed {seed} failed: {error}", flush=True)
    return noted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=list(TASKS))
    parser.add_argument("data", type=lambda text: Path(text).resolve())
    parser.add_argument("--peer-python", help="Python of the peers' environment")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--limit", type=float, help="seconds after which a run of either side is ended; default: none")
    parser.add_argument("--more", nargs="*", default=[], help="more overrides of train.py: no longer the default recipe")
    add_json(parser)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what it watches is ended, too
    with tempfile.TemporaryDirectory() as folder:
        try:
            noted = measure(TASKS[options.task], options, Path(folder))
        except SideFailed as error:
            sys.exit(f"train.py failed: {error}")
    noted.write(options.json)


if __name__ == "__main__":
    main()
