"""A recommender's run, opened: who has what, and how lists become columns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf
from practicum.cli.recommender_run import RecommenderRun, is_recommender
from practicum.cli.run_folder import Run, open_run
from practicum.lightning_shim import MisconfigurationException


@pytest.fixture
def recommender(rated: Path) -> RecommenderRun:
    """The run on synthetic ratings."""
    return RecommenderRun(open_run(rated / "run"))


def test_lists_become_columns_and_end_at_minus_infinity(recommender: RecommenderRun) -> None:
    best = torch.tensor([[3, 1], [0, 2]])
    scores = torch.tensor([[2.0, 1.0], [1.5, float("-inf")]])
    columns = recommender.list_columns(["a", "b"], best, scores)
    assert columns["user"] == ["a", "a", "b"]
    assert columns["rank"] == [1, 2, 1]
    assert columns["item"] == [recommender.items[row] for row in (3, 1, 0)]
    assert columns["title"] == [recommender.titles[item] for item in columns["item"]]
    assert columns["predicted"] == recommender.model.scores_to_ratings(torch.tensor([2.0, 1.0, 1.5])).tolist()


def test_users_without_a_list_are_said(recommender: RecommenderRun, capsys: pytest.CaptureFixture[str]) -> None:
    none = float("-inf")
    assert recommender.list_columns(["a", "b"], torch.tensor([[3], [1]]), torch.tensor([[none], [1.0]]))["user"] == ["b"]
    assert "1 of 2 users get no list: nothing was found that a does not have." in capsys.readouterr().out
    recommender.list_columns(["b"], torch.tensor([[1, 2]]), torch.tensor([[1.0, none]]))
    assert capsys.readouterr().out == ""


def test_seen_items_are_those_of_all_splits(recommender: RecommenderRun, rated: Path) -> None:
    root = next((rated / "data/synthetic").glob("tastes-*"))
    lines = [line.split("\t") for line in (root / "u.data").read_text(encoding="utf-8").splitlines()]
    user = recommender.users.index("7")
    _, items = recommender.seen().items_of(torch.tensor([user]))
    assert {recommender.items[row] for row in items.tolist()} == {line[1] for line in lines if line[0] == "7"}


@pytest.mark.parametrize(
    ("module", "ranks"), [("ImageClassifier", False), ("DotProductBias", True), ("NeuralCollaborativeFilter", True)]
)
def test_recommenders_are_told_by_their_class(module: str, ranks: bool, tmp_path: Path) -> None:
    config = OmegaConf.create({"model": {"_target_": f"practicum.modules.{module}"}, "paths": {"run": str(tmp_path)}})
    assert is_recommender(Run(config, tmp_path / "best.ckpt", "32-true", trust=False, best=True)) == ranks


def test_a_run_folder_without_its_tables_is_named(recommender: RecommenderRun, tmp_path: Path) -> None:
    recommender.folder = tmp_path
    with pytest.raises(MisconfigurationException, match=r"seen.parquet: no such file; .* copy the whole run folder"):
        recommender.seen()


def test_ratings_become_a_run_with_figures_and_a_user_page(rated: Path) -> None:
    record = json.loads((rated / "run/metrics.json").read_text(encoding="utf-8"))
    assert record["val/rmse/kept"] < 0.6
    assert {"val/ndcg@10/kept", "val/ndcg@10_of_100/kept", "val/coverage@10/kept"} <= record.keys()
    figures = {path.name for path in (rated / "run/figures").iterdir()}
    wanted = {"item_biases.png", "long_tail.png", "residuals.png", "person.txt", "embeddings_item.png", "predicted_true.png"}
    assert wanted <= figures
    text = (rated / "run/figures/person.txt").read_text(encoding="utf-8")
    assert text.count("Recommended, with the most similar of the above") == 3
    assert "(like " in text
