"""Features on disk: their names, their limit, and that the least recently used ones leave first."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from practicum.callbacks.fine_tuning.feature_store import FeatureStore, tensors_hash


def test_a_hash_depends_on_values_names_shapes_and_types() -> None:
    x = torch.arange(6.0)
    same = tensors_hash([("a", x)])
    assert tensors_hash([("a", x.clone())]) == same
    others = [("b", x), ("a", x + 1), ("a", x.view(2, 3)), ("a", x.double())]
    assert len({same, *(tensors_hash([each]) for each in others)}) == 5


def test_a_file_is_named_by_what_it_depends_on(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, 1.0)
    assert store.path("train", "a") == store.path("train", "a")
    assert store.path("train", "a") != store.path("train", "b")
    assert store.path("train", "a").name.startswith("features-train-")


def test_least_recently_used_features_leave_first_and_those_in_use_stay(tmp_path: Path) -> None:
    features = np.ones((10, 100), np.float32)
    store = FeatureStore(tmp_path, max_gb=3.5 * features.nbytes / 1e9)
    paths = [store.path("train", str(number)) for number in range(4)]
    (own := tmp_path / "features-of-mine.npy").write_bytes(bytes(features.nbytes))
    os.utime(own, (10, 10))
    for age, path in enumerate(paths[:3]):
        store.save(features, path, keep=[])
        os.utime(path, (1000 + age, 1000 + age))
    store.save(features, paths[3], keep=[paths[0]])
    assert [path.is_file() for path in paths] == [True, False, True, True]
    assert own.is_file()
    assert np.array_equal(np.load(paths[3]), features)
    assert store.has_room(features.nbytes, [paths[0], paths[2]])
    assert not store.has_room(features.nbytes, [paths[0], paths[2], paths[3]])
