"""A model card says what a record says, in the hub's form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard
from practicum.callbacks.run.results import MEANS
from practicum.cli.model_card import Task, commands_of, model_card, task_of, write_card
from practicum.modules import DotProductBias, EntityEmbeddingModel, ImageClassifier, TextClassifier

RECORD: dict[str, Any] = {
    "test/accuracy": 0.9,
    "test/auroc": None,
    "baseline/prior/accuracy": 0.5,
    "tests_on": "test",
    "parameters": 1234,
    "data/source": "/home/ann/photos",
    "data/train": 1000,
    "data/test": 20,
    "data/rejected": 3,
    "weights/source": "random",
    "version/torch": "2.9",
}
BEES = Task("image-classification", "ImageClassifier", "a photo", "one of 2 classes", ["ant", "a|bee"])


def parts(card: str) -> tuple[dict[str, Any], str]:
    _, head, text = card.split("---\n", 2)
    return yaml.safe_load(head), text


def test_head_has_the_metrics_and_what_measured_them() -> None:
    head, text = parts(model_card(RECORD, BEES, "bees: 2", ["practicum-predict run=RUN"]))
    assert head["pipeline_tag"] == "image-classification"
    ((found,),) = [each["results"] for each in head["model-index"]]
    assert head["model-index"][0]["name"] == "bees: 2"
    assert found["metrics"] == [{"type": "accuracy", "value": 0.9}]  # not the one that is not defined
    assert found["dataset"]["split"] == "test"
    assert "| accuracy | 0.9000 | 0.5000 |" in text
    assert "20 examples measure this result" in text
    _, other = parts(model_card({**RECORD, "test/auroc": 0.7}, BEES, "bees", []))
    assert "| AUROC | 0.7000 |" in other  # as on the page
    assert "photos" in text
    assert "/home/ann" not in text  # no folder of this machine
    assert MEANS not in text
    _, leaky = parts(model_card({**RECORD, "data/leaked/test": 2}, BEES, "bees: 2", []))
    _, anew = parts(model_card({**RECORD, "weights/refit_epochs": 5}, BEES, "bees", []))
    assert "The kept weights were trained anew, for 5 epochs, on training and validation examples together" in anew
    assert "trained anew" not in text
    assert "2 of the 20 test examples that measure this result occur in another split, too" in leaky


def test_what_validation_measured_is_called_so() -> None:
    record = {k: v for k, v in RECORD.items() if not k.startswith("test/")}
    record |= {"val/accuracy/kept": 0.8, "tests_on": "valid", "data/source": "synthetic: data/bees"}
    head, text = parts(model_card(record, BEES, "bees", []))
    assert head["model-index"][0]["results"][0]["dataset"]["split"] == "validation"
    assert MEANS in text
    assert MEANS not in model_card({**record, "data/near_duplicates/valid": 2}, BEES, "bees", [])
    assert "The data are synthetic" in text


def test_tasks_of_all_kinds() -> None:
    target = {"mean": 3.0, "std": 1.0, "min": 1.0, "max": 5.0}
    rows: Any = {"user": ["a"], "item": ["b"]}
    found = {
        "image-classification": task_of(ImageClassifier(["a", "b"], backbone="test_resnet", weights="random")),
        "text-classification": task_of(TextClassifier(["a", "b"], ["x"] * 9, embedding_dim=4, hidden_size=4, num_layers=1)),
        "tabular-regression": task_of(EntityEmbeddingModel(rows, target=target), "sold"),
        "tabular-classification": task_of(EntityEmbeddingModel(rows, classes=["no", "yes"]), "good"),
        "recommendation": task_of(DotProductBias(rows, target), "rating"),
    }
    assert {name: task.name for name, task in found.items()} == {name: name for name in found}
    assert found["tabular-regression"].output == "a number (`sold`)"
    assert found["tabular-classification"].output == "one of 2 classes (`good`)"
    head, _ = parts(model_card(RECORD, found["recommendation"], "r", []))
    assert "pipeline_tag" not in head  # the hub has none for it
    assert "recommendation" in head["tags"]


def test_commands_name_no_folder() -> None:
    assert commands_of({"predict": ["input=PHOTOS"]}) == ["practicum-predict run=RUN input=PHOTOS output=predictions.csv"]
    assert "model.encoder=RUN" in commands_of({"classifier": ["model.encoder={run}"]})[0]


@pytest.mark.parametrize("run", ["number", "class"])
def test_a_run_folder_has_its_card(tables: Path, run: str, tmp_path: Path) -> None:
    folder = tables / "runs" / run
    head = ModelCard.load(folder / "README.md").data.to_dict()
    record = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    values = {each["type"]: each["value"] for each in head["model-index"][0]["results"][0]["metrics"]}
    assert values["loss"] == pytest.approx(record["test/loss"], abs=1e-6)
    write_card(tmp_path, record, BEES, "again", [])
    assert "# again" in (tmp_path / "README.md").read_text(encoding="utf-8")


def test_a_readme_of_ones_own_stays(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for own in ("# My project\n\nlibrary_name: practicum\n", "---\ntitle: Mine\n---\nText\n"):
        (tmp_path / "README.md").write_text(own, encoding="utf-8")
        write_card(tmp_path, RECORD, BEES, "bees", [])
        assert (tmp_path / "README.md").read_text(encoding="utf-8") == own
    assert "there is one that is no model card" in caplog.text
    (tmp_path / "README.md").unlink()
    for name in ("bees", "ants"):  # a card is replaced by the next
        write_card(tmp_path, RECORD, BEES, name, [])
        assert f"# {name}" in (tmp_path / "README.md").read_text(encoding="utf-8")
