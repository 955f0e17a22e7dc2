"""Each ingredient of the default recipes taken out, or another in its place: by how much the error changes.

    python -m benchmarks.on_off KIND [KIND ...] DATA --output DIR [--seeds 3] [--threads 1] [--jobs 1] [--sets german,hr] \
        [--typed trainer.accelerator=cpu ...]

KIND is tables, photos, texts, ratings or all; DATA the folder of ``benchmarks/defaults.py``, with its development sets. The
ingredients are in ``claims_parts/ingredients.py``. A number is the error by the default's with the same seed: above 1, the
ingredient helps. Each is the geometric mean over seeds, the last column over data sets, too, with the 95 % interval of all pairs.

A pair of which an error is 0 has no ratio and is left out of the means; the default's values stand in the first row.

Runs go seed by seed, ``--jobs`` at a time; complete ones in ``DIR/runs`` are kept unless what is typed has changed. Writes
``DIR/on_off.json`` and ``DIR/on_off.md`` after each run. Exit code 1 if a run failed.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .claims_parts.ingredients import DEFAULT, INGREDIENTS
from .claims_parts.intervals import interval
from .claims_parts.slug import slug
from .defaults_parts.data_sets import KINDS, DataSet, development_sets
from .defaults_parts.report import error_ratio, geometric_mean, markdown, shown
from .defaults_parts.runs import ours
from .measurements import Measurements, add_json

Measured = dict[str, dict[str, dict[str, dict[str, Any]]]]  # by data set, variant and seed


def ratios(measured: Measured, data: str, label: str, metric: str) -> list[float]:
    """Error by the default's, seed by seed, of the seeds that both have."""
    mine, reference = measured.get(data, {}).get(label, {}), measured.get(data, {}).get(DEFAULT, {})
    pairs = [(mine[seed]["metrics"], reference[seed]["metrics"]) for seed in sorted(mine) if seed in reference]
    return [error_ratio(metric, mine[metric], its[metric]) for mine, its in pairs if metric in mine and metric in its]


def table(kind: str, sets: list[DataSet], measured: Measured, metric: str | None) -> str:
    """A kind's table by one metric; ``None``: each set's main one."""
    here = [(each, metric or each.metrics[0]) for each in sets if each.kind == kind and (metric or "") in ("", *each.metrics)]
    rows = []
    for variant in INGREDIENTS[kind]:
        cells, every = [], list[float]()
        for each, name in here:
            found = [value for value in ratios(measured, each.name, variant.label, name) if 0 < value < math.inf]
            every += found
            cells.append(f"{geometric_mean(found):.3f}" if found and variant.label != DEFAULT else "")
            if variant.label == DEFAULT:
                values = [run["metrics"][name] for run in measured.get(each.name, {}).get(DEFAULT, {}).values()]
                cells[-1] = " ".join(shown(value) for value in values)
        mean, half = interval([math.log(value) for value in every]) if every else (math.nan, math.nan)
        known = variant.label != DEFAULT and every
        whole = f"{math.exp(mean):.3f} ({math.exp(mean - half):.3f} to {math.exp(mean + half):.3f})" if known else ""
        rows.append([variant.label, *cells, whole])
    head = [f"{each.name}, {name}" for each, name in here]
    return markdown([kind, *head, "geometric mean (95 % interval)"], rows)


def page(sets: list[DataSet], measured: Measured, failed: dict[str, str]) -> str:
    """All tables, and what failed."""
    parts = []
    for kind in dict.fromkeys(each.kind for each in sets):
        names = {name: 1 for each in sets if each.kind == kind for name in each.metrics}
        shared = [*names] if all(len(each.metrics) == len(names) for each in sets if each.kind == kind) else [None]
        parts += [f"## {kind.capitalize()}", *(table(kind, sets, measured, name) for name in shared)]
    return "\n\n".join([*parts, *(f"- failed: {what}: {why}" for what, why in failed.items())]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="+", choices=["all", *KINDS], metavar="KIND", help=f"all, or {', '.join(KINDS)}")
    parser.add_argument("data", type=lambda text: Path(text).resolve())
    parser.add_argument("--output", type=lambda text: Path(text).resolve(), required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sets", default="", help="names of sets; default: all")
    parser.add_argument("--cells", type=lambda text: Path(text).resolve(), help="elpv-dataset's folder with labels.csv")
    parser.add_argument("--threads", type=int, help="of each process; default: all cores")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    parser.add_argument("--typed", nargs="*", default=[], help="more overrides of every run", metavar="KEY=VALUE")
    add_json(parser)
    options = parser.parse_args()
    for name in ("jobs", "seeds"):
        if getattr(options, name) < 1:
            parser.error(f"--{name}={getattr(options, name)} must be at least 1")
    options.output.mkdir(parents=True, exist_ok=True)
    kinds, wanted = [kind for kind in KINDS if {"all", kind} & {*options.kinds}], {*filter(None, options.sets.split(","))}
    try:
        sets = development_sets(options.data, options.output / "work", kinds, options.cells)
    except FileNotFoundError as error:
        parser.error(f"{error.filename}: no such file; what the folder of data holds stands in benchmarks/defaults.py")
    if unknown := sorted(wanted - {each.name for each in sets}):
        parser.error(f"--sets: no such set: {unknown[0]}; there are {', '.join(each.name for each in sets)}")
    sets = [each for each in sets if not wanted or each.name in wanted]
    measured: Measured = {}
    failed: dict[str, str] = {}
    cells = [
        (seed, each, variant)
        for seed in range(1, options.seeds + 1)
        for each in sets
        for variant in INGREDIENTS[each.kind]
        if not variant.only or each.name in variant.only
    ]

    def run(cell: Any) -> tuple[Any, dict[str, Any]]:
        seed, each, variant = cell
        name = f"{each.name}/{slug(variant.label)}"
        return cell, ours(options.output, name, (*each.overrides, *variant.overrides, *options.typed), seed, options.threads)

    with ThreadPoolExecutor(options.jobs) as pool:
        for (seed, each, variant), found in pool.map(run, cells):
            what = f"{each.name}, {variant.label}, seed {seed}"
            print(f"{what}: {found.get('error') or found['metrics']}", flush=True)
            if "error" in found:
                failed[what] = found["error"]
            else:
                measured.setdefault(each.name, {}).setdefault(variant.label, {})[str(seed)] = found
            text = page(sets, measured, failed)
            for file, content in (("on_off.json", json.dumps(measured)), ("on_off.md", text)):
                beside = options.output / f"{file}.part"
                beside.write_text(content, encoding="utf-8")
                os.replace(beside, options.output / file)
    print(text, flush=True)
    noted = Measurements()
    noted.page(text.replace("## ", "#### "))
    noted.write(options.json)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
