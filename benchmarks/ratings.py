"""Recommenders compared with Surprise, fastai and implicit: errors by fold, ratings per second, rankings, lists.

    python benchmarks/ratings.py folds ML_100K --peer-python PEER_ENV/bin/python
    python benchmarks/ratings.py speed ML_100K --peer-python PEER_ENV/bin/python
    python benchmarks/ratings.py ranking ML_100K --peer-python PEER_ENV/bin/python
    python benchmarks/ratings.py lists --peer-python PEER_ENV/bin/python

- folds: RMSE on u1 to u5: ``experiment=movielens`` by ``train.py``, without and with side columns, the mean of ``--seeds`` of
  both, the dot product, and Surprise's methods, in one run. Settings were chosen within u1.base (``data.inner_split=true``).
- speed: ratings per second in training on u1, ``--rounds`` times alternately: fastai's dot product and ours, with batches of 64,
  1,024 and 8,192.
- ranking: each user's last rating held out, all ratings as clicks; full ranking of all unseen items, computed by one function,
  for ours (four losses), implicit's ALS and BPR and the most popular items; ``--seeds`` runs of each, in turn.
- lists: the best ten of 20,000 items for 20,000 users with 100 known items each: one matrix product, faiss, implicit's recommend.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars
import torch
from measurements import OURS, Measurements, add_json
from practicum.callbacks import OneCycle
from practicum.callbacks.ranking.full_ranking import full_ranking
from practicum.callbacks.ranking.user_items import UserItems, top_items
from practicum.callbacks.run.results import results
from practicum.cli.ann_index import indexed_top, recall
from practicum.cli.malloc import keep_freed_memory
from practicum.datamodules import MovieLens
from practicum.lightning_shim import Trainer
from practicum.modules import DotProductBias
from torch import Tensor

HERE = Path(__file__).resolve().parent
LOSSES = {  # with the settings of each, chosen on the last click but one
    "softmax": [],
    "dns": ["data.negative_power=0", "model.l2=0.01"],
    "bpr": ["model.l2=0.005"],
    "logistic": [],
}


def peer(python: str, script: str, *arguments: str) -> list[dict[str, Any]]:
    """The lines of JSON that a script of ``peers/`` prints."""
    answer = subprocess.run([python, HERE / "peers" / script, *arguments], capture_output=True, text=True, check=False)
    if answer.returncode:
        raise SystemExit(answer.stderr)
    return [json.loads(line) for line in answer.stdout.splitlines() if line.startswith("{")]


def train(folder: Path, *overrides: str) -> dict[str, Any]:
    """Run ``train.py``; return its record, with the seconds of the whole command."""
    started = time.perf_counter()
    command = [sys.executable, HERE.parent / "train.py", *overrides, "callbacks.progress=null", f"hydra.run.dir={folder}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return {**json.loads((folder / "metrics.json").read_text(encoding="utf-8")), "whole": time.perf_counter() - started}


# Folds ----------------------------------------------------------------------------------------------------------------


def folds(options: argparse.Namespace) -> None:
    kinds = {
        "experiment=movielens": [],
        "with side columns": ["data.side_features=true"],
        "dot product": ["model=dot_product_bias", "optimizer.lr=0.01", "data.batch_size=1024"],
    }
    errors: dict[str, list[float]] = {}
    seconds: dict[str, list[float]] = {}
    together = f"mean of {2 * options.seeds} networks"
    for fold in range(1, 6):
        several = []
        for name, more in kinds.items():
            for seed in range(1, options.seeds + 1):
                place = options.folder / f"{name.replace(' ', '_').replace('=', '_')}-{fold}-{seed}"
                given = [f"data.root={options.given[0]}", f"data.fold={fold}", f"paths.data={options.folder / 'data'}"]
                record = train(place, "experiment=movielens", *more, *given, f"seed={seed}")
                if name != "dot product":
                    several.append(polars.read_csv(place / "predictions.csv"))
                if seed == 1:
                    errors.setdefault(name, []).append(results(record)["rmse"])
                    seconds.setdefault(name, []).append(record["seconds/fit"])
        true = several[0]["rating"].to_numpy()
        mean = np.mean([each["predicted"].to_numpy() for each in several], 0)
        errors.setdefault(together, []).append(float(np.sqrt(((mean - true) ** 2).mean())))
        print(fold, {name: round(each[-1], 4) for name, each in errors.items()}, flush=True)
    if options.peer_python:
        for answer in peer(options.peer_python, "surprise_folds.py", str(options.given[0]), *map(str, range(1, 6))):
            errors.setdefault(answer["method"], []).append(answer["rmse"])
            seconds.setdefault(answer["method"], []).append(answer["seconds"])
    noted, sides = Measurements(), {"experiment=movielens": OURS, **{name: f"{OURS}, {name}" for name in list(kinds)[1:]}}
    sides[together] = f"{OURS}, {together}"
    noted.setting("Surprise", "each method at its defaults; k-NN: pearson_baseline between items, as its documentation advises")
    for name, each in errors.items():
        for error in each:
            noted.note("RMSE, each of u1 to u5", sides.get(name, name), error, "less")
        for value in seconds.get(name, []):
            noted.note("seconds of training, each of u1 to u5", sides.get(name, name), value, "less")
    noted.write(options.json)
    for name, each in errors.items():
        took = f"{statistics.median(seconds[name]):6.1f} s per fold" if name in seconds else ""
        print(f"{name:28} {statistics.mean(each):.4f}   {[round(one, 4) for one in each]} {took}")


# Speed ----------------------------------------------------------------------------------------------------------------


def timed_fit(root: Path, batch: int, epochs: int, rate: float, **options: float) -> tuple[float, float, float]:
    """Ratings per second with Lightning, our loader and a schedule; seconds, and the error on the fold's test."""
    data = MovieLens(root, fold=1, batch_size=batch, cache=Path(tempfile.gettempdir()) / "practicum-ratings")
    data.prepare_data()
    data.setup("fit")
    model = DotProductBias(
        **data.describe(),
        **options,  # type: ignore[arg-type]
        optimizer=lambda groups: torch.optim.AdamW(groups, lr=rate, weight_decay=0, fused=True),
    )
    trainer = Trainer(
        accelerator="cpu",
        max_epochs=epochs,
        callbacks=[OneCycle()],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        limit_val_batches=0,
    )
    started = time.perf_counter()
    trainer.fit(model, datamodule=data)
    seconds = time.perf_counter() - started
    error = trainer.test(model, datamodule=data, verbose=False)[0]["test/rmse"]
    return data.provenance["train"] * epochs / seconds, seconds, error


