"""Photos in class folders, read with small sizes; and a server for those that are fetched."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from practicum.datamodules import ImageFolder


@pytest.fixture
def ready(tmp_path: Path) -> Callable[..., ImageFolder]:
    """Makes an ImageFolder of 32 x 32 views that has read its photos; cache and reports lie in ``tmp_path``."""

    def make(root: Path, **options: Any) -> ImageFolder:
        defaults: dict[str, Any] = {"size": 32, "batch_size": 4, "cache": tmp_path / "cache", "report_dir": tmp_path / "report"}
        data = ImageFolder(root, **{**defaults, **options})
        data.prepare_data()
        data.setup("fit")
        return data

    return make


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *arguments: Any) -> None:
        pass

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        status, headers, content = self.server.answer(parts.path, dict(parse_qsl(parts.query)))  # type: ignore[attr-defined]
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(ConnectionError):  # it hangs up on what is too long
            self.wfile.write(content)


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[str, dict[str, str]], tuple[int, dict[str, str], bytes]]], str]]:
    """Serves on loopback what a function of path and query answers: status, headers, content. Returns the address."""
    servers = []

    def start(answer: Any) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        server.answer = answer  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
