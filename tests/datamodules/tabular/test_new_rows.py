"""New rows are encoded by the run's preprocessing; values that training didn't have are counted."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import torch
from practicum.datamodules import ImageFolder, Table, TextCSV
from practicum.datamodules.files.say_once import forget_said
from practicum.datamodules.tabular.new_rows import columns_beside, names_beside
from practicum.lightning_shim import MisconfigurationException

NEW = pl.DataFrame({"open": ["true", "false"], "kind": ["film", "radio"], "price": [None, "0.5"], "more": [1, 2]})
OPTIONS = {"columns": "named", "categorical": ["kind", "open"], "continuous": ["price"], "split": "random"}


def test_new_rows_are_encoded_as_in_training(
    tmp_path: Path, sales: pl.DataFrame, open_table: Callable[..., Table], caplog: pytest.LogCaptureFixture
) -> None:
    data = open_table(sales, **OPTIONS)
    NEW.write_csv(tmp_path / "new.csv")
    new = data.for_prediction(tmp_path / "new.csv")
    (codes, numbers), y = next(iter(new.predict_dataloader()))
    assert codes.tolist() == [[2, 2], [0, 1]]
    assert numbers[0, 1] == 1
    assert y.isnan().all()
    assert f"{tmp_path / 'new.csv'}: 1 of 2 rows have a value of kind that did not occur in training ('radio')" in caplog.text
    assert new.row_columns() == {"open": ["true", "false"], "kind": ["film", "radio"], "price": [None, 0.5], "more": [1, 2]}
    assert new.source_rows().columns == NEW.columns
    assert new.rejected == []


def test_the_training_data_are_not_needed(tmp_path: Path, sales: pl.DataFrame, open_table: Callable[..., Table]) -> None:
    wanted = next(iter(open_table(sales, **OPTIONS).for_prediction(NEW).predict_dataloader()))[0]
    away = Table(tmp_path / "gone.csv", "sold", artifacts_dir=tmp_path / "run")
    for a, b in zip(next(iter(away.for_prediction(NEW).predict_dataloader()))[0], wanted, strict=True):
        assert torch.equal(a, b)


def test_without_a_folder_of_artifacts_the_open_table_encodes(sales: pl.DataFrame, open_table: Callable[..., Table]) -> None:
    data = open_table(sales, artifacts_dir=None, **OPTIONS)
    (codes, _), _ = next(iter(data.for_prediction(NEW).predict_dataloader()))
    assert codes.tolist() == [[2, 2], [0, 1]]


def test_unusable_rows_are_refused(tmp_path: Path, sales: pl.DataFrame, open_table: Callable[..., Table]) -> None:
    data = open_table(sales, **OPTIONS)
    with pytest.raises(MisconfigurationException, match="the new rows: has no column 'kind'"):
        data.for_prediction(NEW.drop("kind"))
    with pytest.raises(MisconfigurationException, match="the new rows: has no rows"):
        data.for_prediction(NEW.head(0))
    with pytest.raises(MisconfigurationException, match=r"missing\.csv: no such file"):
        data.for_prediction(tmp_path / "missing.csv")
    with pytest.raises(MisconfigurationException, match="A int is not a table"):
        data.for_prediction(1)


TRAINED = "zip,member,when,x,sold\n" + "".join(
    f"{('01234', '02116', 'K1A')[i % 3]},{i % 2 == 0},{1 + i % 28:02}/{1 + i % 12:02}/2021,{i / 8},{i}\n" for i in range(336)
)


def test_a_column_that_one_of_several_lacks_is_named(
    tmp_path: Path, sales: pl.DataFrame, open_table: Callable[..., Table]
) -> None:
    data = open_table(sales, **OPTIONS)
    NEW.write_csv(tmp_path / "a.csv")
    NEW.drop("more").write_csv(tmp_path / "b.csv")  # which nothing reads
    assert data.for_prediction([tmp_path / "a.csv", tmp_path / "b.csv"]).row_columns()["more"] == [1, 2, None, None]
    NEW.rename({"price": "prize"}).write_csv(tmp_path / "b.csv")
    with pytest.raises(MisconfigurationException, match=r"b\.csv: has no column 'price'; did you mean 'prize'"):
        data.for_prediction([tmp_path / "a.csv", tmp_path / "b.csv"])
    with pytest.raises(MisconfigurationException, match="the new rows, frame 2: has no column 'price'"):
        data.for_prediction([NEW, NEW.drop("price")])
    with pytest.raises(MisconfigurationException, match="the new rows: there are none; give a file or a frame"):
        data.for_prediction([])


@pytest.fixture
def trained(tmp_path: Path, open_table: Callable[..., Table]) -> Table:
    """A table of zip codes and of dates whose days come first."""
    (tmp_path / "t.csv").write_text(TRAINED, encoding="utf-8")
    return open_table(tmp_path / "t.csv", date="when", split="random")


def encoded(data: Table, path: Path, text: str) -> tuple[list[list[int]], list[list[float]], dict[str, list[object]]]:
    path.write_text(text, encoding="utf-8")
    new = data.for_prediction(path)
    (codes, numbers), _ = next(iter(new.predict_dataloader()))
    return codes.tolist(), numbers.tolist(), new.row_columns()


def test_a_row_is_read_alike_whatever_stands_beside_it(tmp_path: Path, trained: Table) -> None:
    row = "01234,True,05/11/2021,0.50\n"
    head = "zip,member,when,x\n"
    alone = encoded(trained, tmp_path / "a.csv", head + row)
    beside = encoded(trained, tmp_path / "b.csv", head + row + "K1A,False,25/11/2021,0.2\n")
    assert alone[0][0] == beside[0][0]
    assert alone[1][0] == beside[1][0]
    month = list(trained.describe()["categories"]).index("when_month")
    assert trained.describe()["categories"]["when_month"][alone[0][0][month] - 1] == "11"
    assert alone[2] == {"zip": ["01234"], "member": [True], "when": ["05/11/2021"], "x": ["0.50"]}
    assert alone[0][0][0] == 1  # the zip code 01234 is known


def test_rows_in_another_order_or_format_of_columns(tmp_path: Path, trained: Table) -> None:
    wanted = encoded(trained, tmp_path / "a.csv", "zip,member,when,x\n02116,False,05/11/2021,0.5\n")[:2]
    assert encoded(trained, tmp_path / "b.csv", "x;when;more;member;zip\n0.5;05/11/2021;1;false;02116\n")[:2] == wanted
    assert encoded(trained, tmp_path / "c.tsv", "zip\tmember\twhen\tx\n02116\tFalse\t05/11/2021\t0.5\n")[:2] == wanted


def test_dates_of_another_format_are_refused(tmp_path: Path, trained: Table) -> None:
    with pytest.raises(MisconfigurationException, match=r"it reads as %d/%m/%Y but row 1 does not \('11/25/2021'\)"):
        encoded(trained, tmp_path / "a.csv", "zip,member,when,x\n02116,False,11/25/2021,0.5\n")


def test_numbers_as_training_wrote_them(tmp_path: Path, open_table: Callable[..., Table]) -> None:
    (tmp_path / "t.csv").write_text("a;sold\n" + "".join(f"{i},5;{i}\n" for i in range(60)), encoding="utf-8")
    data = open_table(tmp_path / "t.csv")
    wanted = encoded(data, tmp_path / "a.csv", "a\n7,5\n")
    assert wanted[2] == {"a": ["7,5"]}
    assert encoded(data, tmp_path / "b.csv", "a,b\n7.5,1\n")[1] == wanted[1]
    with pytest.raises(MisconfigurationException, match="'a' should be a number, but row 1 holds 'x'"):
        encoded(data, tmp_path / "c.csv", "a;b\nx;1\n")


def test_what_training_did_not_hold_is_said(
    tmp_path: Path, open_table: Callable[..., Table], caplog: pytest.LogCaptureFixture
) -> None:
    rows = "".join(f"{i},5;DE;1,5;{i}\n" for i in range(60))
    (tmp_path / "t.csv").write_text(f"a;land;rate;sold\n{rows}", encoding="utf-8")
    data = open_table(tmp_path / "t.csv")
    caplog.clear()
    encoded(data, tmp_path / "as_before.csv", "a;land;rate\n7,5;DE;1,50\n8,5;;1,5\n")
    assert not caplog.records
    encoded(data, tmp_path / "other.csv", "a;land;rate\n7500;FR;1,5\n;DE;2\n")
    for said in (
        "1 of 2 rows have a a outside of training's",
        "1 of 2 rows have no a, which no training row lacked",
        "1 of 2 rows have another land than 'DE'",
        "1 of 2 rows have another rate than '1.5'",
    ):
        assert said in caplog.text


def test_nothing_known_is_refused(tmp_path: Path, open_table: Callable[..., Table], caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "t.csv").write_text("kind,sold\n" + "".join(f"{'ab'[i % 2]},{i / 3}\n" for i in range(60)), encoding="utf-8")
    data = open_table(tmp_path / "t.csv")
    with pytest.raises(MisconfigurationException, match=r"training had none of these values \(kind 'c'\)"):
        encoded(data, tmp_path / "a.csv", "kind\nc\nd\n")
    assert encoded(data, tmp_path / "b.csv", "kind\nc\na\n")[0] == [[0], [1]]
    assert "1 of 2 rows have a value of kind that did not occur in training ('c')" in caplog.text


def test_infinite_numbers_are_said(
    sales: pl.DataFrame, open_table: Callable[..., Table], caplog: pytest.LogCaptureFixture
) -> None:
    data = open_table(sales, **OPTIONS)
    data.for_prediction(pl.DataFrame({"open": [True], "kind": ["film"], "price": [float("inf")]}))
    assert "1 values of column 'price' are infinite or too large" in caplog.text


def test_columns_called_like_those_of_predictions_are_kept_apart(caplog: pytest.LogCaptureFixture) -> None:
    forget_said()
    rows = pl.DataFrame({"true": [1], "table_true": [2], "predicted": [3], "probability_a": [4], "x": [5]})
    columns = columns_beside(rows)
    assert {name: values[0] for name, values in columns.items()} == {
        "table_table_true": 1, "table_true": 2, "table_predicted": 3, "table_probability_a": 4, "x": 5,
    }  # fmt: skip
    assert names_beside(rows.columns, [*columns, "true", "predicted"]) == {
        "table_table_true": "true", "table_predicted": "predicted", "table_probability_a": "probability_a",
    }  # fmt: skip
    assert "Column 'predicted' of the table is written as 'table_predicted'" in caplog.text
    columns_beside(rows)
    assert caplog.text.count("Column 'predicted'") == 1  # a run asks for its columns several times


def test_marks_of_missing_values_are_written_as_they_were_read(tmp_path: Path, trained: Table) -> None:
    head = "zip,member,when,x\n"
    blank = encoded(trained, tmp_path / "a.csv", head + ",,,\n01234,True,05/11/2021,0.5\n")
    marked = encoded(trained, tmp_path / "b.csv", head + "?,N/A,NULL,#N/A\n01234,True,05/11/2021,0.5\n")
    assert marked[0] == blank[0]
    assert torch.equal(torch.tensor(marked[1]), torch.tensor(blank[1]))
    assert marked[2] == {
        "zip": ["?", "01234"], "member": ["N/A", "True"], "when": ["NULL", "05/11/2021"], "x": ["#N/A", "0.5"],
    }  # fmt: skip
    assert blank[2]["x"] == [None, 0.5]


@pytest.mark.parametrize(("trained_sign", "sign"), [(",", "."), (".", ",")])
def test_the_other_decimal_sign_than_trainings_is_said(
    trained_sign: str, sign: str, tmp_path: Path, open_table: Callable[..., Table], caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "t.csv").write_text("a;sold\n" + "".join(f"{i}{trained_sign}5;{i}\n" for i in range(60)), encoding="utf-8")
    data = open_table(tmp_path / "t.csv")
    wanted = encoded(data, tmp_path / "a.csv", f"a;b\n8{trained_sign}5;1\n7{trained_sign}5;1\n")[1]
    assert "in place of" not in caplog.text
    assert encoded(data, tmp_path / "b.csv", f"a;b\n8{trained_sign}5;1\n7{sign}5;1\n")[1] == wanted
    assert f"b.csv, line 3: column 'a' holds '7{sign}5' in place of '7{trained_sign}5', while the decimal sign" in caplog.text


MIX = "temp;hum;press;sold\n" + "".join(
    f"{i * 0.0437 - 0.9:.3f}".replace(".", ",") + f";{i / 97:.2f};{950 + i / 7:.1f};{i}\n" for i in range(80)
)


def test_a_column_keeps_its_own_decimal_sign(
    tmp_path: Path, open_table: Callable[..., Table], caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "t.csv").write_text(MIX, encoding="utf-8")
    data = open_table(tmp_path / "t.csv")
    steps = data.steps()
    assert steps.csv is not None
    assert steps.csv["decimals"] == {"temp": ","}
    caplog.clear()
    (_, numbers), _ = next(iter(data.for_prediction(tmp_path / "t.csv").predict_dataloader()))
    assert torch.equal(numbers, torch.from_numpy(data.arrays().numbers))
    wanted = encoded(data, tmp_path / "a.csv", "temp;hum;press\n1,358;0.23;992.6\n")[1]
    assert "thousands" not in caplog.text
    assert "in place of" not in caplog.text
    for name, text in {
        "b.csv": "temp;hum;press\n1.358;0.23;992.6\n",
        "c.csv": "temp,hum,press\n1.358,0.23,992.6\n",
        "d.csv": 'press,temp,hum\n992.6,"1,358",0.23\n',
        "e.tsv": "temp\thum\tpress\n1,358\t0,23\t992,6\n",
    }.items():
        assert encoded(data, tmp_path / name, text)[1] == wanted, name


def test_a_run_of_before_columns_had_signs_still_predicts(tmp_path: Path, open_table: Callable[..., Table]) -> None:
    (tmp_path / "t.csv").write_text(MIX, encoding="utf-8")
    data = open_table(tmp_path / "t.csv")
    wanted = encoded(data, tmp_path / "a.csv", "temp;hum;press\n0,358;0.23;992.6\n")[1]
    path = tmp_path / "run" / "steps.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"decimals"', '"once"'), encoding="utf-8")
    old = Table(tmp_path / "gone.csv", "sold", artifacts_dir=tmp_path / "run")
    assert encoded(old, tmp_path / "a.csv", "temp;hum;press\n0,358;0.23;992.6\n")[1] == wanted


@pytest.mark.parametrize("seed", range(12))
def test_trainings_rows_are_the_same_numbers_again(seed: int, tmp_path: Path, open_table: Callable[..., Table]) -> None:
    """Whatever the decimal and thousands sign of each column, and however few of the rows are read."""
    draw = random.Random(seed)
    delimiter, count = draw.choice(";\t|"), 40
    table = [[name, *_cells(draw, count)] for name in ("a", "b", "c", "d")]
    table.append(["sold", *(f"{draw.randint(0, 10**6)}" for _ in range(count))])
    head, *rows = [delimiter.join(row) for row in zip(*table, strict=True)]
    (tmp_path / "t.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    data = open_table(tmp_path / "t.csv", test_fraction=0.1)
    for start, end in ((0, count), (3, 4), (17, 18), (20, 23)):
        wanted = data.arrays().numbers[start:end].tolist(), data.arrays().codes[start:end].tolist()
        codes, numbers, _ = encoded(data, tmp_path / "new.csv", "\n".join([head, *rows[start:end]]) + "\n")
        assert (numbers, codes) == wanted, (seed, start)


def _cells(draw: random.Random, count: int) -> list[str]:
    """Numbers of a column in a notation of its own."""
    sign, digits = draw.choice(".,"), draw.choice((1, 2, 3, 3))
    if draw.random() < 0.25:
        swapped = str.maketrans(",.", ".,")
        large = [f"{draw.uniform(1, 10**5):,.2f}" for _ in range(count)]
        return [each.translate(swapped) for each in large] if sign == "," else large
    signs = ".," if draw.random() < 0.2 else sign  # in some columns, either
    return [f"{draw.uniform(-3, 3):.{digits}f}".replace(".", draw.choice(signs)) for _ in range(count)]


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("mark", ["-999", "-999.0", "-999,0"])
def test_what_training_was_told_is_missing_is_missing_in_new_rows(tmp_path: Path, decimal: str, mark: str) -> None:
    """However it is written, in a file or in a frame, with a unit or without."""
    delimiter = "," if decimal == "." else ";"

    def write(name: str, rows: list[tuple[float, float, str]]) -> Path:
        lines = [f"{a:.1f}{delimiter}{b:.2f} kg{delimiter}{c}".replace(".", decimal) for a, b, c in rows]
        (tmp_path / name).write_text("\n".join([delimiter.join(("a", "b", "c")), *lines]) + "\n", encoding="utf-8")
        return tmp_path / name

    rows = [(row / 3 if row % 5 else -999.0, row / 7 if row % 4 else -999.0, ("None", "x")[row % 2]) for row in range(60)]
    told = {"na_values": [mark], "keep_default_na": False}
    data = Table(write("t.csv", rows), target="c", csv_format=told, cache=tmp_path / "cache", artifacts_dir=tmp_path / "run")
    data.prepare_data()
    data.setup()
    steps = data.arrays().steps
    assert steps.classes == ["None", "x"]
    assert steps.continuous["a"].low >= 0
    assert steps.continuous["b"].low >= 0
    new = [(-999.0, 2.5, "x"), (1.5, -999.0, "None")]
    frame = pl.DataFrame({"a": [-999.0, 1.5], "b": ["2.5 kg", "-999 kg"], "c": ["x", "None"]})
    for source in (write("new.csv", new), frame, frame.with_columns(pl.col("a").cast(pl.Float32), b=pl.Series([2.5, -999.0]))):
        (_, numbers), _ = next(iter(data.for_scoring(source).predict_dataloader()))
        gaps = numbers[:, [steps.number_names.index("a_missing"), steps.number_names.index("b_missing")]]
        assert gaps.tolist() == [[1, 0], [0, 1]]


def test_photos_and_texts_have_no_missing_values_to_tell(tmp_path: Path) -> None:
    for make in (ImageFolder, TextCSV):
        with pytest.raises(MisconfigurationException, match="csv_format: has no key 'na_values'; it has delimiter"):
            make(str(tmp_path), csv_format={"na_values": ["x"]})