def speed(options: argparse.Namespace) -> None:
    root = options.given[0]
    rates: dict[str, list[float]] = {}
    noted = Measurements()
    noted.setting(
        "fastai",
        "collab_learner with 64 factors, fit_one_cycle(5e-3, wd=.1), as its tutorial trains, in our batches; "
        "its time includes validation on a hundredth of the ratings",
    )
    for _ in range(options.rounds):
        for batch, epochs in ((64, 1), (1024, 5), (8192, 10)):
            metric = f"ratings/s in training, batches of {batch:,}"
            if options.peer_python:
                given = str(root), "1", str(batch), str(epochs), "64"
                (answer,) = peer(options.peer_python, "fastai_ratings.py", *given)
                noted.note(metric, "fastai", answer["ratings/s"])
                rates.setdefault(f"fastai, {batch}", []).append(answer["ratings/s"])
            rates.setdefault(f"practicum, {batch}", []).append(timed_fit(root, batch, epochs, 0.005)[0])
            noted.note(metric, OURS, rates[f"practicum, {batch}"][-1])
    noted.write(options.json)
    first = statistics.median(next(iter(rates.values())))
    for name, each in rates.items():
        middle = statistics.median(each)
        print(f"{name:28} {middle:10.0f} ratings/s  {middle / first:6.1f}   {[round(one) for one in each]}")
    for epochs in (5, 10, 25):  # Surprise's SVD takes .8 s for .9380, mean of the folds
        _, seconds, error = timed_fit(root, 2048, epochs, 0.03, factors=16)
        print(f"{epochs:2} epochs of batches of 2,048, 16 factors: {seconds:.1f} s, RMSE on u1 {error:.4f}", flush=True)


# Rankings -------------------------------------------------------------------------------------------------------------


