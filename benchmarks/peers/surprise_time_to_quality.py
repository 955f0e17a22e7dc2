"""Surprise's part of time_to_quality.py: a method at its defaults on u1.base, its error on u1.test once it has trained.

    PEER benchmarks/peers/surprise_time_to_quality.py SVD ML_100K --seed 1 --course FILE

PEER is a Python with scikit-surprise. The methods have no validation, so the course has one line.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

STARTED = float(os.environ.get("BENCHMARK_STARTED", time.monotonic()))


def main() -> None:
    from surprise_folds import METHODS, Dataset, Reader, accuracy

    parser = argparse.ArgumentParser()
    parser.add_argument("method", choices=list(METHODS))
    parser.add_argument("data", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--course", type=Path, required=True)
    options = parser.parse_args()
    reader = Reader(line_format="user item rating timestamp", sep="\t")
    train = Dataset.load_from_file(options.data / "u1.base", reader).build_full_trainset()
    test = Dataset.load_from_file(options.data / "u1.test", reader).build_full_trainset().build_testset()
    error = accuracy.rmse(METHODS[options.method](options.seed).fit(train).test(test), verbose=False)
    line = {"seconds": time.monotonic() - STARTED, "processor": sum(os.times()[:4]), "value": error}
    with open(options.course, "a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
