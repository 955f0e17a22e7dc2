"""k-NN, a forest and boosting on the columns of a table and on their embeddings.

    PEER benchmarks/peers/other_methods.py ARRAYS.npz

PEER is a Python with scikit-learn and LightGBM 4. Settings are those of the paper's own code, with 50 trees in the forest instead
of 200, and LightGBM instead of XGBoost. The distance between two rows of codes is the number of columns in which they differ.
Each array of embeddings, ``vectors1_train`` and so on, has its number as the methods' seed, and so have the columns beside it;
k-NN on columns has none, and is done once. Prints a line of JSON per method and seed.
"""

import itertools
import json
import os
import sys
import time

import lightgbm
import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.neighbors import KNeighborsRegressor

THREADS = int(os.environ.get("OMP_NUM_THREADS") or 2)


def methods(codes: bool, seed: int) -> dict[str, object]:
    """Methods by name, for codes or for vectors."""
    by_difference = {"metric": "hamming", "algorithm": "brute"}
    trees = {"n_estimators": 3000, "learning_rate": 0.05, "num_leaves": 127}
    parts = {"colsample_bytree": 0.7, "subsample": 0.7, "subsample_freq": 1}
    return {
        "k-NN": KNeighborsRegressor(n_neighbors=10, weights="distance", n_jobs=THREADS, **(by_difference if codes else {"p": 1})),
        "forest": RandomForestRegressor(n_estimators=50, max_depth=35, n_jobs=THREADS, random_state=seed),
        "boosting": lightgbm.LGBMRegressor(**trees, **parts, n_jobs=THREADS, random_state=seed, verbose=-1),
    }


def main(path: str) -> None:
    with np.load(path) as arrays:
        given = dict(arrays)
    learnt, true = np.log(given["y_train"].astype(float)), given["y_test"]
    seeds = range(1, 1 + sum(name.startswith("vectors") and name.endswith("_train") for name in given))
    for seed, kind in itertools.product(seeds, ("codes", "vectors")):
        codes = kind == "codes"
        place = kind if codes else f"vectors{seed}"
        columns = list(range(given[f"{place}_train"].shape[1]))
        for name, model in methods(codes, seed).items():
            if (name, codes) == ("k-NN", True) and seed > 1:
                continue
            started = time.perf_counter()
            more = {"categorical_feature": columns} if (name, codes) == ("boosting", True) else {}
            model.fit(given[f"{place}_train"], learnt, **more)
            predicted = np.exp(model.predict(given[f"{place}_test"]))
            found = {"mape": float(np.abs(predicted / true - 1).mean()), "seconds": time.perf_counter() - started}
            print(json.dumps({"method": name, "embeddings": not codes, "seed": seed, **found}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
