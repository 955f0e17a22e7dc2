"""Why a command line can't be composed, in one sentence."""

from __future__ import annotations

import sys

import pytest
from hydra import compose, initialize_config_module
from hydra.errors import HydraException
from practicum.cli.composition_errors import explain_composition

SENTENCES = [
    ("data.root=ü/t.csv", "'data.root=\"ü/t.csv\"'"),
    ("data.root=a(1).csv", "'data.root=\"a(1).csv\"'"),
    ("data.root=[a", "quote what has other signs in it"),
    ("data.root", "data.root: an override is KEY=VALUE"),
    (
        "trainer.max_time=00:00:10:00",
        "trainer.max_time: Trainer has this option, but the configuration does not list it: write +trainer",
    ),
    ("trainer.fast_dev_run=true", "write +trainer.fast_dev_run="),
    ("optimizer.amsgrad=true", "AdamW has this option"),
    ("callbacks.unfreeze.grups=3", "callbacks.unfreeze.grups: there is no such option"),
    ("trainer.max_tim=3", "trainer.max_tim: there is no such option; did you mean trainer.max_"),
    ("data.taget=y", "data.taget: there is no such option; did you mean data.augment?"),  # of the default, spiders
    ("valid_fraction=0.1", "valid_fraction: there is no such option; did you mean data.valid_fraction?"),
    ("lr=0.1", "lr: there is no such option; did you mean optimizer.lr?"),  # the class of the model has one, too
    ("callbacks.tta.n=3", "callbacks.tta.n: there is no such option"),
    ("+seed=3", "+seed: the configuration has this option already; leave out the +: seed=3."),
    ("+trainer.max_steps=3", "leave out the +: trainer.max_steps=3."),
    ("+model=resnet18", "leave out the +: model=resnet18."),
    ("model=resnet81", "model=resnet81: there is no such choice; did you mean model=resnet18?"),
    ("callbacks=[default,tat]", "callbacks=[tat]: there is no such choice; did you mean tta?"),
]


@pytest.mark.parametrize(("override", "sentence"), SENTENCES, ids=[each for each, _ in SENTENCES])
def test_sentences(override: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["train.py", override])
    with initialize_config_module("practicum.conf", version_base="1.3"), pytest.raises(HydraException) as raised:
        compose("train", overrides=[override])
    explained = explain_composition(raised.value, "train")
    assert sentence in str(explained)
    assert "\n" not in str(explained)


def test_the_class_is_that_of_the_choice_that_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = ["optimizer=sgd", "optimizer.dampening=0.1"]
    monkeypatch.setattr(sys, "argv", ["train.py", *typed, "data.root=ü", "-m"])
    with initialize_config_module("practicum.conf", version_base="1.3"), pytest.raises(HydraException) as raised:
        compose("train", overrides=typed)
    assert "SGD has this option" in str(explain_composition(raised.value, "train"))


def test_what_was_meant_is_an_option_of_the_choice_that_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = ["experiment=table", "data.root=x.csv", "data.taget=y"]
    monkeypatch.setattr(sys, "argv", ["train.py", *typed])
    with initialize_config_module("practicum.conf", version_base="1.3"), pytest.raises(HydraException) as raised:
        compose("train", overrides=typed)
    wanted = "data.taget: there is no such option; did you mean data.target?"  # not data._target_
    assert explain_composition(raised.value, "train") == wanted


def test_an_option_typed_by_its_name_alone_is_that_of_the_data_that_were_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = ["experiment=table", "data.target=y", "kind=class"]
    monkeypatch.setattr(sys, "argv", ["train.py", *typed])
    with initialize_config_module("practicum.conf", version_base="1.3"), pytest.raises(HydraException) as raised:
        compose("train", overrides=typed)
    assert explain_composition(raised.value, "train") == "kind: there is no such option; did you mean data.kind?"


def test_an_option_that_is_given_twice_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = ["+trainer.limit_train_batches=1", "+trainer.limit_train_batches=2"]
    monkeypatch.setattr(sys, "argv", ["train.py", *typed])
    with initialize_config_module("practicum.conf", version_base="1.3"), pytest.raises(HydraException) as raised:
        compose("train", overrides=typed)
    assert explain_composition(raised.value, "train") == "trainer.limit_train_batches: is given twice; leave out all but one."
