"""One look-up of ids, however they are written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from practicum.datamodules import Ratings
from practicum.datamodules.ratings.ids import RunIds, id_rows, normalize_ids
from practicum.datamodules.tabular.categories import CategoricalColumn

NUMBERS = CategoricalColumn("Float64", ["1.0", "2.0"])
TEXTS = CategoricalColumn("String", ["001", "1"])


@pytest.mark.parametrize("ids", [[1, 2], ["1", "2"], ["1.0", "2.0"], [1.0, 2.0], pl.Series([1, 2]), pl.Series(["1", "2"])])
def test_numbers_are_found_in_every_spelling(ids: Any) -> None:
    assert id_rows(ids, NUMBERS) == [0, 1]
    assert normalize_ids(ids, NUMBERS) == ["1.0", "2.0"]


def test_texts_are_themselves() -> None:
    assert id_rows(["1", "001", "01", None], TEXTS) == [1, 0, -1, -1]
    assert id_rows(["01", "3"], NUMBERS) == [-1, -1]


def test_a_run_finds_its_ids_in_a_new_file(tmp_path: Path, open_ratings: Callable[..., Ratings]) -> None:
    rows = "".join(f"{number % 7}.0;{number % 11}.0;{number % 5},5\n" for number in range(70))
    (tmp_path / "r.csv").write_text(f"user;item;rating\n{rows}", encoding="utf-8")
    open_ratings(tmp_path / "r.csv", artifacts_dir=tmp_path / "run")
    ids = RunIds(tmp_path / "run")
    (tmp_path / "new.csv").write_text("item;rating\n1;5,5\n2.0;4\n01;3\n", encoding="utf-8")
    new = ids.read(tmp_path / "new.csv")
    assert new.written["item"].to_list() == ["1", "2.0", "01"]
    assert ids.rows("item", new.plain["item"]) == [1, 2, -1]
    assert ids.names("item", new.plain["item"]) == ["1", "2", None]  # integers, as which pandas had them before a gap


@pytest.mark.parametrize("cells", [("4,5", "1"), ("4.5", "1"), ("4,5", "1.0")])
def test_ratings_are_plain_numbers_in_either_sign_and_written_as_they_were(
    cells: tuple[str, str], tmp_path: Path, open_ratings: Callable[..., Ratings], caplog: pytest.LogCaptureFixture
) -> None:
    rows = "".join(f"u{n % 7};i{n % 11};{n % 5},5\n" for n in range(77))
    (tmp_path / "t.csv").write_text(f"user;item;rating\n{rows}", encoding="utf-8")
    open_ratings(tmp_path / "t.csv", artifacts_dir=tmp_path / "run")
    (tmp_path / "new.csv").write_text("user;item;rating\n" + "".join(f"u1;i1;{cell}\n" for cell in cells), encoding="utf-8")
    found = RunIds(tmp_path / "run").read(tmp_path / "new.csv", rating="rating")
    assert found.plain["rating"].cast(pl.Float64).to_list() == [4.5, 1.0]
    assert [str(each) for each in found.written["rating"]] == [*cells]
    assert ("column 'rating' holds" in caplog.text) is any("." in cell for cell in cells)


def test_a_file_as_headerless_as_training_is_read_with_the_names_that_training_was_given(
    tmp_path: Path, open_ratings: Callable[..., Ratings]
) -> None:
    names = ["user", "item", "rating"]
    (tmp_path / "t.csv").write_text("".join(f"u{n % 7},i{n % 11},{n % 5}\n" for n in range(77)), encoding="utf-8")
    open_ratings(tmp_path / "t.csv", artifacts_dir=tmp_path / "run", header=names)
    ids = RunIds(tmp_path / "run")
    (tmp_path / "new.csv").write_text("x,i1,4\ny,i2,5\n", encoding="utf-8")
    assert ids.read(tmp_path / "new.csv", rating="rating", header=names).plain["user"].to_list() == ["x", "y"]
    (tmp_path / "users.csv").write_text("user\nu1\nu2\n", encoding="utf-8")
    assert ids.read(tmp_path / "users.csv", header=names).plain["user"].to_list() == ["u1", "u2"]