def ranking(options: argparse.Namespace) -> None:
    data = MovieLens(options.given[0], rating=None, split="last_out", cache=options.folder / "data" / "cache")
    data.prepare_data()
    data.setup("fit")
    seen, held = data.pairs("train"), data.pairs("valid")
    items = len(data.describe()["categories"]["item"])

    noted = Measurements()
    noted.setting("implicit", "ALS and BPR at their defaults with 64 factors")

    def show(name: str, found: dict[str, float], seconds: float) -> None:
        side = OURS if name == "practicum softmax" else name
        for key in ("ndcg@10", "hit_rate@10"):
            noted.note(key, side, found[key])
        noted.note("seconds of training", side, seconds, "less")
        shown = " ".join(f"{key} {found[key]:.4f}" for key in ("ndcg@10", "hit_rate@10", "coverage@10", "novelty@10"))
        print(f"{name:22} {shown}   {seconds:.0f} s", flush=True)

    popular = torch.bincount(seen[1], minlength=items).float()
    show("most popular", full_ranking(lambda users: popular.expand(len(users), -1).clone(), seen, held, items), 0)
    pairs, factors = options.folder / "pairs.npz", options.folder / "factors.npz"
    np.savez(pairs, users=seen[0].numpy(), items=seen[1].numpy(), item_count=items)
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        if options.peer_python:
            (took,) = peer(options.peer_python, "implicit_ranking.py", "learn", str(pairs), str(factors), str(seed))
            with np.load(factors) as found:
                for name, seconds in took.items():
                    of_users, of_items = (torch.from_numpy(found[f"{name}_{which}"]) for which in ("users", "items"))
                    metrics = full_ranking(lambda users: of_users[users] @ of_items.T, seen, held, items)  # noqa: B023
                    show(f"implicit {name}", metrics, seconds)
        for loss, own in LOSSES.items():
            given = [f"data.root={options.given[0]}", "data.split=last_out", f"model.loss={loss}", f"seed={seed}", *own]
            given.append(f"paths.data={options.folder / 'data'}")
            record = train(options.folder / f"clicks-{loss}-{seed}", "experiment=clicks", "data=movielens", *given)
            show(f"practicum {loss}", results(record), record["seconds/fit"])
    noted.write(options.json)


# Lists ----------------------------------------------------------------------------------------------------------------


def lists(options: argparse.Namespace) -> None:
    users, items, factors, known, k = 20_000, 20_000, 64, 100, 10
    generator = torch.Generator().manual_seed(1)
    of_users, of_items = torch.randn(users, factors, generator=generator), torch.randn(items, factors, generator=generator)
    pairs = torch.arange(users).repeat_interleave(known), torch.randint(items, (users * known,), generator=generator)
    seen, everybody = UserItems(*pairs, user_count=users), torch.arange(users)

    def product() -> Tensor:
        return top_items(lambda block: of_users[block] @ of_items.T, everybody, seen, items, k)[0]

    ways: dict[str, Any] = {"one matrix product": product}
    for kind in ("flat", "hnsw"):
        ways[f"faiss {kind}"] = lambda kind=kind: indexed_top(kind, of_users, of_items, seen, everybody, k)[0]
    exact, base = product(), 0.0
    noted, metric = Measurements(), f"seconds for the best ten of {items:,} items, {users:,} users"
    noted.setting("implicit", "recommend on the same vectors, filtering the same known items")
    if options.peer_python:
        source = str(options.folder / "lists.npz")
        named = {"of_users": of_users.numpy(), "of_items": of_items.numpy(), "users": pairs[0].numpy(), "items": pairs[1].numpy()}
        np.savez(source, **named)
        (took,) = peer(options.peer_python, "implicit_ranking.py", "top", source)
        base = statistics.median(took["seconds"])
        for value in took["seconds"]:
            noted.note(metric, "implicit", value, "less")
        theirs = torch.from_numpy(np.load(f"{source}.top.npy").astype(np.int64))
        print(f"{'implicit recommend':18} {base:7.2f} s   the same items: {recall(theirs, exact):.4f}")
    for name, way in ways.items():
        seconds = []
        for _ in range(3):
            started = time.perf_counter()
            found = way()
            seconds.append(time.perf_counter() - started)
            noted.note(metric, OURS if way is product else name, seconds[-1], "less")
        middle = statistics.median(seconds)
        beside = f"{base / middle:5.2f} times as fast" if base else ""
        print(f"{name:18} {middle:7.2f} s   {beside}  the same items: {recall(found, exact):.4f}", flush=True)
    noted.write(options.json)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["folds", "speed", "ranking", "lists"])
    parser.add_argument("given", nargs="*", type=lambda text: Path(text).resolve())
    parser.add_argument("--peer-python", default=None)
    parser.add_argument("--folder", type=lambda text: Path(text).resolve(), default=Path("runs/ratings_benchmark").resolve())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--first-seed", type=int, default=1, help="of ranking")
    add_json(parser)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    keep_freed_memory()
    {"folds": folds, "speed": speed, "ranking": ranking, "lists": lists}[options.what](options)


if __name__ == "__main__":
    main()
