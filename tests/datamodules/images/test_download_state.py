"""What a download that was broken off finds of itself."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock, Timeout
from practicum.datamodules.images.download_state import CREDITS, STATE_FILE, DownloadedPhotos, read_state


@dataclass
class Photo:
    file: str
    reason: str = ""


def test_a_new_folder_has_fetched_nothing(tmp_path: Path) -> None:
    assert read_state(tmp_path, Photo) == []
    assert (tmp_path / STATE_FILE).read_text(encoding="utf-8") == ""


def test_what_is_gone_or_half_written_is_fetched_again(tmp_path: Path) -> None:
    (tmp_path / "here.jpg").touch()
    lines = [{"file": "here.jpg"}, {"file": "gone.jpg"}, {"file": "", "reason": "no photo"}, {"unknown": 1}]
    (tmp_path / STATE_FILE).write_text("".join(json.dumps(each) + "\n" for each in lines) + '{"file": "ha', encoding="utf-8")
    kept = [Photo("here.jpg"), Photo("", "no photo")]
    assert read_state(tmp_path, Photo) == kept
    assert [json.loads(line)["file"] for line in (tmp_path / STATE_FILE).read_text(encoding="utf-8").splitlines()] == [
        "here.jpg",
        "",
    ]
    assert read_state(tmp_path, Photo) == kept


@dataclass(frozen=True)
class Found(DownloadedPhotos):
    name = "somewhere"
    folder: Path

    @property
    def path(self) -> Path:
        return self.folder

    def fetch(self) -> None:
        with pytest.raises(Timeout):  # nobody else fetches at the same time
            FileLock(self.path / ".lock").acquire(timeout=0)
        (self.path / CREDITS).write_bytes(b"file,creator\n")


def test_a_source_is_fetched_under_a_lock_and_credited(tmp_path: Path) -> None:
    source = Found(tmp_path / "deep" / "photos")
    source.prepare()
    credits_file = tmp_path / "deep" / "photos" / "ATTRIBUTION.csv"
    assert source.attribution() == f"{credits_file}, SHA-256 {hashlib.sha256(b'file,creator' + bytes([10])).hexdigest()}"
    assert str(source) == f"somewhere: {tmp_path / 'deep' / 'photos'}"
