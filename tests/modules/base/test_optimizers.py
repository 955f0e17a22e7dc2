"""Optimizers by name and rate."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from practicum.lightning_shim import MisconfigurationException
from practicum.modules import DotProductBias, ImageClassifier, LanguageModel, SkipGram, TabularEnsemble, TextClassifier
from practicum.modules.base.optimizers import optimizer_factory
from torch import nn
from torch.optim import SGD, AdamW, Optimizer

VOCAB = ["xxunk", "xxpad", "good", "bad"]
TARGET = {"mean": 0.0, "std": 1.0, "min": -1.0, "max": 1.0}


def built(optimizer: Any = None, lr: float | None = None) -> Optimizer:
    return optimizer_factory("Net", optimizer, lr)(nn.Linear(2, 1).parameters())


@pytest.mark.parametrize(
    ("optimizer", "lr", "kind", "rate"),
    [
        (None, None, AdamW, 1e-3),
        (None, 0.02, AdamW, 0.02),
        ("adamw", 0.02, AdamW, 0.02),
        ("SGD", 0.5, SGD, 0.5),
        (SGD, 0.5, SGD, 0.5),
        ("sgd", np.float32(0.5), SGD, 0.5),
        (partial(SGD, lr=0.3), None, SGD, 0.3),
    ],
)
def test_an_optimizer_is_a_name_a_class_or_a_partial(optimizer: Any, lr: float | None, kind: type, rate: float) -> None:
    made = built(optimizer, lr)
    assert type(made) is kind
    assert made.param_groups[0]["lr"] == rate


@pytest.mark.parametrize(
    ("optimizer", "lr", "sentence"),
    [
        ("adamww", None, "Net: optimizer=adamww: there is no such optimizer; did you mean adamw?"),
        ("?", None, "torch.optim has adadelta, adafactor"),
        ("sgd", 0.0, "Net: lr=0.0 must be a number above 0."),
        ("sgd", float("nan"), "must be a number above 0"),
        ("sgd", "fast", "must be a number above 0"),
        ("sgd", float("inf"), "must be a number above 0"),
        (partial(SGD, lr=0.3), 0.1, "Net: lr=0.1 has no effect beside an optimizer that brings its own; give it there."),
    ],
)
def test_what_builds_no_optimizer_is_refused(optimizer: Any, lr: Any, sentence: str) -> None:
    with pytest.raises(MisconfigurationException) as caught:
        built(optimizer, lr)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda **given: ImageClassifier(["a", "b"], backbone="test_resnet", weights="random", **given),
        lambda **given: TextClassifier(["a", "b"], VOCAB, embedding_dim=4, hidden_size=4, num_layers=1, **given),
        lambda **given: LanguageModel(VOCAB, embedding_dim=4, hidden_size=4, num_layers=1, **given),
        lambda **given: SkipGram(VOCAB, [1, 1, 1, 1], embedding_dim=4, **given),
        lambda **given: TabularEnsemble({}, ["x"], target=TARGET, members=1, hidden_sizes=[4], **given),
        lambda **given: DotProductBias({"user": ["a"], "item": ["b"]}, TARGET, factors=2, **given),
    ],
)
def test_every_module_takes_them(make: Any) -> None:
    module = make(optimizer="sgd", lr=0.25)
    optimizer = module.configure_optimizers()
    assert type(optimizer) is torch.optim.SGD
    assert {group["lr"] for group in optimizer.param_groups} == {0.25}
    assert not {"optimizer", "lr"} & {*module.hparams}
