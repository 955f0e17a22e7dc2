"""What an earlier run has left goes, and what is one's own stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from practicum.cli.earlier_results import remove_earlier_results
from practicum.cli.model_card import Task, write_card

OURS = '{"status": "finished", "tests_on": "test"}'


def test_a_second_run_removes_what_the_first_left_and_nothing_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    names = ["README.md", "metrics.json", "predictions.csv", "figures/curves.png", "figures/error_by_a b.csv"]
    for name in names:
        (tmp_path / name).write_text("{}", encoding="utf-8")
    remove_earlier_results(tmp_path)  # hydra.run.dir=. of a project
    assert [name for name in names if (tmp_path / name).exists()] == [name for name in names if name != "metrics.json"]
    (tmp_path / "README.md").unlink()
    (tmp_path / "metrics.json").write_text('{"status": "finished", "tests_on": "test"}', encoding="utf-8")
    (tmp_path / "figures" / "paper.png").write_text("mine", encoding="utf-8")
    write_card(tmp_path, {"tests_on": "test"}, Task("other", "Model", "its input", "a number"), "first", [])
    (tmp_path / "checkpoints").mkdir()
    best = tmp_path / "checkpoints" / "best.ckpt"  # or a run that is killed early would be said to have it
    best.touch()
    (mine := tmp_path / "checkpoints" / "mine.ckpt").touch()
    for begins_from in (str(tmp_path), str(best)):  # model.encoder=RUN hydra.run.dir=RUN
        remove_earlier_results(tmp_path, ["None", begins_from])
        assert best.is_file()
        (tmp_path / "metrics.json").write_text('{"status": "finished", "tests_on": "test"}', encoding="utf-8")
    remove_earlier_results(tmp_path, ["random", "None"])
    assert not best.exists()
    assert mine.is_file()
    mine.unlink()
    (tmp_path / "metrics.json").write_text('{"status": "finished", "tests_on": "test"}', encoding="utf-8")
    remove_earlier_results(tmp_path)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["paper.png"]


@pytest.mark.parametrize("name", ["checkpoints/last.ckpt", "checkpoints/before_last.ckpt", "word_vectors.vec"])
def test_weights_to_begin_with_stay(tmp_path: Path, name: str) -> None:
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / name).touch()
    remove_earlier_results(tmp_path)  # of a project of one's own
    assert (tmp_path / name).is_file()
    (tmp_path / "metrics.json").write_text(OURS, encoding="utf-8")
    remove_earlier_results(tmp_path, ["None", str(tmp_path / name)])
    assert (tmp_path / name).is_file()
    (tmp_path / "metrics.json").write_text(OURS, encoding="utf-8")
    remove_earlier_results(tmp_path, ["None"])
    assert not (tmp_path / name).exists()
