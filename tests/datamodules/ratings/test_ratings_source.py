"""Tables of ratings with and without a header line, in one file and in several."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from practicum.datamodules import Ratings
from practicum.datamodules.files.say_once import forget_said
from practicum.lightning_shim import MisconfigurationException

OpenRatings = Callable[..., Ratings]
Rows = list[tuple[Any, ...]]


def codes_of(data: Ratings, path: Path, text: str) -> list[list[int]]:
    path.write_text(text, encoding="utf-8")
    return next(iter(data.for_prediction(path).predict_dataloader()))[0].codes.tolist()


def test_new_files_have_a_header_or_the_columns_of_training(
    tmp_path: Path, rows: Rows, open_ratings: OpenRatings, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("".join(f"{user},{item},{rating}\n" for user, item, rating, _ in rows), encoding="utf-8")
    header = ["user", "item", "rating"]
    data = open_ratings(path, header=header, artifacts_dir=tmp_path / "run")
    caplog.set_level("INFO")
    assert len(data.for_scoring(path).targets) == 60
    assert "has no header, as in training; its columns are user, item, rating" in caplog.text
    assert codes_of(data, tmp_path / "a.csv", "u1,i3,4\nu2,i3,1\n") == [[2, 5], [3, 5]]
    assert codes_of(data, tmp_path / "b.csv", "item,user\ni3,u1\n") == [[2, 5]]
    with pytest.raises(MisconfigurationException, match="c.csv: has no column 'user'"):
        codes_of(data, tmp_path / "c.csv", "u1,i3\nu2,i3\n")
    told = open_ratings(path, header=header, artifacts_dir=tmp_path / "run", csv_format={"header": False})
    assert codes_of(told, tmp_path / "c.csv", "u1,i3\nu2,i3\n") == [[2, 5], [3, 5]]
    with pytest.raises(MisconfigurationException, match="d.csv: has 4 columns, but the option header names 3"):
        codes_of(told, tmp_path / "d.csv", "u1,i3,4,5\nu2,i3,1,5\n")
    numbered = open_ratings(
        path,
        user="column_1",
        item="column_2",
        rating="column_3",
        csv_format={"header": False},
        artifacts_dir=tmp_path / "numbered",
    )
    assert codes_of(numbered, tmp_path / "a.csv", "u1,i3,4\nu2,i3,1\n") == [[2, 5], [3, 5]]
    assert codes_of(numbered, tmp_path / "e.csv", "column_2,column_1\ni3,u1\n") == [[2, 5]]


def test_one_header_for_several_files_is_refused(tmp_path: Path, rows: Rows, open_ratings: OpenRatings) -> None:
    (tmp_path / "data").mkdir()
    for name in ("train", "valid"):
        text = "".join(f"{user},{item},{rating}\n" for user, item, rating, _ in rows)
        (tmp_path / "data" / f"{name}.csv").write_text(text, encoding="utf-8")
    header = ["user", "item", "rating"]
    with pytest.raises(
        MisconfigurationException,
        match=r"data: holds several files \(train.csv, valid.csv\), and header=\[user,item,rating\] names the columns of one",
    ):
        open_ratings(tmp_path / "data", header=header)
    (tmp_path / "data" / "valid.csv").unlink()
    assert len(open_ratings(tmp_path / "data", header=header).source_rows("valid")) == 12


@pytest.mark.parametrize(
    ("min_count", "message"),
    [
        (12, r"min_count=12 leaves no user to learn: the most frequent one \(user u\d\) has \d training ratings; set it to 6 or"),
        (8, r"min_count=8 leaves no item to learn: the most frequent one \(item i\d+\) has 6 training ratings; set it to 6 or"),
    ],
)
@pytest.mark.parametrize("rating", ["rating", None])
def test_a_count_that_leaves_nobody_is_refused(
    rating: str | None, min_count: int, message: str, frame: Any, open_ratings: OpenRatings
) -> None:
    with pytest.raises(MisconfigurationException, match=message):
        open_ratings(frame, rating=rating, min_count=min_count)
    assert open_ratings(frame, rating=rating, min_count=6).describe()["categories"]["item"]


@pytest.mark.parametrize("rating", ["rating", None])
def test_a_folder_of_training_and_test_ratings_is_enough(
    tmp_path: Path, frame: Any, rating: str | None, open_ratings: OpenRatings
) -> None:
    frame.head(50).write_csv(tmp_path / "train.csv")
    frame.tail(20).write_csv(tmp_path / "test.csv")  # ten of which are in training's, too
    if rating is not None:
        frame.tail(10).write_csv(tmp_path / "test.csv")
    data = open_ratings(tmp_path, rating=rating)
    assert [data.provenance[split] for split in ("train", "valid", "test")] == [40, 10, 10]
    assert data.tests_on == "test"


@pytest.mark.parametrize("split", ["time", "last_out"])
def test_files_whose_parts_are_divided_anew_are_said(
    tmp_path: Path, frame: Any, split: str, open_ratings: OpenRatings, caplog: pytest.LogCaptureFixture
) -> None:
    frame.head(50).write_csv(tmp_path / "train.csv")
    frame.tail(10).write_csv(tmp_path / "valid.csv")
    open_ratings(tmp_path, time="time")
    assert "divided anew" not in caplog.text
    for _ in range(2):  # the second time from the cache
        forget_said()
        caplog.clear()
        open_ratings(tmp_path, time="time", split=split)
        assert f"train.csv, valid.csv are divided anew, by split={split}, all rows together; leave out" in caplog.text
