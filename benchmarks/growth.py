"""How cost grows with the data: seconds of an epoch, of preparing, and memory; a table and a log-log picture for each kind.

    python -m benchmarks.growth all --output DIR --threads 1
    python -m benchmarks.growth rows ratings --output DIR --sizes 10000,100000

The data are synthetic, made by a fixed seed, and deleted after each size. Each size is one run of ``train.py`` for one epoch with
the recipe of its kind: photos by a small network at 32 pixels, texts by a language model of one layer, rows by
``experiment=table``, ratings by ``experiment=ratings_large``. Memory is the largest of one process, as the system reports it at
its end. Sizes that were measured are kept in ``DIR/KIND.json``, unless what is typed has changed. Writes ``DIR/KIND.json``,
``DIR/KIND.md`` and ``DIR/growth_KIND.png`` after each size. Exit code 1 if a run failed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .defaults_parts.report import markdown, shown
from .defaults_parts.runs import revision
from .growth_parts.made import KINDS, Kind
from .growth_parts.measured import train
from .growth_parts.picture import draw, exponent
from .measurements import Measurements, add_json


def _write(path: Path, text: str) -> None:
    beside = path.with_name(f"{path.name}.part")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def table(kind: Kind, measured: Sequence[dict[str, Any]]) -> str:
    """Costs by size, in brackets the power of the size by which they grew since the row above."""
    head = [kind.unit, "an epoch, s", "preparing, s", "whole process, s", "memory, GiB"]
    done = [each for each in measured if "error" not in each]
    sizes = [each["size"] for each in done]
    columns = []
    for key, unit in (("epoch", 1.0), ("data", 1.0), ("seconds", 1.0), ("memory", 2.0**30)):
        values = [each[key] / unit for each in done]
        powers = ["", *(f" ({power:.2f})" for power in exponent(sizes, [max(value, 1e-2) for value in values]))][: len(done)]
        columns.append([shown(value) + power for value, power in zip(values, powers, strict=True)])
    rows = [[f"{size:,}", *cells] for size, *cells in zip(sizes, *columns, strict=True)]
    failed = [f"- {each['size']:,}: {each['error']}" for each in measured if "error" in each]
    return "\n".join([markdown(head, rows), "", *failed])


def measure(kind: Kind, sizes: Sequence[int], output: Path, threads: int | None) -> bool:
    """Measure a kind at each size, keeping what was measured; return whether all succeeded."""
    place = output / f"{kind.name}.json"
    typed = {"overrides": list(kind.overrides), "threads": threads}
    found = json.loads(place.read_text(encoding="utf-8")) if place.is_file() else {}
    kept = found.get("sizes", []) if found.get("typed") == typed else []
    known = {each["size"]: each for each in kept if "error" not in each}
    for size in sizes:
        if size in known:
            continue
        folder = output / f"{kind.name}_{size}"
        mark = output / f".{folder.name}"  # ours: what a broken-off measurement has left may be removed
        if folder.is_dir() and any(folder.iterdir()) and not mark.is_file():
            sys.exit(f"{folder} is there, and not of this benchmark; give another --output.")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        mark.touch()
        made = str(kind.make(folder, size))
        overrides = [each.replace("{place}", made) for each in kind.overrides]
        known[size] = {"size": size, "revision": revision(), **train(overrides, folder, threads)}
        shutil.rmtree(folder)
        mark.unlink()
        measured = [known[each] for each in sorted(known)]
        print(f"{kind.name}, {size:,}: {known[size]}", flush=True)
        _write(place, json.dumps({"typed": typed, "sizes": measured}, indent=1))
        _write(output / f"{kind.name}.md", table(kind, measured))
        if len(done := [each for each in measured if "error" not in each]) > 1:
            draw(kind.unit, done, output / f"growth_{kind.name}.png")
    print(table(kind, [known[size] for size in sorted(known)]), flush=True)
    return not any("error" in known[size] for size in sizes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="+", choices=["all", *KINDS], metavar="KIND", help=f"all, or {', '.join(KINDS)}")
    parser.add_argument("--output", type=lambda text: Path(text).resolve(), required=True)
    parser.add_argument("--sizes", type=lambda text: [int(each) for each in text.split(",")], help="default: those of the kind")
    parser.add_argument("--threads", type=int, help="of each process; default: all cores")
    add_json(parser)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    wanted = [kind for name, kind in KINDS.items() if "all" in options.kinds or name in options.kinds]
    results = [measure(kind, options.sizes or kind.sizes, options.output, options.threads) for kind in wanted]
    noted = Measurements()
    for kind in wanted:
        noted.page(f"**{kind.name.capitalize()}**\n\n" + (options.output / f"{kind.name}.md").read_text(encoding="utf-8"))
    noted.write(options.json)
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
