"""LightGBM on our columns, rows and split.

    PEER benchmarks/peers/lightgbm_tables.py ARRAYS.npz number      # or log: of the target's logarithm; or class

PEER is a Python with LightGBM 4. It stops once validation has not improved for a hundred trees.
"""

import json
import os
import sys
import time

import lightgbm
import numpy as np


def main(path: str, objective: str) -> None:
    with np.load(path) as arrays:
        x = {each: np.hstack([arrays[f"codes_{each}"], arrays[f"numbers_{each}"]]) for each in ("train", "valid", "test")}
        y = {each: arrays[f"y_{each}"] for each in ("train", "valid", "test")}
        categorical = list(range(arrays["codes_train"].shape[1]))
    learnt = {each: np.log(values) if objective == "log" else values for each, values in y.items()}
    options = {
        "n_estimators": 3000,
        "learning_rate": 0.1,
        "num_leaves": 127,
        "min_child_samples": 20,
        "cat_smooth": 10,
        "n_jobs": int(os.environ.get("OMP_NUM_THREADS") or 2),
        "verbose": -1,
    }
    started = time.perf_counter()
    kind = lightgbm.LGBMClassifier if objective == "class" else lightgbm.LGBMRegressor
    model = kind(**options)
    model.fit(
        x["train"],
        learnt["train"],
        eval_set=[(x["valid"], learnt["valid"])],
        categorical_feature=categorical,
        callbacks=[lightgbm.early_stopping(100, verbose=False)],
    )
    seconds = time.perf_counter() - started
    found = {"trees": int(model.best_iteration_ or options["n_estimators"]), "seconds": round(seconds)}
    if objective == "class":
        found["accuracy"] = round(float((model.predict(x["test"]) == y["test"]).mean()), 4)
    else:
        predicted = model.predict(x["test"])
        predicted = np.exp(predicted) if objective == "log" else predicted
        error = predicted - y["test"]
        found |= {"rmse": round(float(np.sqrt((error**2).mean())), 4), "mae": round(float(np.abs(error).mean()), 4)}
        if (y["test"] > 0).all():
            ratio = error / y["test"]
            found |= {"rmspe": round(float(np.sqrt((ratio**2).mean())), 4), "mape": round(float(np.abs(ratio).mean()), 4)}
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
