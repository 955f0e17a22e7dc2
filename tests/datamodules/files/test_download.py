"""Fetching a file from a server on this machine that breaks off, refuses, or sends something else."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from practicum.datamodules.files.download import download
from practicum.lightning_shim import MisconfigurationException

CONTENT = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(BaseHTTPRequestHandler):
    asked: list[str | None]
    faults: list[Any]  # an HTTP status, or after how many bytes to break off
    resumes = True
    length: str | None = None  # what the header says in place of the truth

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.asked.append(wanted)
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, str):
            self.send_error(int(fault))
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.resumes else 0
        if start >= len(CONTENT):
            self.send_error(416)
            return
        self.send_response(206 if wanted and self.resumes else 200)
        self.send_header("Content-Length", self.length or str(len(CONTENT) - start))
        self.end_headers()
        self.wfile.write(CONTENT[start:] if fault is None else CONTENT[start : start + fault])

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[tuple[type[Server], str]]:
    handler = type("Handler", (Server,), {"asked": [], "faults": []})
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield handler, f"http://127.0.0.1:{httpd.server_port}/file.bin"
    httpd.shutdown()


def test_it_goes_on_where_the_connection_broke_off(server: Any, tmp_path: Path) -> None:
    handler, url = server
    handler.faults = [300_000, "503", 5, 200_000]
    path = download(url, tmp_path / "deep" / "file.bin", SHA256, pause=0)
    assert path.read_bytes() == CONTENT
    assert handler.asked == [None, "bytes=300000-", "bytes=300000-", "bytes=300005-", "bytes=500005-"]
    assert not list(path.parent.glob("*.part"))
    download(url, path, SHA256)
    assert len(handler.asked) == 5  # it is there


@pytest.mark.parametrize("have", [len(CONTENT), 1000])
def test_what_an_earlier_call_fetched_is_used(have: int, server: Any, tmp_path: Path) -> None:
    _, url = server
    (tmp_path / "file.bin.part").write_bytes(CONTENT[:have])
    assert download(url, tmp_path / "file.bin", SHA256, pause=0).read_bytes() == CONTENT


def test_a_server_that_does_not_resume_sends_all_of_it(server: Any, tmp_path: Path) -> None:
    handler, url = server
    handler.resumes = False
    handler.faults = [1000]
    assert download(url, tmp_path / "file.bin", SHA256, pause=0).read_bytes() == CONTENT


def test_something_else_is_removed(server: Any, tmp_path: Path) -> None:
    _, url = server
    with pytest.raises(MisconfigurationException, match="the file is not the published one"):
        download(url, tmp_path / "file.bin", "0" * 64, pause=0)
    assert [path.name for path in tmp_path.iterdir()] == [".file.bin.lock"]


def test_no_file_and_no_net_are_said(server: Any, tmp_path: Path) -> None:
    handler, url = server
    handler.faults = ["404"]
    with pytest.raises(MisconfigurationException, match=r"HTTP 404.*root=FILE"):
        download(url, tmp_path / "file.bin", SHA256, pause=0)
    assert len(handler.asked) == 1
    with pytest.raises(MisconfigurationException, match=r"can't be downloaded \(.*refused"):
        download("http://127.0.0.1:9/none.bin", tmp_path / "file.bin", SHA256, pause=0)


@pytest.mark.parametrize("length", ["abc", "", "-5", "1e6", "9" * 5000, "\u0661", "5, 5"])
def test_a_length_that_is_none_does_not_matter(length: str, server: Any, tmp_path: Path) -> None:
    handler, url = server
    handler.length = length.encode("utf-8").decode("latin-1") or " "
    assert download(url, tmp_path / "file.bin", SHA256, pause=0).read_bytes() == CONTENT


def test_a_length_that_is_too_large_is_one_sentence(server: Any, tmp_path: Path) -> None:
    handler, url = server
    handler.length = str(2 * len(CONTENT))
    handler.resumes = False
    with pytest.raises(MisconfigurationException, match=r"can't be downloaded \(the connection was interrupted\)"):
        download(url, tmp_path / "file.bin", SHA256, tries=2, pause=0)
