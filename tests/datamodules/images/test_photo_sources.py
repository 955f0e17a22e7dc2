"""Where new photos are found: files, folders, zip files and tables, whose columns and rows are kept."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from practicum.datamodules import ImageFolder
from practicum.datamodules.images.photo_sources import NO_NAME, photos_in
from practicum.lightning_shim import MisconfigurationException


@pytest.fixture
def red(photos: Path) -> Path:
    """A folder with the photos 0.jpg to 5.jpg."""
    return photos / "valid" / "red"


def table(folder: Path, text: str, name: str = "new.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_a_table_of_photos_may_have_any_format_and_must_name_photos(red: Path) -> None:
    assert photos_in(table(red, "label\tfile\nred\t2.jpg\n", "new.tsv")).paths == [red / "2.jpg"]
    with pytest.raises(MisconfigurationException, match=r"no column 'file' of file names; its columns are label, name, and none"):
        photos_in(table(red, "label,name\nred,none.jpg\n"))
    with pytest.raises(MisconfigurationException, match="line 2: has 3 fields"):
        photos_in(table(red, "file,label\na,b,c\n"))


def test_a_first_line_that_names_a_photo_is_a_row(red: Path, caplog: pytest.LogCaptureFixture) -> None:
    found = photos_in(table(red, "0.jpg\n1.jpg\n2.jpg\n"))
    assert [path.name for path in found.paths] == ["0.jpg", "1.jpg", "2.jpg"]
    assert "its first line names a photo" in caplog.text
    ids = photos_in(table(red, "0,red\n1,blue\n", "ids.csv"))
    assert [path.name for path in ids.paths] == ["0.jpg", "1.jpg"]


def test_the_column_that_names_photos_is_taken_though_ids_are_names_too(red: Path, caplog: pytest.LogCaptureFixture) -> None:
    found = photos_in(table(red, "id,filename,owner\n0,4.jpg,ann\n1,3.jpg,bob\n"))
    assert [path.name for path in found.paths] == ["4.jpg", "3.jpg"]
    assert found.rows[1] == {"id": "1", "filename": "3.jpg", "owner": "bob"}
    assert "its column 'filename' names photos" in caplog.text
    with pytest.raises(MisconfigurationException, match=r"a, b, and a, b name photos; call the column of file names 'file'"):
        photos_in(table(red, "a,b\n0.jpg,4.jpg\n"))


def test_rows_without_a_name_are_listed(red: Path) -> None:
    found = photos_in(table(red, "file,id\n0.jpg,0\n,1\n2.jpg,2\n"))
    assert [row["id"] for row in found.rows] == ["0", "2"]
    assert found.rejected == [(f"{red / 'new.csv'}, line 3", NO_NAME)]


def test_columns_stand_beside_the_predictions_as_they_were(red: Path, photos: Path, tmp_path: Path) -> None:
    (red / "bad.jpg").write_text("no", encoding="utf-8")
    data = ImageFolder(photos, size=32, cache=tmp_path / "cache")
    new = data.for_prediction(table(red, "file,owner\n0.jpg,ann\nbad.jpg,cid\n,eve\n2.jpg,bob\n"))
    assert new.row_columns() == {"file": ["0.jpg", "2.jpg"], "owner": ["ann", "bob"]}
    assert [reason for _, reason in new.rejected] == ["not an image", NO_NAME]
    both = data.for_prediction([red / "new.csv", red / "3.jpg"])
    assert both.row_columns()["owner"] == ["ann", "bob", ""]
    assert both.row_columns()["file"] == [str(red / name) for name in ("0.jpg", "2.jpg", "3.jpg")]


def test_names_as_cameras_and_windows_write_them(red: Path, photos: Path) -> None:
    shutil.move(red / "0.jpg", red / "0.JPG")
    for name in ("0", "0.jpg", "0.JPG"):
        assert photos_in(table(red, f"file,x\n{name},1\n")).paths == [red / "0.JPG"]
    assert photos_in(table(photos, "file,x\nvalid\\red\\1.jpg,1\n")).paths == [red / "1.jpg"]


def test_a_zip_file_is_predicted_like_its_folder(red: Path, photos: Path, tmp_path: Path) -> None:
    shutil.make_archive(str(tmp_path / "new"), "zip", photos / "valid")
    data = ImageFolder(photos, size=32, cache=tmp_path / "cache")
    names = data.for_prediction(tmp_path / "new.zip").row_columns()["file"]
    assert names[-6:] == [str(tmp_path / "new.zip" / "red" / f"{i}.jpg") for i in range(6)]
    scored = data.for_scoring(tmp_path / "new.zip", ["blue", "red"])
    assert scored.targets is not None
    assert scored.targets.tolist() == [0] * 5 + [1] * 6
    shutil.make_archive(str(tmp_path / "other"), "gztar", photos / "valid")
    for read in (data.for_prediction, lambda source: data.for_scoring(source, ["blue", "red"])):
        with pytest.raises(MisconfigurationException, match=r"other.tar.gz: of archives only zip files are read"):
            read(tmp_path / "other.tar.gz")


def test_a_zip_file_of_one_class_is_scored_and_a_folder_may_be_called_like_an_archive(photos: Path, tmp_path: Path) -> None:
    shutil.make_archive(str(tmp_path / "one"), "zip", photos / "valid", "red")
    data = ImageFolder(photos, size=32, cache=tmp_path / "cache")
    scored = data.for_scoring(tmp_path / "one.zip", ["blue", "red"])
    assert scored.targets is not None
    assert scored.targets.tolist() == [1] * 6
    shutil.copytree(photos / "valid", tmp_path / "photos.tar")
    assert len(photos_in(tmp_path / "photos.tar").paths) == 11
