"""Tables: what batches hold, which rows are fitted on, and what a run is told."""

from __future__ import annotations

import csv
import datetime
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from practicum.datamodules import Table
from practicum.datamodules.tabular.training_length import choose_batch_size, choose_epochs
from practicum.lightning_shim import MisconfigurationException

OpenTable = Callable[..., Table]


def everything(data: Table, split: str = "train") -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    loader = data.train_dataloader() if split == "train" else data.val_dataloader()
    parts = [(codes, numbers, y) for (codes, numbers), y in loader]
    return tuple(torch.cat(each) for each in zip(*parts, strict=True))  # type: ignore[return-value]


def test_roles_are_inferred_and_the_reasons_written(tmp_path: Path, sales: pl.DataFrame, open_table: OpenTable) -> None:
    sales.write_csv(tmp_path / "table.csv")
    data = open_table(tmp_path / "table.csv", date="day")
    with open(tmp_path / "run" / "columns.csv", newline="", encoding="utf-8") as file:
        roles = {row["column"]: (row["role"], row["reason"]) for row in csv.DictReader(file)}
    assert roles["shop_id"][0] == "categorical"
    assert roles["kind"] == ("categorical", "strings, 3 distinct")
    assert roles["open"][0] == "categorical"
    assert roles["price"] == ("continuous", "decimal numbers")
    assert roles["same"] == ("ignored", "one value in all rows")
    assert roles["note"] == ("ignored", "another string in every row")
    facts = data.describe()
    assert facts["categories"]["kind"] == ["book", "film", "game"]
    assert facts["categories"]["shop_id"] == sorted(facts["categories"]["shop_id"])
    assert {"day_month", "day_day_of_week"} <= set(facts["categories"])
    assert {"price", "day_elapsed", "price_missing"} <= set(facts["continuous"])


@pytest.mark.parametrize("form", ["csv", "csv.gz", "tsv", "parquet", "polars", "blocks", "folder"])
def test_every_form_gives_the_same_arrays(form: str, tmp_path: Path, sales: pl.DataFrame, open_table: OpenTable) -> None:
    wanted = everything(open_table(sales, tmp_path / "wanted", split="random"), "valid")
    source: Any = tmp_path / f"table.{form}"
    options: dict[str, Any] = {"split": "random"}
    if form == "parquet":
        sales.write_parquet(source)
    elif form == "csv.gz":
        source.write_bytes(gzip.compress(sales.write_csv().encode()))
    elif form == "tsv":
        sales.write_csv(source, separator="\t")
    elif form == "polars":
        source = sales.lazy()
    elif form == "folder":
        rows = np.zeros(400, bool)
        rows[np.random.default_rng(1).permutation(400)[320:]] = True
        (tmp_path / "folder").mkdir()
        sales.filter(~pl.Series(rows)).write_csv(tmp_path / "folder" / "train.csv")
        sales.filter(pl.Series(rows)).write_csv(tmp_path / "folder" / "valid.csv")
        source = tmp_path / "folder"
    else:
        source = tmp_path / "table.csv"
        sales.write_csv(source)
        if form == "blocks":  # as a table that doesn't fit in memory is read
            options["max_gb"] = 1e-9
    found = everything(open_table(source, **options), "valid")
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=0)


def test_preprocessing_is_fitted_on_training_rows_only(tmp_path: Path, sales: pl.DataFrame, open_table: OpenTable) -> None:
    late = pl.col("day") > datetime.date(2020, 6, 20)
    changed = sales.with_columns(
        kind=pl.when(late).then(pl.lit("toy")).otherwise("kind"), price=pl.when(late).then(1e6).otherwise("price")
    )
    plain = open_table(sales, tmp_path / "a", date="day").describe()
    other = open_table(changed, tmp_path / "b", date="day")
    assert plain == other.describe()
    codes, _, _ = everything(other, "valid")
    assert int((codes[:, list(plain["categories"]).index("kind")] == 0).sum()) > 0


def test_numbers_are_standardised_and_gaps_filled_by_the_median(sales: pl.DataFrame, open_table: OpenTable) -> None:
    data = open_table(sales, columns="named", continuous=["price"], split="random")
    _, numbers, y = everything(data)
    row_of = {np.float32(sold): row for row, sold in enumerate(sales["sold"])}
    train = sales["price"].to_numpy()[[row_of[np.float32(sold)] for sold in y.tolist()]]  # in the order of the batches
    filled = np.where(np.isnan(train), np.nanmedian(train), train)
    assert numbers[:, 0].tolist() == pytest.approx(((filled - filled.mean()) / filled.std(ddof=1)).tolist(), abs=1e-5)
    assert numbers[:, 1].tolist() == np.isnan(train).tolist()


