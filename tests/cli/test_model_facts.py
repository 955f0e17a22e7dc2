"""The model is told what its signature names, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from practicum.cli.model_facts import facts_for
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
