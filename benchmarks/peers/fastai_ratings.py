"""Ratings per second of fastai's collaborative filter in training, and its error.

    PEER benchmarks/peers/fastai_ratings.py ML_100K FOLD BATCH EPOCHS FACTORS

PEER is a Python with fastai 2.8.12. The last line is JSON.
"""

import json
import sys
import time
from pathlib import Path

import pandas as pd
import torch
from fastai.collab import CollabDataLoaders, collab_learner


def main(root: Path, fold: str, batch: int, epochs: int, factors: int) -> None:
    torch.manual_seed(1)
    names = ["user", "item", "rating", "time"]
    frames = [pd.read_csv(root / f"u{fold}.{part}", sep="\t", header=None, names=names) for part in ("base", "test")]
    train = frames[0].drop(columns="time")
    learner = collab_learner(
        CollabDataLoaders.from_df(train, valid_pct=0.01, seed=1, bs=batch), n_factors=factors, y_range=(0.5, 5.5), metrics=[]
    )
    started = time.perf_counter()
    with learner.no_bar(), learner.no_logging():
        learner.fit_one_cycle(epochs, 5e-3, wd=0.1)
    seconds = time.perf_counter() - started
    asked = learner.dls.test_dl(frames[1].drop(columns="time"))
    predicted, true = learner.get_preds(dl=asked)
    error = float((predicted.squeeze() - true.squeeze()).square().mean().sqrt())
    print(json.dumps({"ratings/s": len(learner.dls.train_ds) * epochs / seconds, "rmse": error, "seconds": seconds}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:]))
