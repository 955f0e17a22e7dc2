"""Fetching a file of known size from a server that breaks off, refuses, or has another one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from practicum.modules.weights.download import DownloadError, download

CONTENT = bytes(range(256)) * 4000


@pytest.fixture
def url(server: Any) -> str:
    """The address of ``CONTENT``."""
    server.files["/file.bin"] = CONTENT
    return f"{server.url}/file.bin"


def test_it_goes_on_where_the_connection_broke_off(server: Any, url: str, tmp_path: Path) -> None:
    server.faults = [300_000, "503", 5, 200_000]
    download(url, tmp_path / "file.bin", len(CONTENT), pause=0)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT
    assert server.asked == [None, "bytes=300000-", "bytes=300000-", "bytes=300005-", "bytes=500005-"]
    download(url, tmp_path / "file.bin", len(CONTENT))
    assert len(server.asked) == 5  # it is there


def test_what_an_earlier_call_fetched_is_used(server: Any, url: str, tmp_path: Path) -> None:
    (tmp_path / "file.bin").write_bytes(CONTENT[:1000])
    download(url, tmp_path / "file.bin", len(CONTENT), pause=0)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT
    assert server.asked == ["bytes=1000-"]


def test_a_server_that_does_not_resume_sends_all_of_it(server: Any, url: str, tmp_path: Path) -> None:
    server.resumes, server.faults = False, [1000]
    download(url, tmp_path / "file.bin", len(CONTENT), pause=0)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("stated", ["", "abc", "-5", "9" * 5000])
def test_a_size_that_is_none_does_not_matter(stated: str, server: Any, url: str, tmp_path: Path) -> None:
    server.stated, server.faults = stated, [1000]
    download(url, tmp_path / "file.bin", len(CONTENT), pause=0)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


def test_no_more_than_expected_is_written(server: Any, url: str, tmp_path: Path) -> None:
    server.stated = ""  # the server doesn't say that it has more
    download(url, tmp_path / "file.bin", 1000, pause=0)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT[:1000]


@pytest.mark.parametrize(
    ("size", "faults", "reason", "asked"),
    [
        (len(CONTENT) + 1, [], "the server's file has 1,024,000 bytes, expected 1,024,001", 1),
        (len(CONTENT), ["403"], "HTTP 403", 1),
        (len(CONTENT), ["503"] * 9, "HTTP 503", 3),
        (len(CONTENT), [10, 0, 0, 0, 0], "the connection was interrupted", 4),
    ],
)
def test_when_it_gives_up(size: int, faults: list[Any], reason: str, asked: int, server: Any, url: str, tmp_path: Path) -> None:
    server.faults = faults
    with pytest.raises(DownloadError, match=reason):
        download(url, tmp_path / "file.bin", size, tries=3, pause=0)
    assert len(server.asked) == asked


def test_no_net_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="refused"):
        download("http://127.0.0.1:9/file.bin", tmp_path / "file.bin", 10, pause=60)
