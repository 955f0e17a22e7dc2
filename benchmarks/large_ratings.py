"""Ten million ratings of a million users: seconds per epoch, peak memory, and the estimate of it.

    python benchmarks/large_ratings.py --folder DIR
    python benchmarks/large_ratings.py --folder DIR --users 1000000 --items 100000 --rows 10000000 --epochs 1

``experiment=ratings_large`` by ``train.py`` on synthetic ratings in Parquet, kept in ``--folder``; what ``train.py`` says
is printed, its estimate in the line that begins with the users.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars
from measurements import OURS, Measurements, add_json
from peak_memory import run

TRAIN = Path(__file__).resolve().parent.parent / "train.py"


def made(folder: Path, users: int, items: int, rows: int) -> Path:
    """A Parquet file of ratings from 1 to 5; some items are popular, and nobody rates one twice."""
    place = folder / f"synthetic-{rows}-{users}-{items}.parquet"
    if place.is_file():
        return place
    rng = np.random.default_rng(1)
    user = rng.integers(users, size=rows)
    item = (items * rng.random(rows) ** 2).astype(np.int64)
    frame = polars.DataFrame({"user": user, "item": item, "rating": rng.integers(1, 6, rows).astype(np.float32)})
    beside = place.with_suffix(".part")
    frame.unique(["user", "item"], keep="first").write_parquet(beside)
    beside.replace(place)
    return place


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=lambda text: Path(text).resolve(), default=Path("runs/ratings_benchmark").resolve())
    for name, default in (("users", 1_000_000), ("items", 100_000), ("rows", 10_000_000), ("factors", 32), ("epochs", 1)):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"default: {default:,}")
    parser.add_argument("--more", nargs="*", default=[], help="overrides of train.py")
    add_json(parser)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    source = made(options.folder, options.users, options.items, options.rows)
    given = [f"data.root={source}", f"model.factors={options.factors}", f"epochs={options.epochs}", *options.more]
    with tempfile.TemporaryDirectory() as folder:  # its cache as well, so that each pass reads the table
        places = [f"hydra.run.dir={folder}/run", f"paths.data={folder}/data", "callbacks.progress=null"]
        log = Path(folder) / "train.out"
        command = [sys.executable, str(TRAIN), "experiment=ratings_large", *given, *places]
        code, seconds, memory = run(command, log, os.environ)
        print(log.read_text(encoding="utf-8"))
        if code:
            sys.exit(f"train.py ended with {code}")
        record = json.loads((Path(folder) / "run" / "metrics.json").read_text(encoding="utf-8"))
    print(
        f"{seconds:.0f} s in total, fit {record['seconds/fit']:.0f} s for {options.epochs} epochs; {memory / 1e9:.2f} GB at most"
    )
    noted = Measurements()
    noted.note("seconds per epoch", OURS, record["seconds/fit"] / options.epochs, "less")
    noted.note("peak memory of the whole process, GB", OURS, memory / 1e9, "less")
    noted.write(options.json)


if __name__ == "__main__":
    main()
