"""fastai's part of time_to_quality.py: trains as its documentation does, and writes down each validation.

    PEER benchmarks/peers/fastai_time_to_quality.py photos PHOTOS --seed 1 --course FILE     # or ratings, tables, text
    PEER benchmarks/peers/fastai_time_to_quality.py prepare TABLE.csv                        # a pickle of it

PEER is a Python with fastai 2.8.12. Where the settings come from is said in quality_parts/tasks.py.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from fastai.callback.core import Callback
from fastai.torch_core import set_seed

STARTED = float(os.environ.get("BENCHMARK_STARTED", time.monotonic()))


class Course(Callback):
    """Append the last metric of each epoch to a file."""

    order = 60  # after the recorder

    def __init__(self, path: Path) -> None:
        self.path = path

    def after_epoch(self) -> None:
        value = float(self.recorder.values[-1][-1])
        line = {"seconds": time.monotonic() - STARTED, "processor": sum(os.times()[:4]), "value": value}
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def photos(root: Path, course: Course) -> None:
    from fastai_fine_tune import fine_tuner

    learner = fine_tuner(str(root), "tf_efficientnet_lite0")
    with learner.no_bar(), learner.no_logging():
        learner.fine_tune(3, cbs=course)


def ratings(root: Path, course: Course) -> None:
    import pandas as pd
    from fastai.collab import TabularCollab, collab_learner
    from fastai.metrics import rmse
    from fastai.tabular.all import Categorify, TransformBlock

    names = ["user", "item", "rating", "time"]
    parts = [pd.read_csv(root / f"u1.{part}", sep="\t", header=None, names=names) for part in ("base", "test")]
    frame = pd.concat(parts, ignore_index=True).drop(columns="time")
    splits = [list(range(len(parts[0]))), list(range(len(parts[0]), len(frame)))]
    # What CollabDataLoaders.from_df does, which splits at random, with the fold's own split.
    table = TabularCollab(frame, [Categorify], ["user", "item"], y_names=["rating"], y_block=TransformBlock(), splits=splits)
    learner = collab_learner(table.dataloaders(bs=64), n_factors=50, y_range=(0, 5.5), metrics=rmse)
    with learner.no_bar(), learner.no_logging():
        learner.fit_one_cycle(5, 5e-3, wd=0.1, cbs=course)


def tables(path: Path, course: Course) -> None:
    import numpy as np
    import pandas as pd
    from fastai.tabular.all import (
        AccumMetric,
        Categorify,
        FillMissing,
        MSELossFlat,
        Normalize,
        RegressionBlock,
        TabularPandas,
        tabular_config,
        tabular_learner,
    )

    names = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    frame = pd.read_pickle(path)
    frame["Sales"] = np.log(frame["Sales"].astype("float32"))
    valid = frame.pop("valid").to_numpy(bool)
    categorical = names["categorical"]
    continuous = [name for name in names["columns"] if name not in categorical]
    table = TabularPandas(
        frame,
        procs=[FillMissing, Normalize, Categorify],
        cat_names=categorical,
        cont_names=continuous,
        y_names="Sales",
        y_block=RegressionBlock(),
        splits=(np.flatnonzero(~valid).tolist(), np.flatnonzero(valid).tolist()),
    )

    def exp_rmspe(predicted: Any, true: Any) -> Any:
        predicted, true = predicted.exp(), true.exp()
        return ((true - predicted) / true).square().mean().sqrt()

    learner = tabular_learner(
        table.dataloaders(bs=512),
        layers=[1000, 500],
        loss_func=MSELossFlat(),
        config=tabular_config(ps=[0.001, 0.01], embed_p=0.04, y_range=(0, np.log(1.2) + float(frame["Sales"].max()))),
        metrics=AccumMetric(exp_rmspe),
    )
    with learner.no_bar(), learner.no_logging():
        learner.fit_one_cycle(5, 3e-3, wd=0.2, cbs=course)


def text(root: Path, course: Course) -> None:
    import torch
    from fastai.text.all import (
        AWD_LSTM,
        Adam,
        CrossEntropyLossFlat,
        DataLoaders,
        GradientClip,
        Learner,
        LMDataLoader,
        LMTensorText,
        Perplexity,
        awd_lstm_lm_config,
        get_language_model,
        make_vocab,
        rnn_cbs,
    )

    words = {}
    for split in ("train", "valid"):
        (path,) = root.glob(f"*{split}*")
        words[split] = [each for line in path.read_text(encoding="utf-8").splitlines() for each in [*line.split(), "<eos>"]]
    vocab = make_vocab(Counter(words["train"]), min_freq=1)
    place = {word: number for number, word in enumerate(vocab)}
    numbers = {split: LMTensorText(torch.tensor([place.get(each, 0) for each in many])) for split, many in words.items()}
    loaders = DataLoaders(*(LMDataLoader([numbers[split]], bs=32, seq_len=35) for split in ("train", "valid")))
    config = awd_lstm_lm_config.copy() | {"emb_sz": 200, "n_hid": 400, "n_layers": 2}
    learner = Learner(
        loaders,
        get_language_model(AWD_LSTM, len(vocab), config=config, drop_mult=0.4),
        loss_func=CrossEntropyLossFlat(),
        opt_func=partial(Adam, wd=0.1, eps=1e-7),
        cbs=[GradientClip(0.1), *rnn_cbs(alpha=2, beta=1)],
        metrics=[Perplexity()],
    )
    with learner.no_bar(), learner.no_logging():
        learner.fit_one_cycle(5, 5e-3, moms=(0.8, 0.7, 0.8), div=10, cbs=course)


def prepare(path: Path) -> None:
    """A pickle of a CSV: categories as strings, numbers as numbers."""
    import pandas as pd

    names = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    frame = pd.read_csv(path, low_memory=False)
    frame[names["categorical"]] = frame[names["categorical"]].astype(str)
    with open(path.with_suffix(".pkl"), "wb") as file:
        pickle.dump(frame, file)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=("photos", "ratings", "tables", "text", "prepare"))
    parser.add_argument("data", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--course", type=Path)
    options = parser.parse_args()
    if options.task == "prepare":
        prepare(options.data)
        return
    set_seed(options.seed)
    {"photos": photos, "ratings": ratings, "tables": tables, "text": text}[options.task](options.data, Course(options.course))


if __name__ == "__main__":
    main()
