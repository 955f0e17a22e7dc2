"""Predictions for users who were not in training."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
import torch
from omegaconf import OmegaConf
from practicum.cli.model_facts import facts_for
from practicum.cli.new_users import _fold_in, new_users
from practicum.cli.recommend import neighbours, top_lists
from practicum.cli.recommender_run import RecommenderRun
from practicum.datamodules import Ratings
from practicum.datamodules.ratings.ids import id_rows
from practicum.lightning_shim import MisconfigurationException
from practicum.modules import DotProductBias


def test_new_users_from_what_they_rated(
    rated: Path, command: Callable[..., Any], in_process: Callable[..., Any], rows_of: Callable[[Path], list[dict[str, str]]]
) -> None:
    """Users generated like the others are predicted nearly as well."""
    root = next((rated / "data/synthetic").glob("tastes-*"))
    lines = [line.split("\t") for line in (root / "u1.base").read_text(encoding="utf-8").splitlines()]
    lines = [line for line in lines if int(line[0]) <= 60]
    held = [line.split("\t") for line in (root / "u1.test").read_text(encoding="utf-8").splitlines()]
    held = [line for line in held if int(line[0]) <= 60]
    for name, rows in (("new.csv", lines), ("pairs.csv", held)):
        (rated / name).write_text(
            "user,item,rating\n" + "".join(f"new{row[0]},{row[1]},{row[2]}\n" for row in rows), encoding="utf-8"
        )
    result = command("predict.py", "run=run", "fold_in=new.csv", "input=pairs.csv", "output=new-predicted.csv", cwd=rated)
    assert result.returncode == 0, result.stderr[-3000:]
    predicted = rows_of(rated / "new-predicted.csv")
    rmse = (sum((float(row["predicted"]) - float(row["rating"])) ** 2 for row in predicted) / len(predicted)) ** 0.5
    assert rmse < 0.6
    result = in_process("predict.py", "run=run", "fold_in=new.csv", "top_k=3", "output=new-top.csv", cwd=rated)
    assert "180 rows" in result.stdout
    (rated / "odd.csv").write_text("user,item\nnew1,nothing\nnew2,nothing\n", encoding="utf-8")
    result = in_process("predict.py", "run=run", "fold_in=new.csv", "input=odd.csv", "output=odd-predicted.csv", cwd=rated)
    assert "2 of 2 items were not in training" in result.stdout
    odd = [float(row["predicted"]) for row in rows_of(rated / "odd-predicted.csv")]
    assert odd[0] != odd[1]  # each has a bias of their own
    (rated / "me.csv").write_text("item,rating\n1,5\n2,4\nunknown,1\n", encoding="utf-8")
    result = in_process("predict.py", "run=run", "fold_in=me.csv", "top_k=3", "output=me-top.csv", cwd=rated)
    assert "1 of 3 ratings are of items that were not in training" in result.stdout
    assert {row["user"] for row in rows_of(rated / "me-top.csv")} == {"new"}


def opened(folder: Path, users: list[str], items: list[str]) -> RecommenderRun:
    """A recommender's run on ratings by each of these users of each of these items, untrained."""
    folder.mkdir(exist_ok=True)
    rows = "".join(f"{user};{item};{n % 5},5\n" for n, (user, item) in enumerate(product(users, items)) if n % 9)
    (folder / "r.csv").write_text(f"user;item;rating\n{rows}", encoding="utf-8")
    data = Ratings(folder / "r.csv", cache=folder / "cache", artifacts_dir=folder, split_column=None)
    data.prepare_data()
    data.setup("fit")
    torch.manual_seed(0)
    model = DotProductBias(**facts_for(DotProductBias, data.describe(), {}), factors=3)
    config = OmegaConf.create({"paths": {"run": str(folder)}, "data": {"rating": "rating"}})
    return RecommenderRun(SimpleNamespace(model=lambda: model, config=config))  # type: ignore[arg-type]


NUMBERS = [f"{n}.0" for n in range(1, 8)]  # as pandas writes whole numbers beside gaps
CODES = ["001", "1", "002", "2", "003", "3", "A"]


