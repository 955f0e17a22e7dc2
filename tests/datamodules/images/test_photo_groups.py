"""Groups of photos, by a column or by names."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from practicum.datamodules import ImageFolder
from practicum.lightning_shim import MisconfigurationException

Ready = Callable[..., ImageFolder]


def sides(data: ImageFolder) -> list[set[str]]:
    return [{Path(name).name for name in data.row_names(split)} for split in ("train", "valid")]


def test_groups_by_pattern_and_by_column_stay_on_one_side(ready: Ready, photos: Path, caplog: pytest.LogCaptureFixture) -> None:
    names = sorted((photos / "train").rglob("*.jpg"))
    group_of = {str(path.relative_to(photos)): f"{path.parent.name}{int(path.stem) // 3}" for path in names}
    with open(photos / "labels.csv", "w", newline="", encoding="utf-8") as file:
        rows = [(name, name.split("/")[1], group) for name, group in group_of.items()]
        csv.writer(file).writerows([("file", "label", "person"), *rows])
    with caplog.at_level("INFO", logger="practicum"):
        for seed in range(3):
            data = ready(photos, csv="labels.csv", group_column="person", seed=seed)
            by_side = [{group_of[str(Path(n).relative_to(photos))] for n in data.row_names(s)} for s in ("train", "valid")]
            assert by_side[1]
            assert not by_side[0] & by_side[1]
    assert f"{len(names)} photos of {len({*group_of.values()})} groups, each on one side of the split." in caplog.text
    for path in names:
        path.rename(path.with_name(f"{path.parent.name} person{int(path.stem) // 3} {path.name}"))
    train, valid = sides(ready(photos / "train", group_pattern=r"^(\w+ person\d+) "))
    assert valid
    assert not {name.rsplit(" ", 1)[0] for name in train} & {name.rsplit(" ", 1)[0] for name in valid}


def test_groups_that_can_t_be_used_are_refused(ready: Ready, photos: Path) -> None:
    with pytest.raises(MisconfigurationException, match="its layout says what validates, while groups are for a split by chance"):
        ready(photos, group_pattern=r"^(\d)")
    (photos / "valid").rename(photos / "test")
    with pytest.raises(MisconfigurationException, match="group 0 is both in train and in test; keep its photos in one of them"):
        ready(photos, group_pattern=r"^(\d)")
    with pytest.raises(MisconfigurationException, match="each class are of one group, .* so that none can validate"):
        ready(photos / "train", group_pattern=r"^(\w+)/\d")
    with pytest.raises(MisconfigurationException, match=r"group_pattern='\^\(x\)' matches none of 24 files, such as blue/0.jpg"):
        ready(photos / "train", group_pattern="^(x)")
    with pytest.raises(MisconfigurationException, match="all photos are of one group, jpg"):
        ready(photos / "train", group_pattern="(jpg)")
    with pytest.raises(MisconfigurationException, match=r"group_pattern='a' has no group: put the part .* that is the group"):
        ready(photos / "train", group_pattern="a")
    with pytest.raises(MisconfigurationException, match="group_column=person must be left out without csv"):
        ready(photos / "train", group_column="person")


def test_exported_versions_of_a_photo_are_a_group(ready: Ready, photos: Path, caplog: pytest.LogCaptureFixture) -> None:
    for path in sorted((photos / "train").rglob("*.jpg")):
        number = int(path.stem)
        path.rename(path.with_name(f"{number // 3}_jpg.rf.{number:032x}.jpg"))
    with caplog.at_level("INFO", logger="practicum"):
        data = ready(photos / "train")
    assert "24 photos of 8 groups" in caplog.text
    by_side = [
        {f"{Path(n).parent.name}/{Path(n).name.split('.')[0]}" for n in data.row_names(split)} for split in ("train", "valid")
    ]
    assert not by_side[0] & by_side[1]
