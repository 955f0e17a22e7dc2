"""What a download that was broken off finds of itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from practicum.datamodules.images.download_state import STATE_FILE, read_state


@dataclass
class Photo:
    file: str
    reason: str = ""


def test_a_new_folder_has_fetched_nothing(tmp_path: Path) -> None:
    assert read_state(tmp_path, Photo) == []
    assert (tmp_path / STATE_FILE).read_text() == ""


def test_what_is_gone_or_half_written_is_fetched_again(tmp_path: Path) -> None:
    (tmp_path / "here.jpg").touch()
    lines = [{"file": "here.jpg"}, {"file": "gone.jpg"}, {"file": "", "reason": "no photo"}, {"unknown": 1}]
    (tmp_path / STATE_FILE).write_text("".join(json.dumps(each) + "\n" for each in lines) + '{"file": "ha')
    kept = [Photo("here.jpg"), Photo("", "no photo")]
    assert read_state(tmp_path, Photo) == kept
    assert [json.loads(line)["file"] for line in (tmp_path / STATE_FILE).read_text().splitlines()] == ["here.jpg", ""]
    assert read_state(tmp_path, Photo) == kept
