"""The model is told what its signature names, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hydra import compose, initialize_config_module
from practicum.cli.model_facts import facts_for, model_builder
from practicum.datamodules.files.say_once import forget_said
from practicum.lightning_shim import MisconfigurationException


class _Model:
    def __init__(self, classes: list[str], width: int, vocab: list[str] | None = None) -> None:
        pass


class _Child(_Model):
    def __init__(self, level: str = "word", **options: Any) -> None:
        pass


def test_facts_are_chosen_by_name() -> None:
    facts = {"classes": ["a", "b"], "level": "bpe", "image_size": 32}
    assert facts_for(_Model, facts, {"width": 3}) == {"classes": ["a", "b"]}
    assert facts_for(_Child, facts, {"width": 3}) == {"classes": ["a", "b"], "level": "bpe"}


def test_missing_facts_are_named() -> None:
    with pytest.raises(MisconfigurationException, match=r"_Model needs classes, which these data don't have \(they have vocab\)"):
        facts_for(_Model, {"vocab": []}, {"width": 3})


@pytest.mark.parametrize("model", ["dot_product_bias", "neural_collaborative_filter"])
def test_what_suits_the_data_is_taken_and_said_unless_it_is_configured(model: str, caplog: pytest.LogCaptureFixture) -> None:
    class Clicks:
        def describe(self) -> dict[str, Any]:
            return {"categories": {"user": ["ann", "bob"], "item": ["x", "y"]}, "l2": 0.06}

    for typed, l2 in (([], 0.06), (["model.l2=0.3"], 0.3), (["model.l2=0"], 0.0)):
        forget_said()
        caplog.clear()
        with initialize_config_module("practicum.conf", version_base="1.3"), caplog.at_level("INFO"):
            net: Any = model_builder(compose("train", ["experiment=clicks", f"model={model}", *typed]), Clicks())()
        assert net.l2 == net.hparams["l2"] == l2
        assert ("model.l2=0.06 suits these data" in caplog.text) == (not typed)
