"""Errors of Surprise's methods on the folds of MovieLens 100K, and seconds.

    PEER benchmarks/peers/surprise_folds.py ML_100K 1 2 3 4 5

PEER is a Python with scikit-surprise. Prints a line of JSON per method and fold; each method has its documented settings.
"""

import json
import sys
import time
from pathlib import Path

from surprise import SVD, BaselineOnly, Dataset, KNNBaseline, Reader, SVDpp, accuracy

METHODS = {
    "BaselineOnly": lambda: BaselineOnly(verbose=False),
    "SVD": lambda: SVD(random_state=1),
    "KNNBaseline, item Pearson": lambda: KNNBaseline(
        sim_options={"name": "pearson_baseline", "user_based": False}, verbose=False
    ),
    "SVD++": lambda: SVDpp(random_state=1, cache_ratings=True),
}


def main(root: Path, folds: list[str]) -> None:
    reader = Reader(line_format="user item rating timestamp", sep="\t")
    for fold in folds:
        train = Dataset.load_from_file(root / f"u{fold}.base", reader).build_full_trainset()
        test = Dataset.load_from_file(root / f"u{fold}.test", reader).build_full_trainset().build_testset()
        for name, make in METHODS.items():
            started = time.perf_counter()
            method = make().fit(train)
            seconds = time.perf_counter() - started
            error = accuracy.rmse(method.test(test), verbose=False)
            print(json.dumps({"method": name, "fold": fold, "rmse": error, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
