"""The claims of the course on real data: with the technique and without it, several seeds, with intervals.

    python -m benchmarks.claims NAME [NAME ...] DATA --output DIR [--seeds 5] [--threads 1]
    python -m benchmarks.claims all DATA --output DIR

DATA is the folder of ``benchmarks/defaults.py``, with ``ptb`` for ``bptt``. ``amount_of_text`` takes an hour for a seed. Entity
embeddings against one-hot columns, for the network and for other methods, are ``benchmarks/rossmann_paper.py``.

All variants of a seed are trained in turn. Complete runs in ``DIR/runs`` are kept unless what is typed has changed. Writes
``DIR/NAME.json`` and ``DIR/NAME.md`` after each run. Exit code 1 if a run failed.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from practicum.lightning_shim import MisconfigurationException

from .claims_parts.catalogue import CLAIMS
from .claims_parts.claim import Claim, Variant
from .claims_parts.slug import slug
from .claims_parts.table import claim_page
from .defaults_parts.runs import ours, place_of
from .measurements import Measurements, add_json

NAMES = [each.name for each in CLAIMS]


def filled(overrides: tuple[str, ...], data: Path, work: Path, before: str = "") -> tuple[str, ...]:
    """Overrides with the places that they name."""
    places = {"{data}": str(data), "{work}": str(work), "{before}": before}
    found = overrides
    for name, place in places.items():
        found = tuple(each.replace(name, place) for each in found)
    return found


Earlier = dict[tuple[str, int], dict[str, Any]]  # by variant and seed the run that others build on


def _run(claim: Claim, variant: Variant, data: str, seed: int, options: argparse.Namespace, done: Earlier) -> dict[str, Any]:
    """Train one variant with one seed, after the run that it builds on; one that has failed is not tried again."""
    name, before, work = f"{claim.name}/{slug(data)}/{slug(variant.label)}", "", options.output / "work"
    built_on = filled(variant.before, options.data, work)
    if variant.before:
        earlier = f"{claim.name}/before/{slug(variant.label)}"
        if (variant.label, seed) not in done:
            done[variant.label, seed] = ours(options.output, earlier, built_on, seed, options.threads)
        if "error" in (first := done[variant.label, seed]):
            return first
        before = str(place_of(options.output, earlier, f"practicum-{seed}").with_suffix(""))
    # An experiment comes first, and what is chosen for its data and the variant after it.
    typed = filled((*claim.common, *claim.sets[data], *variant.overrides), options.data, work, before)
    found = ours(options.output, name, typed, seed, options.threads, built_on)
    if "error" in found:
        return found
    folder = place_of(options.output, name, f"practicum-{seed}").with_suffix("")
    more = claim.figures(folder) if claim.figures else {}
    values = {each: found["metrics"].get(each) for each in claim.metrics}
    return {**found, "values": {**values, **({"seconds": found["seconds"]} if "seconds" in claim.metrics else {}), **more}}


def measure(claim: Claim, options: argparse.Namespace) -> bool:
    """Run a claim's variants by turns, and write its page after each; return whether all succeeded."""
    if claim.prepare is not None:
        try:
            claim.prepare(options.data, options.output / "work")
        except (OSError, MisconfigurationException) as error:
            print(f"{claim.name}: its data can't be prepared: {error}", flush=True)
            (options.output / f"{claim.name}.md").write_text(f"## {claim.name}\n\n- failed: {error}\n", encoding="utf-8")
            return False
    found: dict[str, dict[str, list[dict[str, Any]]]] = {
        data: {variant.label: [] for variant in claim.variants} for data in claim.sets
    }
    earlier: Earlier = {}
    for data in claim.sets:
        for seed in range(1, options.seeds + 1):
            for variant in claim.variants:
                run = _run(claim, variant, data, seed, options, earlier)
                found[data][variant.label].append(run)
                print(f"{claim.name}, {data}, {variant.label}, seed {seed}: {run.get('error') or run['values']}", flush=True)
                more = {key: 1 for runs in found[data].values() for each in runs for key in each.get("values", {})}
                page = claim_page(claim, found, list({**dict.fromkeys(claim.metrics, 1), **more}))
                (options.output / f"{claim.name}.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
                (options.output / f"{claim.name}.md").write_text(page, encoding="utf-8")
    print(page, flush=True)
    return not any("error" in run for variants in found.values() for runs in variants.values() for run in runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", choices=["all", *NAMES], metavar="NAME", help=f"all, or {', '.join(NAMES)}")
    parser.add_argument("data", type=lambda text: Path(text).resolve())
    parser.add_argument("--output", type=lambda text: Path(text).resolve(), required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--threads", type=int, help="of each process; default: all cores")
    add_json(parser)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    wanted = [each for each in CLAIMS if "all" in options.names or each.name in options.names]
    failed = [each.name for each in wanted if not measure(each, options)]
    noted = Measurements()
    for each in wanted:
        noted.page((options.output / f"{each.name}.md").read_text(encoding="utf-8").replace("## ", "#### ", 1))
    noted.write(options.json)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
