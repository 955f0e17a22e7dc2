"""Archives: nested, bare, in folders; broken ones, and those that lead out, are refused and leave nothing behind."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest
from practicum.datamodules.files.archive import extract_once, find_shallowest, without_zip
from practicum.lightning_shim import MisconfigurationException


def zipped(path: Path, **entries: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return path


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_zip_of_zips_is_unpacked_once(tmp_path: Path) -> None:
    zipped(tmp_path / "train.zip", **{"train/cat.0.jpg": b"a"})
    zipped(tmp_path / "test.zip", **{"1.jpg": b"b", "2.jpg": b"c"})
    inner = {name: (tmp_path / name).read_bytes() for name in ("train.zip", "test.zip")}
    whole = zipped(tmp_path / "in" / "dogs.zip", **inner, **{"sample_submission.csv": b"id,label\n", "__MACOSX/x": b""})
    place = extract_once(whole, tmp_path / "out")
    assert files(place) == ["sample_submission.csv", "test/1.jpg", "test/2.jpg", "train/cat.0.jpg"]
    (place / "train" / "cat.0.jpg").write_bytes(b"changed")
    assert extract_once(whole, tmp_path / "out") == place
    assert (place / "train" / "cat.0.jpg").read_bytes() == b"changed"


def test_a_folder_of_zips_and_one_that_is_unpacked(tmp_path: Path) -> None:
    zipped(tmp_path / "in" / "train.zip", **{"train/a.jpg": b"a"})
    zipped(tmp_path / "in" / "labels.csv.zip", **{"labels.csv": b"id,breed\n"})
    (tmp_path / "in" / "sample_submission.csv").write_text("id\n", encoding="utf-8")
    assert files(extract_once(tmp_path / "in", tmp_path / "out")) == ["labels.csv", "sample_submission.csv", "train/a.jpg"]
    (tmp_path / "in" / "train").mkdir()
    assert extract_once(tmp_path / "in", tmp_path / "out") == tmp_path / "in"


@pytest.mark.parametrize("name", ["../evil.jpg", "/etc/evil.jpg", "a/../../evil.jpg", "..\\evil.jpg", "C:/evil.jpg"])
def test_entries_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    archive = zipped(tmp_path / "in" / "a.zip", **{"fine.jpg": b"1", name: b"2"})
    with pytest.raises(MisconfigurationException, match="leads out of the folder; do not trust"):
        extract_once(archive, tmp_path / "out")
    assert files(tmp_path / "out") == [] or all(each.endswith(".lock") for each in files(tmp_path / "out"))
    assert not list(tmp_path.rglob("evil.jpg"))


def test_links_are_refused(tmp_path: Path) -> None:
    entry = zipfile.ZipInfo("link.jpg")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr(entry, "/etc/passwd")
    with pytest.raises(MisconfigurationException, match=r"'link.jpg' leads out"):
        extract_once(tmp_path / "a.zip", tmp_path / "out")


def test_broken_foreign_and_missing_archives_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = zipped(tmp_path / "a.zip", **{"1.jpg": b"x" * 1000})
    content = bytearray(archive.read_bytes())
    content[50] ^= 255  # the photo's bytes: its checksum fails
    (tmp_path / "b.zip").write_bytes(content)
    with pytest.raises(MisconfigurationException, match=r"b.zip: can't be extracted .*download it again"):
        extract_once(tmp_path / "b.zip", tmp_path / "out")
    (tmp_path / "c.zip").write_bytes(archive.read_bytes()[:500])
    with pytest.raises(MisconfigurationException, match="neither a folder nor a complete zip file; download it again"):
        extract_once(tmp_path / "c.zip", tmp_path / "out")
    with pytest.raises(MisconfigurationException, match="no such folder or archive"):
        extract_once(tmp_path / "d.zip", tmp_path / "out")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "train-jpg.tar.7z").write_bytes(b"7z")
    with pytest.raises(MisconfigurationException, match="only zip files are extracted here"):
        extract_once(tmp_path / "in", tmp_path / "out")
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 10})())
    with pytest.raises(MisconfigurationException, match="GB left; free some space"):
        extract_once(archive, tmp_path / "out")
    assert not [each for each in (tmp_path / "out").iterdir() if each.is_dir()]


@pytest.mark.parametrize("name", [".", "x" * 300 + ".jpg"])
def test_entries_with_odd_names_are_refused_in_one_line(tmp_path: Path, name: str) -> None:
    archive = zipped(tmp_path / "a.zip", **{"1.jpg": b"x", name: b"y"})
    with pytest.raises(MisconfigurationException) as refused:
        extract_once(archive, tmp_path / "out")
    assert "download it again" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not [each for each in (tmp_path / "out").iterdir() if each.is_dir()]


def test_an_entry_below_a_file_is_refused(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", **{"labels.csv": b"x", "labels.csv/x": b"y"})
    with pytest.raises(MisconfigurationException, match="can't be extracted"):
        extract_once(archive, tmp_path / "out")


def test_the_least_deep_is_found(tmp_path: Path) -> None:
    (tmp_path / "a" / "b" / "train").mkdir(parents=True)
    assert find_shallowest(tmp_path, ("train",), folder=True) == tmp_path / "a" / "b" / "train"
    (tmp_path / "a" / "train").mkdir()
    assert find_shallowest(tmp_path, ("train",), folder=True) == tmp_path / "a" / "train"
    assert find_shallowest(tmp_path, ("train",), folder=False) is None


def test_a_root_may_be_packed(tmp_path: Path) -> None:
    table = zipped(tmp_path / "table.zip", **{"data/table.csv": b"a\n1\n", "__MACOSX/x": b""})
    assert without_zip(table, tmp_path / "cache").read_bytes() == b"a\n1\n"
    both = zipped(tmp_path / "both.zip", **{"all/train.csv": b"a", "all/test.csv": b"a"})
    assert files(without_zip(both, tmp_path / "cache")) == ["test.csv", "train.csv"]
    assert without_zip(tmp_path, tmp_path / "cache") == tmp_path
    with pytest.raises(MisconfigurationException, match="leads out of the folder"):
        without_zip(zipped(tmp_path / "evil.zip", **{"../a.csv": b""}), tmp_path / "cache")
