"""LightGBM, RealMLP-TD and TabM-D at their defaults on a table with a column ``split``.

    PEER benchmarks/peers/default_tables.py TABLE.csv TARGET number --seed 1      # or class

PEER is a Python with pandas and as many of LightGBM 4 and pytabkit 1.7 as there are. Prints a line of JSON per method: ``rmse``
and ``mae``, or ``loss`` (log-loss) and ``accuracy``, on the test's rows, and ``seconds``; or ``missing``. LightGBM has training
and validation rows; the networks, which validate, have the split as it is. Strings are categories; a column of dates gives year,
month, day and days since 1970. The networks can't read blanks: these become the training rows' median, or a
category; of classes they choose the epoch by log-loss, which is compared here (their default is the share of wrong ones).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

METHODS = ("LightGBM", "RealMLP-TD", "TabM-D")


def columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Numbers as numbers, dates as parts, everything else as categories."""
    found: dict[str, Any] = {}
    for name in frame:
        column = frame[name]
        numbers = pd.to_numeric(column, errors="coerce")
        blank = column.isna() | column.astype(str).str.strip().eq("")
        dates = None if numbers.notna().any() else pd.to_datetime(column, errors="coerce", format="ISO8601")
        if dates is not None and dates.notna().all():
            found |= {f"{name}_{part}": getattr(dates.dt, part) for part in ("year", "month", "day")}
            found[f"{name}_elapsed"] = (dates - pd.Timestamp("1970-01-01")).dt.days
        elif numbers[~blank].notna().all():
            found[name] = numbers.astype(float)
        else:
            found[name] = column.astype("category")
    return pd.DataFrame(found)


def without_blanks(x: pd.DataFrame, train: np.ndarray) -> pd.DataFrame:
    """Numbers' blanks as the median of training rows, categories' as one of their own."""
    found = {
        name: x[name].astype(str).astype("category") if x[name].dtype == "category" else x[name].fillna(x[name][train].median())
        for name in x
    }
    return pd.DataFrame(found)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("table")
    parser.add_argument("target")
    parser.add_argument("kind", choices=("number", "class"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cpu", help="of the networks, such as cuda")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    options = parser.parse_args()
    frame = pd.read_csv(options.table, keep_default_na=False, na_values=[""])
    splits = {name: (frame["split"] == name).to_numpy() for name in ("train", "valid", "test")}
    classes = sorted(frame[options.target].unique()) if options.kind == "class" else None
    y = frame[options.target].map(classes.index).to_numpy() if classes else frame[options.target].to_numpy(float)
    x = columns(frame.drop(columns=["split", options.target]))
    plain, both, test = without_blanks(x, splits["train"]), splits["train"] | splits["valid"], splits["test"]

    def lightgbm() -> Any:
        import lightgbm

        kind = lightgbm.LGBMClassifier if classes else lightgbm.LGBMRegressor
        model = kind(verbose=-1, random_state=options.seed)
        return model.fit(x[both], y[both]), x

    def network(name: str) -> Callable[[], Any]:
        def fit() -> Any:
            import pytabkit
            import torch

            kind = getattr(pytabkit, f"{name}_{'Classifier' if classes else 'Regressor'}")
            # As many threads as OMP_NUM_THREADS allows: by itself it takes all cores, and waits where they are busy.
            more = {"val_metric_name": "cross_entropy"} if classes else {}
            model = kind(device=options.device, random_state=options.seed, n_threads=torch.get_num_threads(), **more)
            train, valid = splits["train"], splits["valid"]
            categorical = [name for name in plain if plain[name].dtype == "category"]
            model.fit(plain[train], y[train], plain[valid], y[valid], cat_col_names=categorical)
            return model, plain

        return fit

    fits = dict(zip(METHODS, (lightgbm, network("RealMLP_TD"), network("TabM_D")), strict=True))
    for name in options.methods:
        started = time.perf_counter()
        try:
            model, inputs = fits[name]()
        except ImportError as error:
            print(json.dumps({"method": name, "missing": f"{error} in the peers' environment"}), flush=True)
            continue
        if classes:
            shares = np.clip(model.predict_proba(inputs[test]), 1e-7, 1)
            right = shares.argmax(1) == y[test]
            found = {"loss": float(-np.log(shares[np.arange(len(shares)), y[test]]).mean()), "accuracy": float(right.mean())}
        else:
            error = np.asarray(model.predict(inputs[test])).reshape(-1) - y[test]
            found = {"rmse": float(np.sqrt((error**2).mean())), "mae": float(np.abs(error).mean())}
        print(json.dumps({"method": name, **found, "seconds": time.perf_counter() - started}), flush=True)


if __name__ == "__main__":
    main()
