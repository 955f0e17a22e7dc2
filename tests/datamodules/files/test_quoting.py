"""Values in messages: short, in one line, and otherwise as they are written; whatever reads the file that holds them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from practicum.datamodules import ImageFolder, Ratings, Table, TextCSV
from practicum.datamodules.files.quoting import listed, plain, quoted
from practicum.lightning_shim import MisconfigurationException

LONG = "x" * 3000


def test_short_values_are_as_repr_writes_them() -> None:
    assert [quoted(each) for each in ("a", "it's", "two\nlines", 5, None, 0.5)] == [
        repr(each) for each in ("a", "it's", "two\nlines", 5, None, 0.5)
    ]
    assert plain("Größe") == "Größe"
    assert plain("two\nlines") == "two\\nlines"
    assert listed(["a", "b"]) == "a, b"


def test_long_values_and_many_names_are_shortened() -> None:
    assert quoted(LONG) == f"'{'x' * 80}...'"
    assert len(quoted([LONG])) < 100
    assert plain(LONG, longest=5) == "xxxxx..."
    assert listed([LONG] * 50, most=2) == f"{'x' * 40}..., {'x' * 40}..., ..."


def _table(root: Path) -> None:
    rows = [f"{number**2},{number % 7}" for number in range(40)]
    (root / "t.csv").write_text("\n".join(["a,y", *rows]), encoding="utf-8")
    data = Table(root / "t.csv", target="y", cache=root / "cache", artifacts_dir=root / "run")
    data.prepare_data()
    data.setup("fit")
    (root / "new.csv").write_text(f"a\n1\n{LONG}\n", encoding="utf-8")
    data.for_prediction(str(root / "new.csv"))


def _table_date(root: Path) -> None:
    rows = [f"2021-01-{1 + number % 28},{number % 7}" for number in range(40)]
    (root / "t.csv").write_text("\n".join([f"{LONG[:200]},y", *rows, f"{LONG},1"]), encoding="utf-8")
    Table(root / "t.csv", target="y", date=LONG[:200], cache=root / "cache").prepare_data()


def _table_columns(root: Path) -> None:
    (root / "t.csv").write_text(
        ",".join(f"{LONG[:200]}{number}" for number in range(90)) + "\n" + ",".join("1" * 90) + "\n", encoding="utf-8"
    )
    Table(root / "t.csv", target="y", cache=root / "cache").prepare_data()


def _ratings(root: Path) -> None:
    rows = [f"u{number % 5},i{number // 5},{1 + number % 5}" for number in range(30)]
    (root / "r.csv").write_text("\n".join(["user,item,rating", *rows, f"u1,i99,{LONG}"]), encoding="utf-8")
    Ratings(root / "r.csv", cache=root / "cache").prepare_data()


def _texts(root: Path) -> None:
    rows = [f"a film,{('good', 'bad')[number % 2]},train" for number in range(20)]
    (root / "t.csv").write_text("\n".join(["text,label,split", *rows, f"a film,good,{LONG}"]), encoding="utf-8")
    TextCSV(root / "t.csv", split_column="split", cache=root / "cache", min_count=1).prepare_data()


def _texts_row(root: Path) -> None:
    (root / "t.csv").write_text("\n".join(["text,label", *["a film,good"] * 9, f"{LONG},a,good"]), encoding="utf-8")
    TextCSV(root / "t.csv", cache=root / "cache", min_count=1).prepare_data()


def _photos(root: Path) -> None:
    Image.new("RGB", (20, 20)).save(root / "a.png")
    (root / "labels.csv").write_text(f"file,label\na.png,red\n{LONG},blue\n", encoding="utf-8")
    ImageFolder(root, csv="labels.csv", cache=root / "cache").prepare_data()


def _photo_labels(root: Path) -> None:
    Image.new("RGB", (20, 20)).save(root / "a.png")
    (root / "labels.csv").write_text(f"file,label\na.png,red\na.png,{LONG}\n", encoding="utf-8")
    ImageFolder(root, csv="labels.csv", cache=root / "cache").prepare_data()


@pytest.mark.parametrize(
    "read",
    [_table, _table_date, _table_columns, _ratings, _texts, _texts_row, _photos, _photo_labels],
    ids=lambda each: each.__name__,
)
def test_a_refusal_is_one_short_line_whatever_the_file_holds(tmp_path: Path, read: Callable[[Path], None]) -> None:
    with pytest.raises(MisconfigurationException) as refused:
        read(tmp_path)
    message = str(refused.value).replace(str(tmp_path), "")
    assert "x" * 30 in message
    assert "\n" not in message
    assert len(message) < 1200
