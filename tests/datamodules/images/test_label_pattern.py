"""Labels from file names: what the pattern's group is, what it doesn't match, and the same at prediction and for a score."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from practicum.datamodules import ImageFolder
from practicum.datamodules.images.label_pattern import NO_LABEL, label_in, label_regex, read_by_pattern
from practicum.lightning_shim import MisconfigurationException

Ready = Callable[..., ImageFolder]
PATTERN = r"([a-z ]+)_\d+\.jpg"


@pytest.fixture
def named(photos: Path) -> Path:
    """A folder with ``year/red_7.jpg`` and the like: 12 red ones and 12 blue ones in two folders, and a text."""
    root = photos.parent / "named"
    for path in sorted((photos / "train").rglob("*.jpg")):
        target = root / f"202{int(path.stem) % 2}" / f"{path.parent.name}_{path.stem}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    (root / "README.txt").write_text("about", encoding="utf-8")
    return root


def test_photos_anywhere_are_labelled_by_their_names(
    ready: Ready, named: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (named / "2020" / "IMG 1.jpg").write_bytes(b"never opened")
    with caplog.at_level("INFO", logger="practicum"):
        data = ready(named, label_pattern=PATTERN, valid_fraction=0.25)
    assert data.describe()["class_counts"] == [9, 9]
    targets = [target for _, y in data.val_dataloader() for target in y.tolist()]
    assert targets == [int(Path(name).name.startswith("red_")) for name in data.row_names("valid")]
    assert sorted(targets) == [0, 0, 0, 1, 1, 1]
    assert caplog.text.count(f"{named}: label_pattern matches 24 of 26 files, 2 classes: blue, red.") == 1
    assert "2 of 26 files left out (2 no label)" in caplog.text
    with open(tmp_path / "report" / "rejected.csv", newline="", encoding="utf-8") as file:
        assert [*csv.reader(file)][1:] == [[str(named / name), NO_LABEL] for name in ("2020/IMG 1.jpg", "README.txt")]


def test_a_pattern_with_a_slash_sees_the_path_and_folders_may_be_splits(
    ready: Ready, photos: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pattern = r"/(?P<label>red|blue)/(\d+)\.jpg$"
    data = ready(photos, label_pattern=pattern)
    assert (data.describe()["class_counts"], len(data.row_names("valid"))) == ([12, 12], 11)
    (photos / "more" / "red").mkdir(parents=True)
    (photos / "train" / "red" / "0.jpg").rename(photos / "more" / "red" / "0.jpg")
    found = read_by_pattern(photos, pattern)
    assert (len(found), {*found.splits}) == (35, {"train"})  # not all lie in folders of splits
    said = "(1 do not, e.g. more/red/0.jpg), so that the folders of train, valid are not taken for splits"
    assert said in caplog.text
    caplog.clear()
    read_by_pattern(photos / "train", r"([a-z]+)/\d+\.jpg$")  # no folder is a split
    assert not caplog.text


def test_the_label_is_the_group_and_may_hold_several(named: Path) -> None:
    assert label_in("a/dog_1.jpg", label_regex(r"^(.+)_\d+")) == "dog"
    assert label_in("a/dog_1.jpg", label_regex(r"^(\w)/(?P<label>\w+?)_")) == "dog"
    assert label_in("a/_1.jpg", label_regex(r"^(.*)_\d+")) is None
    assert label_in("a/1.jpg", label_regex(r"(dog)?\d")) is None
    (named / "red blue_99.jpg").write_bytes(b"")
    found = read_by_pattern(named, PATTERN, " ")
    assert {*found.labels} == {("red",), ("blue",), ("blue", "red")}


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", r"label_pattern='\(' is no regular expression \(missing \), unterminated subpattern at position 0\)"),
        (r"[a-z]+_\d+", r"label_pattern='\[a-z\]\+_\\d\+' has no group: put the part of the name that is the label in parenth"),
        ("(a)(b)", r"has 2 groups: call the one that is the label \(\?P<label>"),
        (r"(cat)\d", r"named: label_pattern='.*' matches none of 25 files, such as 'blue_0.jpg'"),
        (r"/(cat)/", r"named: label_pattern='.*' matches none of 25 files, such as '2020/blue_0.jpg'"),
    ],
)
def test_bad_patterns_are_told_in_a_sentence(ready: Ready, named: Path, pattern: str, message: str) -> None:
    with pytest.raises(MisconfigurationException, match=message) as raised:
        ready(named, label_pattern=pattern)
    assert "\n" not in str(raised.value)


def test_it_is_refused_beside_a_table_and_where_nothing_is(ready: Ready, tmp_path: Path) -> None:
    with pytest.raises(MisconfigurationException, match=re.escape("label_pattern='(a)' must be left out beside csv")):
        ImageFolder(tmp_path, label_pattern="(a)", csv="labels.csv")
    with pytest.raises(MisconfigurationException, match="nowhere: no such folder"):
        ready(tmp_path / "nowhere", label_pattern="(a)")
    (tmp_path / "empty").mkdir()
    with pytest.raises(MisconfigurationException, match="empty: holds no file"):
        ready(tmp_path / "empty", label_pattern="(a)")


def test_names_label_the_photos_of_a_score_and_need_not_match_to_be_predicted(named: Path, tmp_path: Path) -> None:
    data = ImageFolder(tmp_path / "gone", size=32, cache=tmp_path / "cache", label_pattern=PATTERN)
    (named / "2021" / "blue_1.jpg").rename(named / "2021" / "IMG.jpg")
    assert len(data.for_prediction(named / "2021").row_columns()["file"]) == 12
    new = data.for_scoring([named / "2021", named / "2020" / "red_2.jpg"], ["blue", "red"])
    assert new.targets is not None
    assert new.targets.tolist() == [0] * 5 + [1] * 7
    assert new.row_columns()["file"][-1] == str(named / "2020" / "red_2.jpg")
    assert new.rejected == [(str(named / "2021" / "IMG.jpg"), NO_LABEL)]


def test_a_pattern_may_name_both_the_label_and_the_group() -> None:
    both = r"^(?P<group>p\d+)_(?P<label>cat|dog)"
    assert label_in("p1_cat_3.jpg", label_regex(both)) == "cat"
    assert label_in("p1_cat_3.jpg", label_regex(both, "group_pattern"), "group") == "p1"
