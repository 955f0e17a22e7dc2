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
from practicum.modules.objectives.multi_label import MultiLabel
from practicum.modules.objectives.objective import Objective
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from .estimators import Examples, choose_rows, constant, fit_and_measure, linear, row_limit
from .found import Baselines, say_sample

ADVICE = "try a lower optimizer.lr, the head alone (callbacks.unfreeze.at=[]) or callbacks=[default,lr_find]"
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
    splits = {"test": data.tests_on, "train": "train"}
    if isinstance(objective, MultiLabel) and data.tests_on != "valid":  # its threshold is validation's
        splits["valid"] = "valid"
    targets = {name: data.datasets[split].targets.numpy() for name, split in splits.items()}
    name, dummy = constant(objective)
    blank = {each: Examples(np.zeros((len(y), 1)), y) for each, y in targets.items()}
    found = fit_and_measure(objective, {name: dummy}, blank["train"], blank["test"], blank.get("valid"))
    if build is None:
        return Baselines(found, {name: ADVICE})
    kept = {each: Path(path) for each, path in (stored or {}).items() if Path(path).is_file()}
    examples, features, room = dict[str, Examples](), None, 0
    if not kept.keys() >= {*splits.values()}:
        features = Features(build(), device or torch.device("cpu"))
        room = features.photos_within(data.datasets["valid"].views(None, seed), seconds)
    for place, (each, split) in enumerate(splits.items()):
        y = targets[each]
        limit = row_limit(1000, objective.outputs) if each == "train" else len(y)
        if split in kept or features is None:
            rows = choose_rows(len(y), limit, seed)
            x = np.load(kept[split], mmap_mode="r", allow_pickle=False)[0][rows].reshape(len(rows), -1)
        else:
            # An equal part of the time, and what the splits before it have left; at least a few, or classes would be missing.
            rows = choose_rows(len(y), min(limit, max(50, room // (len(splits) - place))), seed)
            x = features.of(data.datasets[split].views(None, seed), rows)
            room -= len(rows)
        examples[each] = Examples(x, y[rows])
    estimators = {"linear": make_pipeline(StandardScaler(), linear(objective))}
    found |= fit_and_measure(objective, estimators, examples["train"], examples["test"], examples.get("valid"))
    used = [(len(examples[each].y), len(targets[each])) for each in ("train", "test")]
    reference = "linear" if "linear" in found else name
    return Baselines(found, {reference: ADVICE}, say_sample("photos (linear)", used[0], used[1]))