@pytest.mark.parametrize(
    ("ids", "typed", "known"),
    [
        (NUMBERS, ["1", "2.0", "3"], 3),
        (NUMBERS, ["01", "2", "9"], 1),
        (CODES, ["001", "1", "A"], 3),
        (CODES, ["01", "1", "a"], 1),
    ],
)
def test_items_are_found_as_training_spelt_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], ids: list[str], typed: list[str], known: int
) -> None:
    run = opened(tmp_path / "run", ids, ids)
    (tmp_path / "new.csv").write_text("item;rating\n" + "".join(f"{each};4,5\n" for each in typed), encoding="utf-8")
    lists = new_users(run, str(tmp_path / "new.csv"), None, k=10)
    assert len(lists["item"]) == len(ids) - known  # what they rated is not recommended
    said = capsys.readouterr().out
    assert (f"{3 - known} of 3 ratings are of items that were not in training" in said) == (known < 3)
    column = run.ids.steps.categorical["item"]
    rated = torch.tensor([row + 1 for row in id_rows(typed, column)])
    assert torch.equal(new_vectors(run, tmp_path / "new.csv"), run.model.fold_in(rated, torch.full((3,), 4.5).double()))


def new_vectors(run: RecommenderRun, source: Path) -> torch.Tensor:
    return _fold_in(run, str(source)).vectors[0]


def test_users_of_two_files_are_matched_as_training_would(tmp_path: Path) -> None:
    """``1`` and ``1.0`` are one user where training's users are numbers; ``01`` is none of them."""
    (tmp_path / "new.csv").write_text("user;item;rating\n91;1;4,5\n92.0;2;1\n", encoding="utf-8")
    (tmp_path / "pairs.csv").write_text("user;item;predicted\n92;1;0\n91.0;3;0\n", encoding="utf-8")
    run = opened(tmp_path / "run", NUMBERS, NUMBERS)
    table = new_users(run, str(tmp_path / "new.csv"), str(tmp_path / "pairs.csv"), k=3)
    assert list(table) == ["user", "item", "table_predicted", "predicted"]  # a column of the user's own is kept beside
    assert [str(each) for each in table["user"]] == ["92", "91.0"]
    (tmp_path / "pairs.csv").write_text("user;item\n091;1\n", encoding="utf-8")
    with pytest.raises(MisconfigurationException, match=r"pairs.csv: user 091 has no rating in fold_in"):
        new_users(run, str(tmp_path / "new.csv"), str(tmp_path / "pairs.csv"), k=3)
    codes = opened(tmp_path / "codes", CODES, CODES)
    (tmp_path / "new.csv").write_text("user;item;rating\n01;1;4,5\n1;2;1\n", encoding="utf-8")
    assert set(new_users(codes, str(tmp_path / "new.csv"), None, k=2)["user"]) == {"01", "1"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "item;rating\n01;4\n77;3\n",
            r"new.csv: none of its 2 ratings is of an item that was in training \(such as 01; ids are like '1'\)",
        ),
        ("user;item;rating\na;1;4\n;2;3\n", "new.csv: row 2 has no user"),
        ("item;rating\n1;4\n2;80\n", "new.csv: row 2 has the rating 80; training's scale goes from 0.5 to 4.5"),
        ("item;rating\n1;4\n2;3\n1.0;2\n", "new.csv: user new rates item 1 more than once"),
        ("item;rating\n1;4\n2;good\n", r"new.csv: row 2 has no rating \(good\); a number is wanted"),
    ],
)
def test_what_nothing_is_known_of_is_refused(tmp_path: Path, content: str, message: str) -> None:
    run = opened(tmp_path / "run", NUMBERS, NUMBERS)
    (tmp_path / "new.csv").write_text(content, encoding="utf-8")
    with pytest.raises(MisconfigurationException, match=message):
        new_users(run, str(tmp_path / "new.csv"), None, k=3)


def test_what_was_said_of_scale_and_repeated_pairs_in_training_holds(tmp_path: Path) -> None:
    run = opened(tmp_path / "run", NUMBERS, NUMBERS)
    (tmp_path / "new.csv").write_text("item;rating\n1;5\n2;3\n1;4\n99;1\n99;2\n", encoding="utf-8")
    run.scale, run.duplicates = [0.5, 5], "mean"
    (tmp_path / "once.csv").write_text("item;rating\n1;4,5\n2;3\n99;1\n", encoding="utf-8")
    assert torch.allclose(new_vectors(run, tmp_path / "new.csv"), new_vectors(run, tmp_path / "once.csv"))
    run.duplicates = "max"
    (tmp_path / "once.csv").write_text("item;rating\n1;5\n2;3\n99;1\n", encoding="utf-8")
    assert torch.allclose(new_vectors(run, tmp_path / "new.csv"), new_vectors(run, tmp_path / "once.csv"))


