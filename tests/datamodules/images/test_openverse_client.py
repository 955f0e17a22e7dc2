"""The client of Openverse: it waits as it is told, tries again, and takes nothing but what was asked for."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest
from practicum.datamodules.images.openverse_client import OpenverseClient, OpenverseError, PhotoUnavailable

Answer = tuple[int, dict[str, str], bytes]
PAGE: Answer = (200, {"Content-Type": "application/json"}, json.dumps({"results": [], "page_count": 0}).encode())


class Answers:
    """Answers in turn, the last one again and again; keeps when it was asked, and by whom."""

    def __init__(self, *answers: Answer) -> None:
        self.answers, self.at = list(answers), list[float]()

    def __call__(self, path: str, query: dict[str, str]) -> Answer:
        self.at.append(time.monotonic())
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def asked(serve: Callable[[Any], str]) -> Callable[..., tuple[OpenverseClient, Answers]]:
    def make(*answers: Answer, **options: Any) -> tuple[OpenverseClient, Answers]:
        server = Answers(*answers)
        return OpenverseClient(f"{serve(server)}/v1/", **{"per_second": 1000, **options}), server

    return make


def test_one_request_after_another_at_its_pace(asked: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    client, server = asked(PAGE, per_second=0.01)
    monkeypatch.setattr("practicum.datamodules.images.openverse_client.time.sleep", slept.append)
    for page in (1, 2, 3):
        client.search("spider", "cc0", page)
    assert len(server.at) == 3
    assert slept[0] == 0.0
    assert all(50 < seconds <= 100 for seconds in slept[1:])
    assert OpenverseClient()._pause == 1.0
    assert OpenverseClient().address == "https://api.openverse.org/v1/"


@pytest.mark.parametrize("date", [False, True])
def test_it_waits_as_it_is_told(asked: Callable[..., Any], date: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    client, server = asked((429, {"Retry-After": formatdate(time.time() + 60, usegmt=True) if date else "60"}, b"{}"), PAGE)
    monkeypatch.setattr("practicum.datamodules.images.openverse_client.time.sleep", slept.append)
    assert client.search("spider", "cc0", 1)["results"] == []
    assert len(server.at) == 2
    assert 55 < slept[-1] <= 60


def test_what_may_pass_is_tried_again_and_what_may_not_isnt(asked: Callable[..., Any]) -> None:
    client, server = asked((503, {}, b""), (200, {"Content-Type": "application/json", "Content-Length": "99"}, b'{"re'), PAGE)
    assert client.search("spider", "cc0", 1)["page_count"] == 0
    assert len(server.at) == 3
    client, server = asked((400, {}, b"{}"))
    with pytest.raises(OpenverseError, match="HTTP 400"):
        client.search("spider", "cc0", 99)
    assert len(server.at) == 1
    client, server = asked((500, {}, b""), tries=3)
    with pytest.raises(OpenverseError, match="HTTP 500"):
        client.search("spider", "cc0", 1)
    assert len(server.at) == 3
    with pytest.raises(PhotoUnavailable, match="HTTP 500"):
        client.photo("0")
    with pytest.raises(OpenverseError, match="refused"):
        OpenverseClient("http://127.0.0.1:1/v1/", per_second=1000, tries=2).search("spider", "cc0", 1)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("text/html", b"<html>"),
        ("application/json", b"[]"),
        ("application/json", b'{"results": [3], "page_count": 1}'),
        ("application/json", b'{"detail": "x"}'),
    ],
)
def test_another_answer_than_a_search_is_said(asked: Callable[..., Any], kind: str, content: bytes) -> None:
    client, _ = asked((200, {"Content-Type": kind}, content))
    with pytest.raises(OpenverseError, match="something else than a search"):
        client.search("spider", "cc0", 1)
