"""A server on this machine that breaks off, refuses, or sends something else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass
class Server:
    """What it has and does.

    Attributes:
        url: Its address.
        files: Content by path.
        faults: For each request to come an HTTP status, or after how many bytes to break off; ``None``: neither.
        asked: The ranges that were asked for.
        resumes: Whether it sends a part.
        stated: The size it states in place of the truth; empty: none.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    faults: list[Any] = field(default_factory=list)
    asked: list[str | None] = field(default_factory=list)
    resumes: bool = True
    stated: str | None = None


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on loopback, with nothing yet."""
    ours = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            ours.asked.append(wanted)
            fault = ours.faults.pop(0) if ours.faults else None
            if isinstance(fault, str) or self.path not in ours.files:
                self.send_error(int(fault or 404))
                return
            content = ours.files[self.path]
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and ours.resumes else 0
            stated = str(len(content)) if ours.stated is None else ours.stated
            if wanted and ours.resumes:
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{stated or '*'}")
                self.send_header("Content-Length", str(len(content) - start))
            else:
                self.send_response(200)
                if stated:
                    self.send_header("Content-Length", stated)
            self.end_headers()
            with suppress(ConnectionError):  # the other side has enough
                self.wfile.write(content[start:] if fault is None else content[start : start + fault])

        def log_message(self, *args: Any) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    ours.url = f"http://127.0.0.1:{httpd.server_port}"
    yield ours
    httpd.shutdown()
    httpd.server_close()
