"""Photos by an open search, against a local server that answers in Openverse's form, with what goes wrong on a network."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from practicum.datamodules import Spiders
from practicum.datamodules.images.openverse import Openverse, fetch_openverse, searches_of
from practicum.datamodules.images.openverse_client import OpenverseClient
from practicum.lightning_shim import MisconfigurationException

WANTED = {"spiders": ("spider",), "scorpions": ("desert scorpion", "emperor scorpion")}
OFFSET = {"spider": 0, "desert scorpion": 100, "emperor scorpion": 110}


def identifier(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def picture(seed: int, form: str = "JPEG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (40, 50, 3), dtype=np.uint8)).save(file, form)
    return file.getvalue()


def result(number: int) -> dict[str, Any]:
    """A photo as Openverse describes it."""
    return {
        "id": identifier(number),
        "title": f"Photo\n {number}",
        "creator": f"Author {number}, Ltd.",
        "creator_url": "https://example.org/author",
        "url": f"https://example.org/{number}.jpg",
        "thumbnail": f"https://example.org/v1/images/{identifier(number)}/thumb/",
        "foreign_landing_url": f"https://example.org/photo/{number}",
        "license": "by-sa",
        "license_version": "2.0",
        "license_url": "https://creativecommons.org/licenses/by-sa/2.0/",
        "attribution": f'"Photo {number}" by Author {number} is licensed under CC BY-SA 2.0.',
    }


class Shop:
    """Twenty photos of each search, in pages of eight; what a test changes of it goes wrong."""

    def __init__(self) -> None:
        self.results = {words: [result(offset + i) for i in range(20)] for words, offset in OFFSET.items()}
        self.photos: dict[int, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        self.until: int | None = None  # then nothing is answered any more

    def __call__(self, path: str, query: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        self.asked.append(path)
        if self.until is not None and len(self.asked) > self.until:
            return 429, {"Retry-After": "7200"}, b"{}"
        if path == "/v1/images/":
            assert query["page_size"] == "20"
            assert query["license"] == "cc0,pdm,by,by-sa,by-nc,by-nc-sa"
            found, page = self.results[query["q"]], int(query["page"])
            answer = {"result_count": len(found), "page_count": -(-len(found) // 8), "page": page, "page_size": 8}
            answer["results"] = found[8 * (page - 1) : 8 * page]
            return 200, {"Content-Type": "application/json"}, json.dumps(answer).encode()
        number = int(path.split("/")[3][-12:])
        return self.photos.get(number, (200, {"Content-Type": "image/jpeg"}, picture(number)))


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def client(shop: Shop, serve: Callable[[Any], str]) -> OpenverseClient:
    return OpenverseClient(f"{serve(shop)}/v1/", per_second=10_000)


def counts(folder: Path) -> Counter[str]:
    return Counter(path.parent.name for path in folder.rglob("*") if path.suffix in (".jpg", ".png", ".webp"))


def credits_in(folder: Path) -> list[dict[str, str]]:
    with open(folder / "ATTRIBUTION.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def reasons(folder: Path) -> dict[int, str]:
    lines = map(json.loads, (folder / "photos.jsonl").read_text(encoding="utf-8").splitlines())
    return {int(each["photo"][-12:]): each["reason"] for each in lines if each["reason"]}


def test_all_that_is_found_with_its_credits(shop: Shop, client: OpenverseClient, tmp_path: Path) -> None:
    fetch_openverse(tmp_path, WANTED, client=client)
    # The two searches of scorpions have ten photos in common.
    assert counts(tmp_path) == {"spiders": 20, "scorpions": 30}
    rows = credits_in(tmp_path)
    assert rows[-1] == {
        "file": f"spiders/{identifier(19)}.jpg",
        "title": "Photo 19",
        "creator": "Author 19, Ltd.",
        "creator_url": "https://example.org/author",
        "licence": "by-sa 2.0",
        "licence_url": "https://creativecommons.org/licenses/by-sa/2.0/",
        "page": "https://example.org/photo/19",
        "attribution": '"Photo 19" by Author 19 is licensed under CC BY-SA 2.0.',
        "sha256": rows[-1]["sha256"],
    }
    assert {row["file"] for row in rows} == {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.jpg")}
    assert max(Counter(path for path in shop.asked if "thumb" in path).values()) == 1
    before = len(shop.asked)
    fetch_openverse(tmp_path, WANTED, client=client)
    assert len(shop.asked) == before  # complete: nothing is asked again


def test_what_is_no_photo_is_left_out_and_said(shop: Shop, client: OpenverseClient, tmp_path: Path) -> None:
    jpeg = {"Content-Type": "image/jpeg"}
    shop.photos = {
        0: (200, {"Content-Type": "text/html"}, b"<html>gone</html>"),
        1: (200, jpeg, b"<html>a page that says it is a photo</html>"),
        2: (200, jpeg, picture(2)[:-700]),
        3: (404, {}, b"{}"),
        4: (200, {"Content-Type": "image/svg+xml"}, b"<svg/>"),
        5: (200, jpeg, picture(6)),  # photo 6 under another number
        7: (200, {"Content-Type": "image/webp"}, picture(7, "WEBP")),
        8: (302, {"Location": "http://localhost:1/secret"}, b""),
        9: (200, {**jpeg, "Content-Length": str(21 << 20)}, b"\xff" * (21 << 20)),
    }
    spiders = shop.results["spider"]
    spiders[10]["license"], spiders[11]["id"], spiders[12]["id"] = "by-nd", "../../../etc/passwd", None
    spiders += [result(number) for number in range(20, 30)]
    fetch_openverse(tmp_path, WANTED, client=client)
    assert reasons(tmp_path) == {
        0: "not a picture but text/html",
        1: "not an image",
        2: reasons(tmp_path)[2],
        3: "HTTP 404 Not Found",
        4: "SVG: convert it to PNG or JPEG",
        6: "duplicate",
        8: "HTTP 302 a redirect to another host",
        9: "larger than 20 MB",
        10: "licence by-nd",
    }
    assert "truncated" in reasons(tmp_path)[2]
    assert (tmp_path / "spiders" / f"{identifier(7)}.webp").is_file()
    assert counts(tmp_path) == {"spiders": 30 - 9 - 2, "scorpions": 30}
    assert not list(tmp_path.rglob("*.part"))


def test_a_fetch_that_is_broken_off_is_gone_on_with(shop: Shop, client: OpenverseClient, tmp_path: Path) -> None:
    shop.until = 20
    with pytest.raises(MisconfigurationException, match="come back in 120 minutes .*; 17 photos are in .*continues from there"):
        fetch_openverse(tmp_path, WANTED, client=client)
    assert not (tmp_path / "ATTRIBUTION.csv").exists()
    with open(tmp_path / "photos.jsonl", "a", encoding="utf-8") as file:
        file.write('{"label": "spi')  # killed as it wrote a line
    (tmp_path / ".photo.part").write_bytes(picture(0)[:100])  # ... or a photo
    (tmp_path / "spiders" / f"{identifier(1)}.jpg").unlink()
    shop.until, shop.asked = None, []
    fetch_openverse(tmp_path, WANTED, client=client)
    assert counts(tmp_path) == {"spiders": 20, "scorpions": 30}
    assert sum("thumb" in path for path in shop.asked) == 50 - 17 + 1
    whole = tmp_path / "whole"
    fetch_openverse(whole, WANTED, client=client)
    assert sorted(map(str, credits_in(whole))) == sorted(map(str, credits_in(tmp_path)))


def test_a_photo_that_fails_is_passed_over_and_many_end_it(shop: Shop, client: OpenverseClient, tmp_path: Path) -> None:
    shop.photos = dict.fromkeys((0, 1, 5), (500, {}, b""))
    fetch_openverse(tmp_path, WANTED, client=client)
    assert counts(tmp_path)["spiders"] == 17
    shop.photos = dict.fromkeys(range(20), (500, {}, b""))
    with pytest.raises(MisconfigurationException, match=r"Openverse: its photos can't be had \(HTTP 500\); 0 photos are in"):
        fetch_openverse(tmp_path / "down", WANTED, client=client)


def test_as_many_as_wanted_and_too_few(client: OpenverseClient, tmp_path: Path) -> None:
    fetch_openverse(tmp_path, WANTED, 12, client)
    assert counts(tmp_path) == {"spiders": 12, "scorpions": 12}
    few = {"spiders": ("spider",), "scorpions": ("nothing like it",)}
    client_of_nothing = OpenverseClient(client.address, per_second=10_000)
    client_of_nothing.search = lambda words, licences, page: (  # type: ignore[method-assign]
        client.search(words, licences, page) if words in OFFSET else {"results": [], "page_count": 0}
    )
    with pytest.raises(MisconfigurationException, match=r"0 photos of class scorpions \(nothing like it\), which is too few"):
        fetch_openverse(tmp_path / "few", few, client=client_of_nothing)


@pytest.mark.parametrize(
    ("queries", "named"),
    [
        ({"spiders": "spider"}, "at least two classes"),
        ({}, "at least two classes"),
        ({"Spiders": "spider", "spiders": "tarantula"}, "class spiders is there twice"),
        ({"spiders": "spider", "scorpions": " "}, "class scorpions has no words"),
        ({"spiders": "spider", "scorpions": []}, "class scorpions has no words"),
        ({"../up": "spider", "scorpions": "s"}, "can't be a class"),
        ({"train": "steam train", "scorpions": "s"}, "can't be a class.*not the name of a split"),
    ],
)
def test_queries_that_cant_be(queries: Any, named: str, tmp_path: Path) -> None:
    with pytest.raises(MisconfigurationException, match=named):
        searches_of(queries)
    with pytest.raises(MisconfigurationException, match=named):
        Spiders(source="openverse", queries=queries)


def test_classes_may_be_numbers(tmp_path: Path) -> None:
    numbers: Any = {1905: "photo 1905", 2005: "photo 2005"}  # as YAML reads them
    assert Openverse(numbers, tmp_path).path.name.startswith("1905-2005-")


def test_found_photos_are_cleaned_and_read_like_any_others(
    client: OpenverseClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("practicum.datamodules.images.openverse.OpenverseClient", lambda: client)
    words = {name: list(searches) for name, searches in WANTED.items()}
    data = Spiders(source="openverse", queries=words, openverse_dir=str(tmp_path / "net"), cache=str(tmp_path / "cache"), size=32)
    data.prepare_data()
    data.setup("fit")
    assert data.describe()["classes"] == ["scorpions", "spiders"]
    assert data.provenance["train"] + data.provenance["valid"] == 50
    assert data.provenance["source"].startswith("openverse: ")
    assert "ATTRIBUTION.csv, SHA-256" in data.provenance["attribution"]
    assert data.known_answer == {}
