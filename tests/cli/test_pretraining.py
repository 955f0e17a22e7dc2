"""Word vectors of the texts themselves, for a classifier without an encoder: chosen, learnt, used, resumed, refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf
from practicum.cli.pretraining import check_model_in_force, model_in_force
from practicum.lightning_shim import MisconfigurationException

VECTORS = ["pretraining.model.embedding_dim=12", "pretraining.model.subsample=0.1"]


def composed(*overrides: str) -> Any:
    with initialize_config_module("practicum.conf", version_base="1.3"):
        return compose("train", ["experiment=reviews", *overrides])


@pytest.mark.parametrize(
    ("overrides", "model"),
    [
        ([], "WordVectorClassifier"),
        (["model.encoder=runs/lm"], "TextClassifier"),
        (["pretraining=none"], "TextClassifier"),
        (["model=word_vectors"], "WordVectorClassifier"),
    ],
)
def test_the_model_in_force(overrides: list[str], model: str) -> None:
    cfg = composed(*overrides)
    before = OmegaConf.to_container(cfg)
    chosen = model_in_force(cfg)
    assert chosen.model._target_ == f"practicum.modules.{model}"
    assert model_in_force(chosen).model == chosen.model
    assert OmegaConf.to_container(cfg) == before  # a resume compares what was composed; resolved, it holds the second
    assert chosen.model.get("vectors") == {0: "own", 1: "random"}.get(len(overrides) if model.startswith("Word") else 2)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (["model.drop_mult=1"], r"model.drop_mult=1: has no effect.*give model.encoder=RUN"),
        (["model=text_classifier"], "model=text_classifier: has no effect"),
        (["pretraining=none", "model=word_vectors", "model.vectors=own"], "model.vectors=own: nothing learns them"),
    ],
)
def test_options_without_effect_are_refused(typed: list[str], message: str) -> None:
    with pytest.raises(MisconfigurationException, match=message):
        check_model_in_force(composed(*typed), typed)


@pytest.mark.parametrize("typed", [["model.encoder=runs/lm", "model.drop_mult=1"], ["pretraining=none", "model.drop_mult=1"], []])
def test_others_are_not(typed: list[str]) -> None:
    check_model_in_force(composed(*typed), typed)


def test_texts_without_an_encoder_are_classified_by_their_own_word_vectors(
    texts: Path, command: Callable[..., Any], rows_of: Callable[[Path], list[dict[str, str]]], text_run: list[str]
) -> None:
    typed = ["experiment=reviews", *text_run, *VECTORS, "pretraining.epochs=30", "optimizer.lr=0.1", "epochs=10"]
    result = command("train.py", *typed, "hydra.run.dir=runs/own", cwd=texts)
    assert result.returncode == 0, result.stderr[-3000:]
    assert "word vectors are learnt from these" in result.stdout + result.stderr
    record = json.loads((texts / "runs/own/metrics.json").read_text(encoding="utf-8"))
    assert record["weights/source"] == str(texts / "runs/own/word_vectors.vec")
    assert 0 < record["seconds/pretraining"] < record["seconds"]
    assert record["test/accuracy"] == 1.0
    vectors = (texts / "runs/own/word_vectors.vec").read_text(encoding="utf-8")
    assert vectors.splitlines()[0].endswith(" 12")

    (texts / "other.txt").write_text("A brilliant film.\nThe war was tedious.\n", encoding="utf-8")
    moved = (texts / "runs/own").rename(texts / "runs/moved")
    (moved / "word_vectors.vec").unlink()  # the checkpoint holds them
    result = command("predict.py", "run=runs/moved", "input=other.txt", "output=own.csv", cwd=texts)
    assert result.returncode == 0, result.stderr[-3000:]
    assert [row["predicted"] for row in rows_of(texts / "own.csv")] == ["good", "bad"]


def test_a_run_killed_after_its_first_stage_keeps_what_that_has_learnt(
    texts: Path, command: Callable[..., Any], text_run: list[str]
) -> None:
    result = command("train.py", "experiment=reviews", *text_run, *VECTORS, "hydra.run.dir=runs/killed", cwd=texts)
    assert result.returncode == 0, result.stderr[-3000:]
    run = texts / "runs/killed"
    whole = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    before = (run / "word_vectors.vec").stat()
    (run / "metrics.json").unlink()
    for path in (run / "checkpoints").iterdir():
        path.unlink()
    result = command("train.py", "resume=runs/killed", cwd=texts)
    assert result.returncode == 0, result.stderr[-3000:]
    assert "word vectors are learnt" not in result.stdout + result.stderr
    after = (run / "word_vectors.vec").stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)
    assert (
        json.loads((run / "metrics.json").read_text(encoding="utf-8"))["test/loss"] == whole["test/loss"]
    )  # random numbers are the same