def test_rows_without_a_target_are_left_out_and_listed(sales: pl.DataFrame, open_table: OpenTable) -> None:
    data = open_table(
        sales.with_columns(sold=pl.when(pl.int_range(400) == 7).then(float("inf")).otherwise("sold")), split="random"
    )
    assert data.rejected == [("row 8", "its target is missing (inf)")]
    assert sum(data.provenance[split] for split in ("train", "valid")) == 399


def test_rows_of_a_split_are_in_the_order_of_its_loader(sales: pl.DataFrame, open_table: OpenTable) -> None:
    data = open_table(sales, split="random", test_fraction=0.1)
    assert data.tests_on == "test"
    for split, loader in (("valid", data.val_dataloader()), ("test", data.test_dataloader())):
        y = torch.cat([target for _, target in loader])
        assert data.row_columns(split)["sold"] == pytest.approx(y.tolist())
        assert len(data.source_rows(split)) == data.provenance[split]


def test_a_test_file_without_the_target_is_only_to_be_predicted(
    tmp_path: Path, sales: pl.DataFrame, open_table: OpenTable
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    sales.head(300).write_csv(folder / "train.csv")
    sales.tail(100).write_csv(folder / "val.csv")
    sales.drop("sold").write_csv(folder / "test.csv")
    data = open_table(folder)
    assert data.tests_on == "valid"
    assert (data.provenance["train"], data.provenance["valid"]) == (300, 100)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "text"}, "Table: kind=text must be one of auto, number, class"),
        ({"split": "later"}, "Table: split=later must be one of auto, random, group, time"),
        ({"columns": "all"}, "Table: columns=all must be one of auto, named"),
        ({"valid_days": 0}, "Table: valid_days=0 must be at least 1"),
        ({"batch_size": 0}, "Table: batch_size=0 must be at least 1"),
        ({"max_gb": 0}, "Table: max_gb=0 must be positive"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], message: str, sales: pl.DataFrame) -> None:
    with pytest.raises(MisconfigurationException, match=message):
        Table(sales, "sold", **options)


def test_holidays_become_a_column(sales: pl.DataFrame, open_table: OpenTable) -> None:
    assert "New Year's Day" in open_table(sales, date="day", holidays="DE").describe()["categories"]["day_holiday"]
    with pytest.raises(MisconfigurationException, match="holidays=XX: "):
        open_table(sales, date="day", holidays="XX")


def test_a_sample_of_the_training_rows(sales: pl.DataFrame, open_table: OpenTable) -> None:
    assert open_table(sales, split="random", train_rows=50).provenance["train"] == 50


# Files as people write them -------------------------------------------------------------------------------------------


def lines(header: str, row: Callable[[int], str], count: int = 60) -> str:
    return "\n".join([header, *map(row, range(count))])


def test_blanks_in_numbers_are_counted_and_said(tmp_path: Path, open_table: OpenTable, caplog: pytest.LogCaptureFixture) -> None:
    gaps = [" ", "NA", "N/A", "?", "-", "null", "nan", "NULL", ""]
    (tmp_path / "t.csv").write_text(
        lines("a,b,sold", lambda i: f"{i / 7},{gaps[i] if i < 9 else i / 3},{i / 2}"), encoding="utf-8"
    )
    caplog.set_level("INFO")
    data = open_table(tmp_path / "t.csv")
    assert data.describe()["continuous"] == ["a", "b", "b_missing"]
    assert "t.csv: missing values (blank, NA, ?, ...), of 60 rows: b 9." in caplog.text
    caplog.clear()
    open_table(tmp_path / "t.csv")  # from the cache: it is said again
    assert "b 9." in caplog.text


def test_an_unusual_format_is_recorded(tmp_path: Path, open_table: OpenTable) -> None:
    (tmp_path / "t.csv").write_text(lines("a;sold", lambda i: f"{i},5;{i},25"), encoding="utf-8")
    data = open_table(tmp_path / "t.csv")
    assert data.provenance["csv"] == "delimiter ';', decimal ','"
    assert data.describe()["target"]["max"] == 59.25 or data.describe()["target"]["max"] > 50
    (tmp_path / "u.csv").write_text(lines("a,sold", lambda i: f"{i}.5,{i}.25"), encoding="utf-8")
    assert "csv" not in open_table(tmp_path / "u.csv").provenance
    with pytest.raises(MisconfigurationException, match=r"csv_format: has no key 'sep'"):
        Table(tmp_path / "u.csv", "sold", csv_format={"sep": ";"})


