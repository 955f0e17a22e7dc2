"""Words for yes and no come back as the table writes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from practicum.datamodules.files.csv_format import detect_format
from practicum.datamodules.tabular.boolean_words import boolean_words, with_words
from practicum.datamodules.tabular.readers import read_table


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        (["TRUE", "FALSE", ""], ["FALSE", "TRUE"]),
        (["True", " False", "True"], ["False", "True"]),
        (["true", "false"], ["false", "true"]),
        (["TRUE", "false"], None),  # two ways at once
        (["True", "no"], None),
        (["1", "0"], None),
    ],
)
def test_the_words_of_a_file(tmp_path: Path, cells: list[str], wanted: list[str] | None) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "".join(f"{row},{cell}\n" for row, cell in enumerate(cells)), encoding="utf-8")
    csv = detect_format(path)
    frame = read_table(path, None, csv)
    assert boolean_words(frame, "y", path, csv) == ({} if wanted is None else {"y": wanted})
    assert boolean_words(frame, "y", path, None) == boolean_words(frame, "none", path, csv) == {}


def test_truth_values_are_written_in_words() -> None:
    assert with_words(pl.LazyFrame({"y": [True, None, False]}), "y", ["No", "Yes"]).collect()["y"].to_list() == [
        "Yes",
        None,
        "No",
    ]


@pytest.mark.parametrize(("false", "true"), [("FALSE", "TRUE"), ("False", "True"), ("false", "true")])
@pytest.mark.parametrize("files", [1, 2])
def test_classes_are_the_words_of_the_table(
    tmp_path: Path, open_table: Callable[..., Any], false: str, true: str, files: int
) -> None:
    text = "x,y\n" + "".join(f"{row / 8},{(false, true, '')[row % 3]}\n" for row in range(90))
    folder = tmp_path / "t"
    folder.mkdir()
    for name in ("train", "valid")[:files]:
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    data = open_table(folder, target="y")
    assert data.describe()["classes"] == [false, true]
    assert {*data.source_rows("valid")["y"]} - {None} == {false, true}
    for index, word in enumerate((false, true)):
        for written in (word, word.lower(), word.upper()):
            (tmp_path / "new.csv").write_text(f"x,y\n1.5,{written}\n", encoding="utf-8")
            assert data.for_scoring(tmp_path / "new.csv").targets.tolist() == [index]
        assert data.for_scoring(pl.DataFrame({"x": [1.5], "y": [index == 1]})).targets.tolist() == [index]
    number = open_table(folder, target="y", kind="number")
    assert number.describe()["target"]["max"] == 1


def test_a_frames_truth_values_have_polars_words(open_table: Callable[..., Any]) -> None:
    frame = pl.DataFrame({"x": [row / 8 for row in range(60)], "y": [row % 2 == 0 for row in range(60)]})
    assert open_table(frame, target="y").describe()["classes"] == ["false", "true"]
