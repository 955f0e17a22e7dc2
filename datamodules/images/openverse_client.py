"""A client of Openverse's search: slow as it asks for, patient when it says so, and wary of what comes back.

**Source.** https://api.openverse.org/v1/. Anonymous searches have 20 results a page and end after 240; one request per second.
"""

from __future__ import annotations

import json
import time
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

API = "https://api.openverse.org/v1/"
USER_AGENT = "practicum (a course's data set for training; one request per second)"
PAGE_SIZE = 20  # the most that it gives without a key
_JSON_BYTES, _PHOTO_BYTES = 4 << 20, 20 << 20
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


class OpenverseError(OSError):
    """Openverse can't be reached, asks to come back later, or answers something else than a search."""


class PhotoUnavailable(OSError):
    """A photo that can't be had now, and perhaps later: Openverse itself answers, but not with it."""


class _SameHost(HTTPRedirectHandler):
    """Follows no redirect to another host: it could lead into the network that this machine is in."""

    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Request | None:
        if urlsplit(newurl)[:2] != urlsplit(req.full_url)[:2]:
            raise HTTPError(req.full_url, code, "a redirect to another host", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class OpenverseClient:
    """Openverse's search, and its small versions of photos (600 pixels wide), which it serves itself.

    Args:
        address: The API's base URL.
        per_second: Requests per second.
        tries: Failures of one request after which it gives up.
        patience: The longest wait, in seconds, that it accepts of ``Retry-After``.
    """

    def __init__(self, address: str = API, per_second: float = 1.0, tries: int = 5, patience: float = 120.0) -> None:
        self.address, self.tries, self.patience = address, tries, patience
        self._pause, self._next = 1 / per_second, 0.0
        self._opener = build_opener(_SameHost)

    def search(self, words: str, licences: str, page: int) -> dict[str, Any]:
        """One page of a search.

        Args:
            words: What is searched for.
            licences: Openverse's codes, separated by commas: ``cc0,by``.
            page: From 1.

        Returns:
            ``results`` (dictionaries with ``id``, ``license``, ``creator`` ...), ``page_count`` and ``result_count``.

        Raises:
            OpenverseError: It can't be reached, wants a longer wait than ``patience``, or answers something else.
        """
        query = urlencode({"q": words, "license": licences, "page": page, "page_size": PAGE_SIZE, "mature": "false"})
        content = b""
        try:
            content = self._get(urljoin(self.address, f"images/?{query}"), "application/json", _JSON_BYTES)
            found = json.loads(content)
            if isinstance(found["results"], list) and all(isinstance(each, dict) for each in found["results"]):
                return {"page_count": int(found["page_count"]), "results": found["results"]}
        except (ValueError, TypeError, KeyError):
            pass
        raise OpenverseError(f"answers something else than a search (it begins with {content[:40]!r})")

    def photo(self, identifier: str) -> bytes:
        """The small version of a photo.

        Args:
            identifier: A result's ``id``.

        Raises:
            OpenverseError: It can't be reached, or wants a longer wait than ``patience``.
            PhotoUnavailable: Its provider fails; it may be there later.
            ValueError: This photo is gone, is too large, or is none.
        """
        return self._get(urljoin(self.address, f"images/{identifier}/thumb/"), "image/", _PHOTO_BYTES)

    def _get(self, url: str, kind: str, most: int) -> bytes:
        """Bytes of one answer, whole, of this kind and not longer than ``most``; a failure that may pass is tried again."""
        failures = 0
        while True:
            time.sleep(max(0.0, self._next - time.monotonic()))
            self._next, wait = time.monotonic() + self._pause, self._pause * 2**failures
            try:
                request = Request(url, headers={"User-Agent": USER_AGENT, "Accept": f"{kind}*" if kind.endswith("/") else kind})
                with self._opener.open(request, timeout=30) as answer:
                    return _whole(answer, kind, most)
            except HTTPError as error:
                reason = f"HTTP {error.code}"
                if error.code not in _AGAIN:
                    # Of a photo 4xx says that its provider has it no longer; of a search, that the search is at fault.
                    raise (ValueError if kind == "image/" else OpenverseError)(f"{reason} {error.reason}") from error
                if kind == "image/" and error.code >= 500 and failures:
                    raise PhotoUnavailable(reason) from error
                wait = max(wait, _retry_after(error.headers.get("Retry-After")))
            except (OSError, HTTPException) as error:
                reason = str(getattr(error, "reason", error)) or type(error).__name__
            failures += 1
            if wait > self.patience:
                raise OpenverseError(f"asks to come back in {wait / 60:.0f} minutes ({reason})")
            if failures == self.tries:
                raise OpenverseError(reason)
            self._next = time.monotonic() + wait


def _whole(answer: Any, kind: str, most: int) -> bytes:
    """The content of an answer.

    Raises:
        ConnectionError: It ended early.
        ValueError: It is of another kind, or too long.
    """
    if not answer.headers.get_content_type().startswith(kind):
        raise ValueError(f"not a picture but {answer.headers.get_content_type()[:40]}" if kind == "image/" else "no JSON")
    content = bytes(answer.read(most + 1))
    if len(content) > most:
        raise ValueError(f"larger than {most >> 20} MB")
    length = answer.headers.get("Content-Length")
    if length and length.strip().isdigit() and len(content) < int(length):
        raise ConnectionError("the connection was interrupted")
    return content


def _retry_after(value: str | None) -> float:
    """Seconds of a ``Retry-After`` header: a number, or a date; 0 where it says neither."""
    if value is None:
        return 0.0
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError):
        return 0.0
