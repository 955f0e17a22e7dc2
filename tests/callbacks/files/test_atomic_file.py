"""Files are there whole or not at all."""

from __future__ import annotations

import csv
import errno
import os
from pathlib import Path

import pytest
from practicum.callbacks.files.atomic_file import as_utf8, atomic_write, write_columns, write_csv
from practicum.lightning_shim import MisconfigurationException


def test_the_old_file_stays_when_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")

    def fails() -> None:
        with atomic_write(path) as beside:
            beside.write_text("ne", encoding="utf-8")
            raise RuntimeError("disk")

    with pytest.raises(RuntimeError, match="disk"):
        fails()
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_devices_and_pipes_are_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with (
        pytest.raises(MisconfigurationException, match=r"pipe: is a device or a pipe, which would be replaced; name a file\."),
        atomic_write(tmp_path / "pipe") as beside,
    ):
        beside.touch()
    assert (tmp_path / "pipe").is_fifo()


def test_what_could_not_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left") as told, atomic_write(tmp_path / "a.parquet"):
        raise RuntimeError("parquet: No space left on device (os error 28)")
    assert (told.value.errno, told.value.filename) == (errno.ENOSPC, str(tmp_path / "a.parquet"))
    with pytest.raises(IsADirectoryError) as missing, atomic_write(tmp_path / "b.csv") as beside:
        raise IsADirectoryError(errno.EISDIR, "Is a directory", str(beside))
    assert missing.value.filename == str(tmp_path / "b.csv")


def test_what_could_not_be_read_is_not_the_output(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="os error 2"), atomic_write(tmp_path / "a.parquet"):
        raise RuntimeError("No such file or directory (os error 2): t.csv")
    assert not [*tmp_path.iterdir()]


def test_the_new_file_replaces_the_old_one_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "missing folder" / "a.txt"
    for text in ("old", "new"):
        with atomic_write(path) as beside:
            beside.write_text(text, encoding="utf-8")
            assert not path.exists() or path.read_text(encoding="utf-8") == "old"
        assert path.read_text(encoding="utf-8") == text
    assert list(path.parent.iterdir()) == [path]


def test_names_as_long_as_a_file_system_allows_are_written(tmp_path: Path) -> None:
    for name in ("n" * 251 + ".csv", "ü" * 120 + ".csv", "caf\udce9.csv"):
        write_csv(tmp_path / name, ["a"], [])
        assert (tmp_path / name).read_text(encoding="utf-8") == "a\n"
    assert len(list(tmp_path.iterdir())) == 3


def test_file_names_that_are_no_utf8_are_written_in_utf8(tmp_path: Path) -> None:
    write_columns(tmp_path / "a.csv", {"file": ["caf\udce9.jpg", "ü.jpg", "\ud800"]})
    assert (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines() == ["file", "caf\\xe9.jpg", "ü.jpg", "\\ud800"]
    assert as_utf8("caf\udce9") == "caf\\xe9"


def test_tables(tmp_path: Path) -> None:
    write_csv(tmp_path / "rows.csv", ("a", "b"), [(1, "x,y"), (2, "ü")])
    write_columns(tmp_path / "columns.csv", {"a": [1, 2], "b": ["x,y", "ü"]})
    for name in ("rows", "columns"):
        with open(tmp_path / f"{name}.csv", newline="", encoding="utf-8") as file:
            assert list(csv.reader(file)) == [["a", "b"], ["1", "x,y"], ["2", "ü"]]
    with pytest.raises(ValueError, match="argument 2"):
        write_columns(tmp_path / "uneven.csv", {"a": [1, 2], "b": [1]})
    assert not (tmp_path / "uneven.csv").exists()


def test_a_full_disk_is_named_by_its_file(tmp_path: Path) -> None:
    def fill() -> None:
        with atomic_write(tmp_path / "a.csv") as beside:
            beside.touch()
            raise OSError(errno.ENOSPC, "No space left on device")  # as a write raises it

    with pytest.raises(OSError, match="No space left") as caught:
        fill()
    assert caught.value.filename == str(tmp_path / "a.csv")
    assert not list(tmp_path.iterdir())
