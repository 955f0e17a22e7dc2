"""A run's model with real inputs: those of its test, or what is given."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from practicum.cli.exports.build import build_deployable, copy_tokenizer
from practicum.cli.run_folder import open_run
from practicum.lightning_shim import MisconfigurationException


def test_rows_are_those_of_the_test_or_are_given(tables: Path, tmp_path: Path) -> None:
    run = open_run(tables / "runs/number")
    found = build_deployable(run, None, 7, str(tmp_path))
    (call,) = found.calls
    assert (found.kind, len(call.wanted)) == ("tables", 7)
    assert torch.allclose(found.graph(*found.encoded(call.inputs)), call.wanted, rtol=1e-5)
    (tmp_path / "new.csv").write_text("size,shop,day\n1,s1,2024-12-30\n,s9,\n", encoding="utf-8")
    (call,) = build_deployable(run, str(tmp_path / "new.csv"), 100, str(tmp_path)).calls
    assert call.inputs["shop"].tolist() == ["s1", ""]
    assert call.inputs["day"][0] == 20_087


def test_texts_are_read_anew_and_a_language_model_is_refused(
    texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(texts)
    with pytest.raises(MisconfigurationException, match="LanguageModel can't be exported"):
        build_deployable(open_run(Path("runs/lm")), None, 5, str(tmp_path))


def test_photos_that_are_gone_are_asked_for(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, save_photo: Callable[[Path, str, int], Path]
) -> None:
    run = open_run(trained / "run")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MisconfigurationException, match="the photos of its test were not found; .* input=PATH"):
        build_deployable(run, None, 5, str(tmp_path / "scratch"))
    save_photo(tmp_path / "new" / "a.jpg", "red", 3)
    found = build_deployable(run, "new/*.jpg", 5, str(tmp_path / "scratch"))
    assert len(found.calls) == 2
    assert found.facts["classes"] == ["blue", "red"]


def test_the_tokenizer_lies_beside(tmp_path: Path) -> None:
    (tmp_path / "run" / "export").mkdir(parents=True)
    (tmp_path / "run" / "tokenizer.json").write_text("{}", encoding="utf-8")
    run: Any = SimpleNamespace(folder=tmp_path / "run")
    copy_tokenizer(run, tmp_path / "run" / "export")
    copy_tokenizer(run, tmp_path / "run")
    assert (tmp_path / "run" / "export" / "tokenizer.json").read_text(encoding="utf-8") == "{}"
    other: Any = SimpleNamespace(folder=tmp_path / "other")
    (tmp_path / "other" / "export").mkdir(parents=True)
    for place in ("", "export"):
        (tmp_path / "other" / place / "tokenizer.json").write_text("[]"[: 2 - len(place)], encoding="utf-8")
    with pytest.raises(MisconfigurationException, match="another model's tokenizer is there"):
        copy_tokenizer(other, tmp_path / "run")
    assert (tmp_path / "run" / "tokenizer.json").read_text(encoding="utf-8") == "{}"
    copy_tokenizer(other, tmp_path / "other" / "export")  # exported again, after another training
    assert (tmp_path / "other" / "export" / "tokenizer.json").read_text(encoding="utf-8") == "[]"


def test_pairs_are_those_of_the_test_or_those_that_were_seen(rated: Path, tmp_path: Path) -> None:
    tested = build_deployable(open_run(rated / "run"), None, 20, str(tmp_path))
    clicks = shutil.copytree(rated / "run", tmp_path / "clicks", ignore=shutil.ignore_patterns("predictions.csv", "figures"))
    seen = build_deployable(open_run(clicks), None, 20, str(tmp_path))
    for found in (tested, seen):
        (call,) = found.calls
        assert len(call.wanted) == 20
        assert torch.allclose(found.graph(*found.encoded(call.inputs)), call.wanted, rtol=1e-5)
        assert all((codes > 0).all() for codes in found.encoded(call.inputs))  # all are known
