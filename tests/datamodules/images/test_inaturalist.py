"""Photos from iNaturalist, against a local server that answers as iNaturalist does, with every fault that networks have."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image
from practicum.datamodules import Spiders
from practicum.datamodules.images.inaturalist import fetch_inaturalist, split_of
from practicum.datamodules.images.inaturalist_client import INaturalistClient
from practicum.lightning_shim import MisconfigurationException

WANTED = {"train": (6, 6), "valid": (3, 2)}


def jpeg(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (40, 50, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG")
    return file.getvalue()


class Server(ThreadingHTTPServer):
    """Forty observations of each taxon, two photos each; what goes wrong is set by the tests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
        self.asked: list[str] = []
        self.once: dict[str, int] = {}  # path -> status that it answers with the first time
        self.html: set[int] = set()
        self.cut: set[int] = set()
        self.same: dict[int, int] = {}
        self.unlicensed: set[int] = set()
        self.repeat_pages = False
        self.dead_after: int | None = None


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *arguments: Any) -> None:
        pass

    def _send(self, content: bytes, kind: str, status: int = 200, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        server = self.server
        server.asked.append(parts.path)
        if status := server.once.pop(parts.path, 0):
            self._send(b"{}", "application/json", status)
        elif parts.path == "/v1/observations":
            self._send(self._page(parse_qs(parts.query)), "application/json")
        elif server.dead_after is not None and sum("photos" in path for path in server.asked) > server.dead_after:
            self.close_connection = True
            self.connection.close()
        else:
            photo = int(parts.path.split("/")[2])
            content = jpeg(server.same.get(photo, photo))
            if photo in server.html:
                self._send(b"<html>Sorry</html>", "text/html")
            elif photo in server.cut:
                self._send(content[: len(content) // 2], "image/jpeg")
            else:
                self._send(content, "image/jpeg")

    def _page(self, query: dict[str, list[str]]) -> bytes:
        assert query["quality_grade"] == ["research"]
        assert query["photo_license"][0].split(",")[0].lower() == "cc0"
        offset = {"Araneae": 1000, "Scorpiones": 2000}[query["taxon_name"][0]]
        after = 0 if self.server.repeat_pages else int(query["id_above"][0])
        numbers = [number for number in range(offset, offset + 40) if number > after][:15]
        results = [{"id": number, "photos": [self._photo(10 * number + k) for k in range(2)]} for number in numbers]
        return json.dumps({"total_results": 40, "page": 1, "per_page": 15, "results": results}).encode()

    def _photo(self, number: int) -> dict[str, Any]:
        licence = None if number in self.server.unlicensed else "cc-by"
        url = f"{self.server.address}/photos/{number}/square.jpg"
        return {"id": number, "url": url, "license_code": licence, "attribution": f"(c) observer {number}"}


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def fetch(server: Server, folder: Path, wanted: Any = WANTED) -> None:
    fetch_inaturalist(folder, counts=wanted, client=INaturalistClient(folder, f"{server.address}/v1", per_second=1000))


def counts(folder: Path) -> Counter[str]:
    return Counter(str(path.parent.relative_to(folder)) for path in folder.rglob("*.jpg"))


COMPLETE = {"train/spiders": 6, "train/scorpions": 6, "valid/spiders": 3, "valid/scorpions": 2}


def rows(folder: Path) -> list[dict[str, str]]:
    with open(folder / "ATTRIBUTION.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_wanted_numbers_with_credits_and_no_observation_on_both_sides(server: Server, tmp_path: Path) -> None:
    fetch(server, tmp_path)
    assert counts(tmp_path) == COMPLETE
    credit = rows(tmp_path)
    assert len(credit) == 17
    assert {row["licence"] for row in credit} == {"cc-by"}
    assert credit[0]["attribution"] == f"(c) observer {Path(credit[0]['file']).stem}"
    sides: dict[str, set[str]] = {}
    for row in credit:
        sides.setdefault(row["observation"], set()).add(row["file"].split("/")[0])
    assert all(len(side) == 1 for side in sides.values())
    for line in (tmp_path / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        digest, file = line.split("  ")
        assert hashlib.sha256((tmp_path / file).read_bytes()).hexdigest() == digest
    assert all("/medium.jpg" in path for path in server.asked if path.startswith("/photos"))
    before = len(server.asked)
    fetch(server, tmp_path)
    assert len(server.asked) == before  # complete: nothing is asked again


def test_splits_are_in_the_wanted_shares_and_by_seed() -> None:
    wanted = {"train": 290, "valid": 118}
    drawn = Counter(split_of(number, 1, wanted) for number in range(20000))
    assert drawn["valid"] / 20000 == pytest.approx(118 / 408, abs=0.01)
    assert [split_of(n, 1, wanted) for n in range(50)] != [split_of(n, 2, wanted) for n in range(50)]


def test_every_fault_of_the_net(server: Server, tmp_path: Path) -> None:
    first = [10000, 10001, 10010, 10011]
    server.once = {"/v1/observations": 429, f"/photos/{first[0]}/medium.jpg": 500, f"/photos/{first[1]}/medium.jpg": 429}
    server.html, server.cut, server.same, server.unlicensed = {10020}, {10021, 20000}, {10030: 10000}, {10031}
    fetch(server, tmp_path)
    assert counts(tmp_path) == COMPLETE
    kept = {int(Path(row["file"]).stem) for row in rows(tmp_path)}
    assert not kept & {10020, 10021, 20000, 10030, 10031}
    assert {10000, 10001} <= kept
    reasons = {
        each["photo"]: each["reason"]
        for each in map(json.loads, (tmp_path / "photos.jsonl").read_text(encoding="utf-8").splitlines())
    }
    assert reasons.get(10020, "not an image") == "not an image"
    assert reasons[20000].startswith("truncated")
    assert reasons.get(10031, "licence all rights reserved") == "licence all rights reserved"
    assert not list(tmp_path.rglob("*.part"))


def test_a_net_that_fails_half_way_is_gone_on_from(server: Server, tmp_path: Path) -> None:
    server.dead_after = 9
    with pytest.raises(
        MisconfigurationException, match=r"could not be reached .*; \d+ of 17 photos are in .*continues from there"
    ):
        fetch(server, tmp_path)
    have = sum(counts(tmp_path).values())
    assert 0 < have < 17
    assert not (tmp_path / "ATTRIBUTION.csv").exists()
    with open(tmp_path / "photos.jsonl", "a", encoding="utf-8") as file:
        file.write('{"taxon": "Ara')  # killed as it wrote
    server.dead_after, server.asked = None, []
    fetch(server, tmp_path)
    assert counts(tmp_path) == COMPLETE
    assert sum(path.startswith("/photos") for path in server.asked) <= 17 - have + 2
    whole = tmp_path / "whole"
    fetch(server, whole)
    assert {row["file"] for row in rows(whole)} == {row["file"] for row in rows(tmp_path)}  # as if nothing had happened


def test_pages_that_repeat_or_end_are_said(server: Server, tmp_path: Path) -> None:
    with pytest.raises(MisconfigurationException, match="too few photos of Araneae: "):
        fetch(server, tmp_path / "few", {"train": (90, 90), "valid": (3, 3)})
    server.repeat_pages = True
    with pytest.raises(MisconfigurationException, match="the same page of Araneae again and again"):
        fetch(server, tmp_path / "same", {"train": (60, 60), "valid": (3, 3)})


def test_fetched_photos_are_read_like_any_others(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch_few(folder: Path, taxa: tuple[str, ...]) -> None:
        assert taxa == ("Araneae", "Scorpiones")
        fetch(server, folder)

    monkeypatch.setattr("practicum.datamodules.images.inaturalist.fetch_inaturalist", fetch_few)
    data = Spiders(source="inaturalist", download_dir=str(tmp_path / "net"), cache=str(tmp_path / "cache"), size=32)
    data.prepare_data()
    data.setup("fit")
    assert data.describe()["classes"] == ["scorpions", "spiders"]
    assert (data.provenance["train"], data.provenance["valid"]) == (12, 5)
    assert data.provenance["source"].startswith("inaturalist: ")
    assert "ATTRIBUTION.csv, SHA-256" in data.provenance["attribution"]
    assert data.known_answer == {}
