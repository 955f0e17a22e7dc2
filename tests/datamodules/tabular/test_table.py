"""Tables: what is guessed, what is learnt from which rows, how they are split, and how mistakes are named."""

from __future__ import annotations

import csv
import datetime
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from practicum.datamodules import Table
from practicum.datamodules.tabular.preprocessor import TableSteps
from practicum.datamodules.tabular.splits import by_group, by_time
from pytorch_lightning.utilities.exceptions import MisconfigurationException

FIRST = datetime.date(2020, 1, 1)


def frame(rows: int = 400) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    price = rng.normal(size=rows)
    return pl.DataFrame(
        {
            "shop_id": rng.integers(100, 140, rows),
            "kind": rng.choice(["book", "film", "game"], rows),
            "open": rng.random(rows) < 0.5,
            "price": pl.Series(price).set(pl.Series(price > 1.5), None),
            "same": np.ones(rows, int),
            "note": [f"note {i}" for i in range(rows)],
            "day": [FIRST + datetime.timedelta(days=i // 2) for i in range(rows)],
            "sold": rng.random(rows) + 1,
        }
    )


def table(tmp_path: Path, source: Any, **options: Any) -> Table:
    given = {
        "target": "sold",
        "cache": tmp_path / "cache",
        "keep": tmp_path / "run",
        "report": tmp_path / "run",
        "batch_size": 64,
    }
    data = Table(source, **{**given, **options})
    data.prepare_data()
    data.setup("fit")
    return data


def written(tmp_path: Path, data: pl.DataFrame, name: str = "table.csv") -> Path:
    data.write_csv(tmp_path / name)
    return tmp_path / name


def everything(data: Table, split: str = "train") -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    loader = data.train_dataloader() if split == "train" else data.val_dataloader()
    parts = [(codes, numbers, y) for (codes, numbers), y in loader]
    return tuple(torch.cat(each) for each in zip(*parts, strict=True))  # type: ignore[return-value]


def test_columns_are_guessed_and_the_reasons_written(tmp_path: Path) -> None:
    data = table(tmp_path, written(tmp_path, frame()), date="day")
    with open(tmp_path / "run" / "columns.csv", newline="") as file:
        guesses = {row["column"]: (row["role"], row["why"]) for row in csv.DictReader(file)}
    assert guesses["shop_id"][0] == "categorical"
    assert guesses["kind"] == ("categorical", "texts of 3 values")
    assert guesses["open"][0] == "categorical"
    assert guesses["price"] == ("continuous", "decimal numbers")
    assert guesses["same"] == ("left out", "one value in all rows")
    assert guesses["note"] == ("left out", "another text in every row")
    facts = data.describe()
    assert facts["categories"]["kind"] == ["book", "film", "game"]
    assert facts["categories"]["shop_id"] == sorted(facts["categories"]["shop_id"])
    assert {"day_month", "day_day_of_week"} <= set(facts["categories"])
    assert {"price", "day_elapsed", "price_missing"} <= set(facts["continuous"])


@pytest.mark.parametrize("form", ["csv", "csv.gz", "tsv", "parquet", "polars", "pieces", "folder"])
def test_every_form_gives_the_same_tensors(form: str, tmp_path: Path) -> None:
    wanted = everything(table(tmp_path / "wanted", frame(), split="random"), "valid")
    source: Any = tmp_path / f"table.{form}"
    options: dict[str, Any] = {"split": "random"}
    if form == "parquet":
        frame().write_parquet(source)
    elif form == "csv.gz":
        source.write_bytes(gzip.compress(frame().write_csv().encode()))
    elif form == "tsv":
        frame().write_csv(source, separator="\t")
    elif form == "polars":
        source = frame().lazy()
    elif form == "pieces":  # as a table that does not fit in memory is read
        source, options = written(tmp_path, frame()), {**options, "max_gb": 1e-9}
    elif form == "folder":
        rows = np.zeros(400, bool)
        rows[np.random.default_rng(1).permutation(400)[320:]] = True
        (tmp_path / "folder").mkdir()
        frame().filter(~pl.Series(rows)).write_csv(tmp_path / "folder" / "train.csv")
        frame().filter(pl.Series(rows)).write_csv(tmp_path / "folder" / "valid.csv")
        source = tmp_path / "folder"
    else:
        source = written(tmp_path, frame())
    found = everything(table(tmp_path, source, ignore=[] if form in ("polars", "parquet") else ["day"], **options), "valid")
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=0)


def test_steps_are_learnt_from_training_rows_alone(tmp_path: Path) -> None:
    data = frame()
    late = data.with_columns(
        kind=pl.when(pl.col("day") > datetime.date(2020, 6, 20)).then(pl.lit("toy")).otherwise("kind"),
        price=pl.when(pl.col("day") > datetime.date(2020, 6, 20)).then(1e6).otherwise("price"),
    )
    plain = table(tmp_path / "a", data, date="day").describe()
    changed = table(tmp_path / "b", late, date="day")
    assert plain == changed.describe()
    codes, _, _ = everything(changed, "valid")
    assert int((codes[:, list(plain["categories"]).index("kind")] == 0).sum()) > 0


def test_numbers_are_standardised_and_gaps_filled_by_the_median(tmp_path: Path) -> None:
    data = table(tmp_path, frame(), columns="named", continuous=["price"], split="random")
    _, numbers, _ = everything(data)
    price = frame()["price"].to_numpy()
    store = data._tensors()
    train = price[store.rows["train"]]
    filled = np.where(np.isnan(train), np.nanmedian(train), train)
    assert sorted(numbers[:, 0].tolist()) == pytest.approx(sorted((filled - filled.mean()) / filled.std(ddof=1)), abs=1e-5)
    assert int(numbers[:, 1].sum()) == int(np.isnan(train).sum())


def test_the_last_days_validate_and_no_day_is_divided() -> None:
    dates = pl.Series([FIRST + datetime.timedelta(days=i // 3) for i in range(300)]).shuffle(seed=1)
    labels = by_time(dates, 0.1, 0.0, None)
    assert dates.filter(pl.Series(labels == 0)).max() < dates.filter(pl.Series(labels == 1)).min()  # type: ignore[operator]
    assert (labels == 1).sum() == 30
    assert (by_time(dates, 0.1, 0.0, 7) == 1).sum() == 21
    three = by_time(dates, 0.2, 0.1, None)
    assert [(three == label).sum() for label in range(3)] == [210, 60, 30]


def test_groups_stay_together() -> None:
    shops = pl.Series([i % 20 for i in range(400)])
    labels = by_group(shops, 0.25, 0.0, seed=1)
    for shop in range(20):
        assert len(set(labels[shops.to_numpy() == shop].tolist())) == 1
    assert (labels == 1).sum() == 100


def test_new_rows_take_the_same_steps_and_unknown_levels_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    data = table(tmp_path, frame(), columns="named", categorical=["kind", "open"], continuous=["price"], split="random")
    new = pl.DataFrame({"open": ["true", "false"], "kind": ["film", "radio"], "price": [None, "0.5"], "more": [1, 2]})
    data.predict_from(written(tmp_path, new, "new.csv"))
    (codes, numbers), _ = next(iter(data.predict_dataloader()))
    assert codes.tolist() == [[2, 2], [0, 1]]
    assert numbers[0, 1] == 1
    assert "1 of 2 rows have a kind that training didn't ('radio')" in caplog.text
    assert data.predict_rows()[1] == {"open": False, "kind": "radio", "price": 0.5, "more": 2}
    with pytest.raises(MisconfigurationException, match="has no column 'kind'"):
        data.predict_from(written(tmp_path, new.drop("kind"), "less.csv"))
    (tmp_path / "run" / "steps.json").write_text("{")
    with pytest.raises(MisconfigurationException, match="damaged"):
        TableSteps.from_json(tmp_path / "run" / "steps.json")


def test_rows_without_a_target_are_left_out_and_listed(tmp_path: Path) -> None:
    data = frame().with_columns(sold=pl.when(pl.int_range(400) == 7).then(float("inf")).otherwise("sold"))
    found = table(tmp_path, data, split="random")
    assert found.rejected == [("row 8", "its target is missing (inf)")]
    assert sum(found.provenance[split] for split in ("train", "valid")) == 399


def test_a_sample_of_the_training_rows(tmp_path: Path) -> None:
    assert table(tmp_path, frame(), split="random", train_rows=50).provenance["train"] == 50


def test_holidays_by_name(tmp_path: Path) -> None:
    levels = table(tmp_path, frame(), date="day", holidays="DE").describe()["categories"]["day_holiday"]
    assert "New Year's Day" in levels
    with pytest.raises(MisconfigurationException, match="data.holidays=XX"):
        table(tmp_path, frame(), date="day", holidays="XX")


def bad(tmp_path: Path, edit: pl.Expr, **options: Any) -> Table:
    return table(tmp_path, written(tmp_path, frame().with_columns(edit)), **options)


def test_mistakes_are_named_with_their_row(tmp_path: Path) -> None:
    at = pl.int_range(400) == 41
    price = pl.col("price").cast(pl.String)
    cases: list[tuple[Any, dict[str, Any], str]] = [
        (
            pl.when(at).then(pl.lit("abc")).otherwise(price).alias("price"),
            {},
            "'price' should be a number, but row 42 holds 'abc'",
        ),
        (
            pl.when(at).then(pl.lit("3.4.2020")).otherwise(pl.col("day").cast(pl.String)).alias("day"),
            {"date": "day"},
            r"'day' should be a date: it reads as %Y-%m-%d but row 42 does not \('3.4.2020'\)",
        ),
        (pl.lit(1).alias("x"), {"target": "sald"}, "has no column 'sald'; did you mean 'sold'"),
        (pl.lit(1).alias("x"), {"categorical": ["sold"]}, "'sold' is in data.target too"),
        (pl.lit(None).alias("sold"), {}, "no row with a target is left for the train split"),
        (pl.lit(1).alias("x"), {"split": "group"}, "wants data.group"),
        (pl.lit("dev").alias("part"), {"split_column": "part"}, "says 'dev' in row 1; train, valid and test are known"),
        (pl.lit("a").alias("sold"), {}, "two classes are needed"),
    ]
    for number, (edit, options, message) in enumerate(cases):
        (tmp_path / str(number)).mkdir()
        with pytest.raises(MisconfigurationException, match=message):
            bad(tmp_path / str(number), edit, **options)


def test_files_that_are_no_table_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    (tmp_path / "text.docx").touch()
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no more")
    for name, message in (
        ("empty.csv", "is empty"),
        ("text.docx", "is no table that can be read"),
        ("broken.parquet", "can't be read as a table"),
        ("missing.csv", "no such file"),
    ):
        with pytest.raises(MisconfigurationException, match=message):
            table(tmp_path, tmp_path / name)
    assert not list((tmp_path / "cache").glob("table-*"))


def test_repeated_rows_are_told_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    table(tmp_path, pl.concat([frame(), frame().head(5)]), split="random")
    assert "5 of 405 rows repeat another in every column" in caplog.text
