"""A ``_target_`` that is not there is named in one sentence, with the nearest name, and Hydra prints nothing."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from practicum.cli.import_target import import_target
from practicum.lightning_shim import MisconfigurationException
from practicum.modules import ImageClassifier


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("practicum.modules.ImageClasifier", "there is no ImageClasifier in practicum.modules; did you mean ImageClassifier"),
        ("practicum.modules.imageclassifier", "did you mean ImageClassifier"),
        ("practicum.modules.Xyz", "there is no Xyz in practicum.modules; it has DotProductBias, "),
        ("practicum.module.ImageClassifier", "there is no module in practicum; did you mean modules or datamodules?"),
        ("practicum.modules.ImageClassifier.gone", "there is no gone in practicum.modules.ImageClassifier;"),
        ("practicumm.modules.ImageClassifier", "there is no module practicumm; install its package, or correct the name."),
        ("practicum.modules", "is a module; a class or a function is wanted."),
        ("", "is no name of a class"),
        ("..", "is no name of a class"),
        (3, "is no name of a class"),
    ],
)
def test_what_is_not_there_is_named(name: Any, sentence: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(MisconfigurationException) as caught:
        import_target("model._target_", name)
    assert str(caught.value).startswith(f"model._target_={name}: ")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not caplog.records


def test_modules_that_fail_say_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "needs_more.py").write_text("import surely_not_installed\n", encoding="utf-8")
    (tmp_path / "is_broken.py").write_text("1 / 0\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MisconfigurationException, match="needs surely_not_installed, which is not installed"):
        import_target("a", "needs_more.X")
    with pytest.raises(MisconfigurationException, match=r"can't be imported \(ZeroDivisionError: division by zero\)"):
        import_target("a", "is_broken.X")


def test_what_is_there_is_imported() -> None:
    assert import_target("a", "practicum.modules.ImageClassifier") is ImageClassifier
    assert import_target("a", "practicum.modules.ImageClassifier.forward") is ImageClassifier.forward
