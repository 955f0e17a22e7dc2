"""Sources: local, downloaded and synthetic files, prepared once, with their provenance and answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from practicum.datamodules.loading import source
from practicum.datamodules.loading.source import Download, Local, Synthetic, local_or


def test_generated_files_are_written_once_with_their_answer(tmp_path: Path) -> None:
    calls = []

    def generate(folder: Path) -> None:
        calls.append(folder)
        folder.mkdir()
        (folder / "answer.json").write_text(json.dumps({"accuracy": 0.9}), encoding="utf-8")

    synthetic = Synthetic(generate, tmp_path / "deep" / "x-1")
    assert synthetic.answer() == {}
    synthetic.prepare()
    synthetic.prepare()
    assert calls == [synthetic.path]
    assert synthetic.answer() == {"accuracy": 0.9}
    assert str(synthetic) == f"synthetic: {tmp_path / 'deep' / 'x-1'}"
    assert Local(synthetic.path).answer() == {}  # one's own files have none, whatever they hold


def test_a_download_lies_under_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(source, "download", lambda *arguments: calls.append(arguments))
    file = Download("https://example.org/data/a.zip", "0" * 64, tmp_path)
    file.prepare()
    assert calls == [("https://example.org/data/a.zip", tmp_path / "a.zip", "0" * 64)]
    assert str(file) == str(file.path) == str(tmp_path / "a.zip")


def test_ones_own_files_take_the_place_of_others(tmp_path: Path) -> None:
    other = Download("https://example.org/a.zip", "0" * 64, tmp_path)
    assert local_or(None, other) is other
    own = local_or(tmp_path, other)
    assert own == Local(tmp_path)
    own.prepare()
    assert list(tmp_path.iterdir()) == []