def test_repeated_clicks_count_once_as_in_training(tmp_path: Path) -> None:
    run = opened(tmp_path / "run", NUMBERS, NUMBERS)
    folded: list[list[int]] = []
    run.rating, run.model.fold_in = None, lambda codes, ratings: folded.append(codes.tolist()) or torch.zeros(4)
    (tmp_path / "new.csv").write_text("item\n1\n2\n1\n99\n99\n1.0\n", encoding="utf-8")
    _fold_in(run, str(tmp_path / "new.csv"))
    assert folded == [[1, 2, 0, 0]]


def test_a_user_of_unknown_items_only_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "new.csv").write_text("user;item;rating\na;1;4\nb;99;3\n", encoding="utf-8")
    new_users(opened(tmp_path / "run", NUMBERS, NUMBERS), str(tmp_path / "new.csv"), None, k=3)
    assert "1 of 2 users rated no item that was in training; they are predicted as an average user" in capsys.readouterr().out


def test_a_user_who_rated_nothing_well_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = opened(tmp_path / "run", NUMBERS, NUMBERS)
    monkeypatch.setattr(RecommenderRun, "predicts_ratings", False)
    folded: list[list[int]] = []
    run.positive_threshold = 4
    run.model.fold_in = lambda codes, ratings: folded.append(codes.tolist()) or torch.zeros(4)
    (tmp_path / "new.csv").write_text("user;item;rating\na;1;4\na;2;1\nb;2;3\n", encoding="utf-8")
    _fold_in(run, str(tmp_path / "new.csv"))
    assert folded == [[1], []]
    assert "1 of 2 users gave no item that was in training 4 or more; they are predicted" in capsys.readouterr().out


def test_neighbours_and_lists_find_ids_in_the_same_way(tmp_path: Path) -> None:
    run = opened(tmp_path / "run", NUMBERS, NUMBERS)
    assert neighbours(run, "2", 3) == neighbours(run, "2.0", 3)
    for wrong in ("02", "9"):
        with pytest.raises(
            MisconfigurationException, match=f"neighbours={wrong}: there is no such item in training; ids are like '1'"
        ):
            neighbours(run, wrong, 3)
    (tmp_path / "users.csv").write_text("user\n1\n3.0\n1.0\n", encoding="utf-8")
    assert set(top_lists(run, str(tmp_path / "users.csv"), 2, None)["user"]) == {"1", "3.0"}
    (tmp_path / "users.csv").write_text("user\n01\n99\n", encoding="utf-8")
    with pytest.raises(
        MisconfigurationException, match=r"users.csv: none of its users was in training \(such as 01; ids are like '1'"
    ):
        top_lists(run, str(tmp_path / "users.csv"), 2, None)


def test_neighbours_of_one_item_are_said_and_of_several_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = opened(tmp_path / "run", NUMBERS, CODES)
    names = {"001": "Hamlet", "1": "Solaris", "002": "Hamlet", "2": "2", "003": "2", "3": "A", "A": "Stalker"}
    items = pl.read_parquet(tmp_path / "run" / "items.parquet")
    items.with_columns(title=pl.col("item").replace_strict(names)).write_parquet(tmp_path / "run" / "items.parquet")
    assert neighbours(run, "Solaris", 3) == neighbours(run, "1", 3)
    assert capsys.readouterr().out == "Neighbours of 1, Solaris.\n" * 2
    with pytest.raises(
        MisconfigurationException,
        match=r"neighbours=Hamlet: 2 items have this title \(001, 002\); name one by its id, such as neighbours=001",
    ):
        neighbours(run, "Hamlet", 3)
    for both, other in (("2", "003"), ("A", "3")):
        with pytest.raises(
            MisconfigurationException,
            match=rf"neighbours={both}: is the id of one item and the title of another \({other}\); name the first as "
            rf"neighbours=id:{both}, the other by its id",
        ):
            neighbours(run, both, 3)
    assert both not in neighbours(run, f"id:{both}", 3)["item"]
    assert capsys.readouterr().out == "Neighbours of A, Stalker.\n"
    neighbours(run, "id:2", 3)
    assert capsys.readouterr().out == "Neighbours of 2.\n"


def test_ids_of_another_run_are_refused(tmp_path: Path) -> None:
    run = opened(tmp_path / "run", NUMBERS, NUMBERS)
    opened(tmp_path / "other", CODES, CODES)
    (tmp_path / "run" / "steps.json").write_bytes((tmp_path / "other" / "steps.json").read_bytes())
    with pytest.raises(MisconfigurationException, match=r"steps.json: its ids \(user\) are not those of the weights"):
        neighbours(run, "1", 3)
