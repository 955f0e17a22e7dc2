"""Baselines of photos: the classes' frequencies, and a linear model on the features of the pretrained backbone.

**What it does.** The backbone as it was before the training turns each photo, a plain center crop, into features; logistic
regression on them, standardised, is what fine-tuning has to beat. Where the run stored features
(:class:`.PrecomputedActivations`), these are used.

**Defaults.** Computing features takes at most about 10 seconds: a first batch is timed, and as many photos are taken, at random,
as fit. Only pretrained weights have features worth it.

**Source.** Donahue et al. 2014, "DeCAF"; Kornblith et al. 2019, "Do better ImageNet models transfer better?"
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from practicum.modules.objectives.objective import Objective
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from .estimators import Examples, choose_rows, constant, fit_and_measure, linear, row_limit
from .found import Baselines, say_sample

ADVICE = "try a lower optimizer.lr, more epochs of the head alone (callbacks.unfreeze.at=[LATER]) or callbacks=[default,lr_find]"
SECONDS = 10.0
_BATCH = 16
Array = np.ndarray[Any, Any]


class Features:
    """Features of photos by a frozen backbone, within a limit of time.

    Args:
        backbone: A module with ``features(x)``, in evaluation mode.
        device: Where it runs.
    """

    def __init__(self, backbone: Any, device: torch.device) -> None:
        self.backbone, self.device = backbone.to(device).eval(), device

    @torch.inference_mode()
    def of(self, dataset: Any, rows: Array) -> Array:
        """Features ``float32 [rows, F]`` of some photos of a data set without augmentation."""
        parts = []
        for start in range(0, len(rows), _BATCH):
            x = dataset.__getitems__([(0, int(row)) for row in rows[start : start + _BATCH]])[0]
            parts.append(self.backbone.features(x.to(self.device)).flatten(1).float().cpu().numpy())
        return np.concatenate(parts)

    def photos_within(self, dataset: Any, seconds: float) -> int:
        """How many photos take that long, by the second of two batches: the first one warms up."""
        rows = np.arange(min(_BATCH, len(dataset)))
        self.of(dataset, rows)
        started = time.monotonic()
        self.of(dataset, rows)
        return max(1, int(seconds / max(1e-6, (time.monotonic() - started) / len(rows))))


def photo_baselines(
    data: Any,
    objective: Objective,
    build: Callable[[], Any] | None,
    stored: Mapping[str, Path] | None = None,
    device: torch.device | None = None,
    seconds: float = SECONDS,
    seed: int = 1,
) -> Baselines:
    """Measure the baselines of labelled photos.

    Args:
        data: Has ``datasets`` and ``tests_on``, as :class:`.ImageFolder`.
        objective: Of the network.
        build: Makes the network as it was before the training; ``None``: its weights were random, so there is no linear model.
        stored: Files of features ``[views, N, F]`` that the run has stored, by split.
        device: Where features are computed.
        seconds: How long that may take, roughly.
        seed: Seed of the sample of photos, where there are many.
    """
    splits = {"train": "train", "test": data.tests_on, "valid": "valid"}
    targets = {name: data.datasets[split].targets.numpy() for name, split in splits.items()}
    name, dummy = constant(objective)
    blank = {each: Examples(np.zeros((len(y), 1)), y) for each, y in targets.items()}
    found = fit_and_measure(objective, {name: dummy}, blank["train"], blank["test"], blank["valid"])
    if build is None:
        return Baselines(found, name, ADVICE)
    features, examples = None, dict[str, Examples]()
    kept = {each: Path(path) for each, path in (stored or {}).items() if Path(path).is_file()}
    computed = {split for split in splits.values() if split not in kept}
    photos = sum(len(data.datasets[split]) for split in computed)
    share = 1.0
    if computed:
        features = Features(build(), device or torch.device("cpu"))
        plain = data.datasets["valid"].views(None, seed)
        share = min(1.0, features.photos_within(plain, seconds) / photos)
    done = dict[str, Examples]()
    for each, split in splits.items():
        if split not in done:
            y = targets[each]
            # At least a few, or a class would rarely be among them.
            limit = len(y) if split in kept else max(50, int(share * len(y)))
            if split == "train":
                limit = min(limit, row_limit(1000, objective.outputs))
            rows = choose_rows(len(y), limit, seed)
            if features is not None and split not in kept:
                x = features.of(data.datasets[split].views(None, seed), rows)
            else:
                x = np.load(kept[split], mmap_mode="r", allow_pickle=False)[0][rows].reshape(len(rows), -1)
            done[split] = Examples(x, y[rows])
        examples[each] = done[split]
    estimators = {"linear": make_pipeline(StandardScaler(), linear(objective))}
    found |= fit_and_measure(objective, estimators, examples["train"], examples["test"], examples["valid"])
    used = [(len(examples[each].y), len(targets[each])) for each in ("train", "test")]
    reference = "linear" if "linear" in found else name
    return Baselines(found, reference, ADVICE, say_sample("photos (linear)", used[0], used[1]))
