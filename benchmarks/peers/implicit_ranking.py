"""Factors that implicit's ALS and BPR learn from clicks, and the speed of its recommend.

    PEER benchmarks/peers/implicit_ranking.py learn PAIRS.npz FACTORS.npz SEED
    PEER benchmarks/peers/implicit_ranking.py top FACTORS.npz

PEER is a Python with implicit 0.7. Each method has its documented settings, with 64 factors. The last line is JSON.
"""

import json
import os
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as implicit asks for

import numpy as np
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from scipy.sparse import csr_matrix


def learn(source: str, target: str, seed: str) -> None:
    given = np.load(source)
    shape = int(given["users"].max()) + 1, int(given["item_count"])
    clicks = csr_matrix((np.ones(len(given["users"]), np.float32), (given["users"], given["items"])), shape=shape)
    found, seconds = {}, {}
    for name, method in (
        ("ALS", AlternatingLeastSquares(factors=64, random_state=int(seed))),
        ("BPR", BayesianPersonalizedRanking(factors=64, random_state=int(seed))),
    ):
        started = time.perf_counter()
        method.fit(clicks, show_progress=False)
        seconds[name] = time.perf_counter() - started
        found |= {f"{name}_users": method.user_factors, f"{name}_items": method.item_factors}
    np.savez(target, **found)
    print(json.dumps(seconds))


def top(source: str) -> None:
    given = np.load(source)
    users, items = given["of_users"], given["of_items"]
    method = AlternatingLeastSquares(factors=users.shape[1])
    method.user_factors, method.item_factors = users, items
    shape = len(users), len(items)
    seen = csr_matrix((np.ones(len(given["users"]), np.float32), (given["users"], given["items"])), shape=shape)
    everybody = np.arange(len(users))
    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        ids, _ = method.recommend(everybody, seen, N=10)
        seconds.append(time.perf_counter() - started)
    np.save(source + ".top.npy", ids)
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    {"learn": learn, "top": top}[sys.argv[1]](*sys.argv[2:])
