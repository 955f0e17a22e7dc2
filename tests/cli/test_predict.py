"""Prediction, end to end, as a person types it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def test_predictions_are_those_of_validation(
    trained: Path, command: Callable[..., Any], rows_of: Callable[[Path], list[dict[str, str]]]
) -> None:
    result = command("predict.py", "run=run", "input=photos/valid/red", "output=out/red.csv", cwd=trained)
    assert result.returncode == 0, result.stderr[-2000:]
    predicted = {Path(row["file"]).name: row for row in rows_of(trained / "out" / "red.csv")}
    assert list(predicted) == [f"{i}.jpg" for i in range(9)]
    assert list(predicted["0.jpg"]) == ["file", "predicted", "probability_blue", "probability_red"]
    for row in rows_of(trained / "run" / "predictions.csv"):
        if row["true"] == "red":
            mine = predicted[Path(row["file"]).name]
            assert mine["predicted"] == row["predicted"]
            assert float(mine["probability_red"]) == pytest.approx(float(row["probability_red"]), abs=1e-5)


def test_unreadable_files_are_listed_and_top_k_is_kept(
    trained: Path, command: Callable[..., Any], rows_of: Callable[[Path], list[dict[str, str]]]
) -> None:
    mixed = trained / "mixed"
    mixed.mkdir(exist_ok=True)
    shutil.copy(trained / "photos/valid/red/0.jpg", mixed / "a photo, with comma.jpg")
    (mixed / "notes.txt").write_text("not a photo", encoding="utf-8")
    result = command("predict.py", "run=run", "input=mixed", "output=mixed.csv", "top_k=1", cwd=trained)
    assert result.returncode == 0, result.stderr[-2000:]
    (row,) = rows_of(trained / "mixed.csv")
    assert list(row) == ["file", "predicted", "class_1", "probability_1"]
    assert Path(row["file"]).name == "a photo, with comma.jpg"
    assert [Path(r["file"]).name for r in rows_of(trained / "mixed.rejected.csv")] == ["notes.txt"]


def test_file_names_that_are_no_utf8_from_training_to_prediction(
    trained: Path, tmp_path: Path, command: Callable[..., Any], rows_of: Callable[[Path], list[dict[str, str]]], small: list[str]
) -> None:
    photos = tmp_path / "ph\udce9"
    for split in ("train", "valid"):
        for old, new in (("red", "r\udcf1d"), ("blue", "blue")):
            (photos / split / new).mkdir(parents=True)
            for number in range(8):
                shutil.copy(trained / "photos" / split / old / f"{number}.jpg", photos / split / new / f"caf\udce9{number}.jpg")
    (photos / "valid" / "blue" / "bad\udce9.jpg").write_text("no photo", encoding="utf-8")
    options = [*small, 'data.root="ph\udce9"', 'hydra.run.dir="run\udce9"', "trainer.max_epochs=1"]
    result = command("train.py", *options, cwd=tmp_path)
    assert result.returncode == 0, result.stderr[-3000:]
    run = tmp_path / "run\udce9"
    assert json.loads((run / "metrics.json").read_text(encoding="utf-8"))["status"] == "finished"
    assert (run / "report.html").is_file()
    assert len(rows_of(run / "predictions.csv")) == 16
    assert "bad\\xe9" in (run / "rejected.csv").read_text(encoding="utf-8")
    assert "Logging error" not in result.stderr
    result = command("predict.py", 'run="run\udce9"', 'input="ph\udce9/valid"', 'output="out\udce9.csv"', cwd=tmp_path)
    assert result.returncode == 0, result.stderr[-3000:]
    assert len(rows_of(tmp_path / "out\udce9.csv")) == 16
    assert "bad\\xe9" in (tmp_path / "out\udce9.rejected.csv").read_text(encoding="utf-8")


def test_prediction_needs_nothing_but_the_run_folder(
    trained: Path, tmp_path: Path, command: Callable[..., Any], rows_of: Callable[[Path], list[dict[str, str]]]
) -> None:
    shutil.copytree(trained / "run", tmp_path / "moved")
    shutil.copy(trained / "photos/valid/red/0.jpg", tmp_path / "one.jpg")
    result = command("predict.py", "run=moved", "input=one.jpg", cwd=tmp_path)
    assert result.returncode == 0, result.stderr[-2000:]
    assert rows_of(tmp_path / "predictions.csv")[0]["predicted"] == "red"
    assert {path.name for path in tmp_path.iterdir()} == {"moved", "one.jpg", "predictions.csv"}


def test_prediction_takes_the_table_of_training(
    trained: Path, command: Callable[..., Any], rows_of: Callable[[Path], list[dict[str, str]]]
) -> None:
    (trained / "new.csv").write_text("file,label\nphotos/valid/red/3,red\nphotos/valid/blue/1.jpg,blue\n", encoding="utf-8")
    result = command("predict.py", "run=run", "input=new.csv", "output=new-predictions.csv", cwd=trained)
    assert result.returncode == 0, result.stderr[-2000:]
    assert [row["predicted"] for row in rows_of(trained / "new-predictions.csv")] == ["red", "blue"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run=nowhere", "input=photos"], "not a run folder"),
        (["run=unfinished", "input=photos"], "never finished"),
        (["run=run", "input=nowhere"], "no such file or folder"),
        (["run=run", "inputs=photos"], "did you mean input?"),
        (["run=run"], "input is missing"),
        (["run=run", "input=photos", "top_k=many"], "top_k=many"),
        (["run=run", "input=photos", "top_k=true"], "top_k=True must be a whole number"),
        (["run=run", "input=photos", "trust=no"], "trust=no is not of the right type: true or false is wanted."),
        (["run=run", "input=photos", "score=no"], "score=no is not of the right type"),
        (["run=[]", "input=photos"], "run=[] is empty"),
        (["run=run", "input=photos", "batch_size=0"], "batch_size=0"),
        (["run=run", "input=photos", "checkpoint=photos/valid/red/0.jpg"], "nothing in it was run"),
        (["run=stranger", "input=photos"], "would run os.system"),
        (["run=run", "input=photos", "output=afile/p.csv"], "afile"),
    ],
)
def test_prediction_refuses_in_one_sentence(
    trained: Path, arguments: list[str], message: str, in_process: Callable[..., Any], refused: Callable[[Any], str]
) -> None:
    unfinished = trained / "unfinished"
    if not unfinished.exists():
        shutil.copytree(trained / "run", unfinished)
        (unfinished / "metrics.json").write_text('{"status": "trained"}', encoding="utf-8")
        stranger = shutil.copytree(trained / "run", trained / "stranger")
        config = stranger / ".hydra" / "config.yaml"
        config.write_text(
            config.read_text(encoding="utf-8").replace("practicum.datamodules.Augment", "os.system"), encoding="utf-8"
        )
    assert message in refused(in_process("predict.py", *arguments, cwd=trained))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run=[runs/lm,runs/vectors]", "explain=true"], "single run"),
        (["run=runs/lm"], "experiment=reviews model.encoder=runs/lm"),
        (["run=runs/vectors"], "experiment=reviews model=word_vectors model.vectors=runs/vectors"),
    ],
)
def test_prediction_of_texts_refuses_in_one_sentence(
    texts: Path, arguments: list[str], message: str, in_process: Callable[..., Any], refused: Callable[[Any], str]
) -> None:
    (texts / "new.txt").write_text("A brilliant film.\n", encoding="utf-8")
    assert message in refused(in_process("predict.py", *arguments, "input=new.txt", cwd=texts))


def test_several_labels_per_photo_from_table_to_prediction(
    trained: Path, command: Callable[..., Any], rows_of: Callable[[Path], list[dict[str, str]]], small: list[str]
) -> None:
    photos = sorted((trained / "photos" / "train").rglob("*.jpg"))
    lines = [f"{p.relative_to(trained / 'photos')},{p.parent.name} {'photo' if i % 5 else ''}" for i, p in enumerate(photos)]
    (trained / "photos" / "tags.csv").write_text("\n".join(["file,label", *lines]) + "\n", encoding="utf-8")
    options = [*small, "data.root=photos", "data.csv=tags.csv", "data.label_separator=' '", "hydra.run.dir=tags"]
    result = command("train.py", *options, cwd=trained)
    assert result.returncode == 0, result.stderr[-3000:]
    record = json.loads((trained / "tags" / "metrics.json").read_text(encoding="utf-8"))
    assert {"val/accuracy/kept", "val/f2/kept", "val/map/kept"} <= record.keys()
    assert record["val/map/kept"] > 0.8
    result = command("predict.py", "run=tags", "input=photos/valid/red", "output=tags.csv", cwd=trained)
    assert result.returncode == 0, result.stderr[-2000:]
    assert list(rows_of(trained / "tags.csv")[0]) == [
        "file",
        "predicted",
        "probability_blue",
        "probability_photo",
        "probability_red",
    ]


def test_language_model_and_word_vectors_become_classifiers(
    texts: Path,
    command: Callable[..., Any],
    rows_of: Callable[[Path], list[dict[str, str]]],
    text_run: list[str],
    small_lstm: list[str],
) -> None:
    assert (texts / "runs/lm/figures/samples.txt").read_text(encoding="utf-8").strip()
    assert (texts / "runs/vectors/vectors.vec").is_file()
    data = ["experiment=reviews", *text_run]
    for run, more in (
        ("encoder", ["model.encoder=runs/lm"]),
        ("backwards", ["data.reverse=true", "pretraining=none", *small_lstm]),
        ("words", ["model=word_vectors", "model.vectors=runs/vectors", "epochs=6"]),
    ):
        result = command("train.py", *data, *more, f"hydra.run.dir=runs/{run}", cwd=texts)
        assert result.returncode == 0, result.stderr[-3000:]
        record = json.loads((texts / f"runs/{run}/metrics.json").read_text(encoding="utf-8"))
        assert record["tests_on"] == "test"
        assert record["data/test"] == 29
        assert record["weights/pretrained"] is (run != "backwards")
    assert record["test/accuracy"] == 1.0  # words alone tell

    (texts / "new.txt").write_text("A brilliant film.\nThe war was tedious.\n", encoding="utf-8")
    result = command("predict.py", "run=runs/words", "input=new.txt", "explain=true", cwd=texts)
    assert result.returncode == 0, result.stderr[-3000:]
    assert "2 predictions: predictions.csv\nColumn explanation: the words that counted most; brilliant +0.31:" in result.stdout
    rows = rows_of(texts / "predictions.csv")
    assert [row["predicted"] for row in rows] == ["good", "bad"]
    assert [row["explanation"].split()[0].lower() for row in rows] == ["brilliant", "tedious"]

    # The mean of a network that reads forwards and one that reads backwards.
    tables = []
    for run in ("runs/encoder", "runs/backwards", "[runs/encoder,runs/backwards]"):
        result = command("predict.py", f"run={run}", "input=new.txt", "output=both.csv", cwd=texts)
        assert result.returncode == 0, result.stderr[-3000:]
        tables.append([float(row["probability_bad"]) for row in rows_of(texts / "both.csv")])
    forwards, backwards, both = tables
    assert both == pytest.approx([(a + b) / 2 for a, b in zip(forwards, backwards, strict=True)], abs=2e-4)


def test_table_from_run_to_predictions(
    tables: Path,
    command: Callable[..., Any],
    in_process: Callable[..., Any],
    refused: Callable[[Any], str],
    rows_of: Callable[[Path], list[dict[str, str]]],
) -> None:
    record = json.loads((tables / "runs/number/metrics.json").read_text(encoding="utf-8"))
    assert record["test/rmspe"] < 0.1
    figures = {path.name for path in (tables / "runs/number/figures").iterdir()}
    assert {"predicted_true.png", "most_wrong.txt", "importance.png", "embeddings_shop.png", "error_by_day.png"} <= figures
    assert json.loads((tables / "runs/class/metrics.json").read_text(encoding="utf-8"))["test/accuracy"] == 1.0
    assert (tables / "runs/class/figures/confusion.png").is_file()

    (tables / "new.csv").write_text("size,shop,day,till\n1,s1,2024-12-30,7\n2,s9,2024-12-31,8\n", encoding="utf-8")
    result = command("predict.py", "run=runs/number", "input=new.csv", cwd=tables)
    assert result.returncode == 0, result.stderr[-3000:]
    rows = rows_of(tables / "predictions.csv")
    assert list(rows[0]) == ["size", "shop", "day", "till", "predicted"]
    assert abs(float(rows[0]["predicted"]) - 11.25) < 1.5
    assert "1 of 2 rows have a value of shop that did not occur in training ('s9')" in result.stderr + result.stdout

    result = in_process("predict.py", "run=runs/number", "input=new.csv", "top_k=3", cwd=tables)
    assert refused(result).endswith("runs/number predicts no classes; leave it out.")

    result = command("predict.py", "run=runs/number", "input=new.csv", "output=e.csv", "format=embedded", cwd=tables)
    assert result.returncode == 0, result.stderr[-3000:]
    embedded = rows_of(tables / "e.csv")
    assert {"till", "shop_1", "shop_2", "size"} <= set(embedded[0])
    assert "shop" not in embedded[0]