def test_names_of_columns_that_are_added(tmp_path: Path, sales: pl.DataFrame, open_table: OpenTable) -> None:
    taken = sales.with_columns(day_month=pl.col("shop_id") % 3)
    with pytest.raises(MisconfigurationException, match="column 'day_month' is called like a part of the date 'day'; rename it"):
        open_table(taken, date="day")
    assert "day_month" in open_table(taken, date="day", date_parts=False).describe()["categories"]
    assert "day_month" in open_table(taken, date="day", ignore=["day_month"]).describe()["categories"]
    own = sales.with_columns(price_missing=pl.col("shop_id") % 2)
    assert open_table(own).describe()["continuous"][-1] == "price_missing_"


def test_what_was_guessed_is_said(tmp_path: Path, open_table: OpenTable, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    (tmp_path / "t.csv").write_text(
        lines("when,gap,sold", lambda i: f"{1 + i % 12:02}/{1 + i % 11:02}/2021,{-999 if i % 9 == 0 else i / 7},{i % 3}.0"),
        encoding="utf-8",
    )
    data = open_table(tmp_path / "t.csv", date="when")
    for sentence in (
        "it is read as %m/%d/%Y, so that",
        "set date_format=%d/%m/%Y",
        "column 'gap' holds -999 in 7 rows",
        "the target 'sold' holds only 0, 1, 2, and is predicted as a number; kind=class changes that",
    ):
        assert sentence in caplog.text
        data.setup("test")
        assert caplog.text.count(sentence) == 1
    assert data.steps().date_format == "%m/%d/%Y"
    assert open_table(tmp_path / "t.csv", date="when", date_format="%d/%m/%Y").steps().date_format == "%d/%m/%Y"
    with pytest.raises(MisconfigurationException, match="Table: date_format=dd/mm"):
        Table(tmp_path / "t.csv", "sold", date_format="dd/mm")


def test_a_target_that_is_almost_a_number_is_no_class(tmp_path: Path, open_table: OpenTable) -> None:
    (tmp_path / "t.csv").write_text(lines("a,sold", lambda i: f"{i / 7},{'abc' if i == 7 else i / 3}"), encoding="utf-8")
    with pytest.raises(MisconfigurationException, match="column 'sold' should be a number, but row 8 holds 'abc'"):
        open_table(tmp_path / "t.csv")
    (tmp_path / "u.csv").write_text(lines("a,sold", lambda i: f'{i * i},"{i},63"'), encoding="utf-8")
    assert open_table(tmp_path / "u.csv").describe()["target"]["min"] % 1 == pytest.approx(0.63)


def test_batch_size_and_epochs_may_follow_from_the_rows(sales: pl.DataFrame, open_table: OpenTable) -> None:
    data = open_table(sales, batch_size=None)
    rows = len(data.arrays().rows["train"])
    assert len(next(iter(data.train_dataloader()))[1]) == data.rows_per_batch() == choose_batch_size(rows)
    assert data.suggested_epochs() == choose_epochs(rows, data.rows_per_batch())
    assert open_table(sales, batch_size=7).rows_per_batch() == 7


def test_a_last_training_may_have_validations_rows_too(sales: pl.DataFrame, open_table: OpenTable) -> None:
    data = open_table(sales)
    counts = [len(data.arrays().rows[split]) for split in ("train", "valid")]
    data.train_on_validation = True
    assert len(everything(data)[2]) == sum(counts)
    data.train_on_validation = False
    assert len(everything(data)[2]) == counts[0]


def test_a_folder_of_training_and_test_files_is_enough(
    tmp_path: Path, sales: pl.DataFrame, open_table: OpenTable, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    half, (target, *_) = len(sales) // 2, open_table(sales).config.columns
    for test, tested in ((sales.tail(half), half), (sales.tail(half).drop(target), 0)):
        sales.head(half).write_csv(tmp_path / "train.csv")
        test.write_csv(tmp_path / "test.csv")
        data = open_table(tmp_path)
        held = round(half * data.config.valid_fraction)
        assert [data.provenance.get(split, 0) for split in ("train", "valid", "test")] == [half - held, held, tested]
        assert f"has no file for validation (valid.csv); {held} of the {half} training rows are held out for it." in caplog.text
        caplog.clear()
