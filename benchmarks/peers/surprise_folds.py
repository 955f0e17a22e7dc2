"""Errors of Surprise's methods on the folds of MovieLens 100K, and seconds.

    PEER benchmarks/peers/surprise_folds.py ML_100K 1 2 3 4 5
    PEER benchmarks/peers/surprise_folds.py ML_100K 1 --methods SVD --seed 2

PEER is a Python with scikit-surprise. Prints a line of JSON per method and fold; each method has its documented settings. Without
Surprise a line says what is ``missing``.
"""

import argparse
import json
import sys
import time
from pathlib import Path

try:
    from surprise import SVD, BaselineOnly, Dataset, KNNBaseline, Reader, SVDpp, accuracy
except ImportError as error:
    print(json.dumps({"method": "Surprise", "missing": f"{error} in the peers' environment"}))
    sys.exit()

METHODS = {
    "BaselineOnly": lambda seed: BaselineOnly(verbose=False),
    "SVD": lambda seed: SVD(random_state=seed),
    "KNNBaseline, item Pearson": lambda seed: KNNBaseline(
        sim_options={"name": "pearson_baseline", "user_based": False}, verbose=False
    ),
    "SVD++": lambda seed: SVDpp(random_state=seed, cache_ratings=True),
}


def main(root: Path, folds: list[str], methods: list[str], seed: int) -> None:
    reader = Reader(line_format="user item rating timestamp", sep="\t")
    for fold in folds:
        train = Dataset.load_from_file(root / f"u{fold}.base", reader).build_full_trainset()
        test = Dataset.load_from_file(root / f"u{fold}.test", reader).build_full_trainset().build_testset()
        for name in methods:
            started = time.perf_counter()
            method = METHODS[name](seed).fit(train)
            seconds = time.perf_counter() - started
            error = accuracy.rmse(method.test(test), verbose=False)
            print(json.dumps({"method": name, "fold": fold, "rmse": error, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path)
    parser.add_argument("folds", nargs="+")
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    main(options.root, options.folds, options.methods, options.seed)
