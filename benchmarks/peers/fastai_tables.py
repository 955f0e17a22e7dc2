"""Rows per second of fastai's tabular learner in training.

    PEER benchmarks/peers/fastai_tables.py TABLE.csv 1000 500

PEER is a Python with fastai 2.8.12. TABLE.csv holds the columns and ``Sales``; TABLE.json beside it says which are categorical.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from fastai.tabular.all import Callback, Categorify, FillMissing, Normalize, RegressionBlock, TabularPandas, tabular_learner

BATCH, WARM, STEPS = 1024, 20, 150


def main(path: Path, layers: list[int]) -> None:
    names = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    torch.manual_seed(1)
    frame = pd.read_csv(path, low_memory=False)
    categorical = names["categorical"]
    continuous = [name for name in names["columns"] if name not in categorical]
    frame[categorical] = frame[categorical].astype(str)
    frame["Sales"] = np.log(frame["Sales"])
    rows = len(frame)
    table = TabularPandas(
        frame,
        procs=[Categorify, FillMissing, Normalize],
        cat_names=categorical,
        cont_names=continuous,
        y_names="Sales",
        y_block=RegressionBlock(),
        splits=(list(range(rows - 1000)), list(range(rows - 1000, rows))),
    )
    learner = tabular_learner(
        table.dataloaders(bs=BATCH), layers=layers, y_range=(0.0, float(frame["Sales"].max()) * 1.1), metrics=[]
    )
    marks = []

    class Clock(Callback):
        def after_batch(self) -> None:
            if self.training:
                marks.append(time.perf_counter())

    with learner.no_bar(), learner.no_logging():
        learner.fit_one_cycle(1, 1e-3, cbs=Clock())
    steps = min(len(marks), WARM + STEPS) - WARM
    print(json.dumps({"rows/s": BATCH * steps / (marks[WARM + steps - 1] - marks[WARM - 1])}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(each) for each in sys.argv[2:]])
