"""The default recipes on all development sets, beside their peers: errors, spread over seeds, ratios and seconds.

    python benchmarks/defaults.py DATA --output DIR --peer-python PEER_ENV/bin/python
    python benchmarks/defaults.py DATA --output DIR --seeds 1 --only tables,texts --sets german,rt-polarity --threads 1

DATA is a folder with ``tables/*.csv`` (each with a column ``split``) and ``tables/facts.json`` (by table ``target``, ``kind``,
``date``), ``hymenoptera``, ``clothing``, ``rt-polarity``, ``subjectivity``, ``aclImdb_v1.tar.gz`` and ``ml-100k``. Solar cells
are those of the package elpv-dataset where it is installed, or ``--cells``; spiders and pets are synthetic.

Ours is run as it is typed, with nothing but the data's place and the seed: ``experiment=table``, ``data=image_folder``,
``experiment=reviews``, ``experiment=ratings``. Peers have defaults of their own, in an environment of their own (``pip install
pytabkit lightgbm pandas scikit-learn fasttext-numpy2-wheel scikit-surprise``, with what these ask for); what is not importable
there is named below the table:

- tables: LightGBM on training and validation rows; RealMLP-TD and TabM-D of pytabkit, which validate on validation's rows;
- texts: fastText with word bigrams, and logistic regression on tf-idf of words and bigrams, on training and validation texts;
- ratings: item k-NN and SVD of Surprise, on u1.base;
- photos: none; ``fine_tune.py`` compares with fastai.

Where texts are not split, a tenth is the test; IMDb's are 5,000 + 5,000 labelled reviews and 20,000 unlabelled ones, drawn by a
fixed seed and cut off after 25 words. Ours and the peers take turns, one at a time. Runs that are complete in ``--output`` are
kept, unless what is typed or ``--threads`` has changed; delete ``DIR/runs`` to measure another state of the code (the table names
the revisions). Writes ``DIR/defaults.json`` and ``DIR/defaults.md`` after each data set. Exit code 1 if one of ours failed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

from defaults_parts.data_sets import KINDS, DataSet, development_sets
from defaults_parts.report import kind_table
from defaults_parts.runs import ours, peer
from measurements import Measurements, add_json


def write(output: Path, measured: list[dict[str, Any]], threads: int | None) -> str:
    """Write what was measured so far; return the page."""
    revisions = sorted({run["revision"] for each in measured for run in each["ours"] if "revision" in run})
    machine = f"{os.cpu_count()} cores, {'all' if threads is None else threads} of them used; Python {platform.python_version()}"
    page = [f"Revision {', '.join(revisions) or 'unknown'}; {machine}. In brackets: our error by the peer's."]
    for kind in KINDS:
        sets = [each for each in measured if each["kind"] == kind]
        if sets:
            page.append(f"## {kind.capitalize()}\n\n{kind_table(sets)}")
    text = "\n\n".join(page) + "\n"
    for name, content in (("defaults.json", json.dumps(measured, indent=1)), ("defaults.md", text)):
        beside = output / f"{name}.part"
        beside.write_text(content, encoding="utf-8")
        beside.replace(output / name)
    return text


def measure(
    each: DataSet, seeds: int, output: Path, python: str | None, threads: int | None, limit: float | None, note: Any
) -> dict[str, Any]:
    """Run ours and the peers by turns; a peer that took longer than the limit is not asked for with further seeds."""
    found: dict[str, Any] = {"name": each.name, "kind": each.kind, "metrics": each.metrics, "ours": [], "peers": {}}
    note(found)
    for seed in range(1, seeds + 1):
        run = ours(output, each.name, each.overrides, seed, threads)
        found["ours"].append(run)
        print(f"{each.name}, seed {seed}: {run.get('error') or run['metrics']}", flush=True)
        for method in each.methods if python else ():
            earlier = found["peers"].setdefault(method, [])
            if any("limit" in result for result in earlier):
                continue
            result = peer(output, each.name, each.peer, method, seed, python, threads, limit)
            earlier.append(result)
            print(f"{each.name}, seed {seed}, {method}: { {key: result[key] for key in result if key != 'command'} }", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=lambda text: Path(text).resolve())
    parser.add_argument("--output", type=lambda text: Path(text).resolve(), required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", default=",".join(KINDS), help=f"kinds of data: {', '.join(KINDS)}")
    parser.add_argument("--sets", default="", help="names of sets, as in the tables; default: all")
    parser.add_argument("--peer-python", help="Python of the peers' environment; default: no peers")
    parser.add_argument("--peer-limit", type=float, help="seconds after which one run of a peer is ended; default: none")
    parser.add_argument("--cells", type=lambda text: Path(text).resolve(), help="elpv-dataset's folder with labels.csv")
    parser.add_argument("--threads", type=int, help="of each process; default: all cores")
    add_json(parser)
    options = parser.parse_args()
    only, wanted = options.only.split(","), set(filter(None, options.sets.split(",")))
    if unknown := sorted(set(only) - set(KINDS)):
        parser.error(f"--only: no such kind: {unknown[0]}; there are {', '.join(KINDS)}")
    options.output.mkdir(parents=True, exist_ok=True)
    sets = development_sets(options.data, options.output / "work", only, options.cells)
    if unknown := sorted(wanted - {each.name for each in sets}):
        parser.error(f"--sets: no such set: {unknown[0]}; there are {', '.join(each.name for each in sets)}")
    measured: list[dict[str, Any]] = []
    for each in sets:
        if not wanted or each.name in wanted:
            limit = options.peer_limit
            measure(each, options.seeds, options.output, options.peer_python, options.threads, limit, measured.append)
            write(options.output, measured, options.threads)
    page = write(options.output, measured, options.threads)
    print(page)
    noted = Measurements()
    noted.page(page.replace("\n## ", "\n#### "))
    noted.write(options.json)
    sys.exit(any("error" in run for each in measured for run in each["ours"]))


if __name__ == "__main__":
    main()
