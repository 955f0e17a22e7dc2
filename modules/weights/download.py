"""Download one file whose size is known: continued where the connection broke off, and never more of it than expected.

Its twin is ``datamodules/files/download.py``: modules and data modules know nothing of each other. That one demands a SHA-256;
here only the size is known, and whoever calls checks the content.
"""

from __future__ import annotations

import re
import time
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

_BLOCK = 1 << 20
_TIMEOUT = 20  # seconds without an answer


class DownloadError(Exception):
    """The file did not come; the message is the reason.

    Args:
        reason: What went wrong, in a few words.
        final: Whether another try would be of no use.
        unreachable: Whether there was no answer at all.
    """

    def __init__(self, reason: str, final: bool = False, unreachable: bool = False) -> None:
        super().__init__(reason)
        self.final, self.unreachable = final, unreachable


def download(url: str, path: Path, size: int, tries: int = 5, pause: float = 1.0) -> None:
    """Download ``url`` to ``path``, or what an earlier call left out of it.

    Args:
        url: Address of the file.
        path: The target; it has fewer than ``size`` bytes until this returns.
        size: Bytes of the file.
        tries: Failures in succession after which it gives up; a try that received bytes does not count.
        pause: Seconds between tries, doubled each time.

    Raises:
        DownloadError: The server can't be reached (said at once, unless it was there before), refuses, or has a file of another
            size.
        OSError: ``path`` can't be written.
    """
    failures, reached = 0, False
    while (before := _size(path)) < size:
        try:
            _append(url, path, before, size)
        except DownloadError as error:
            received = _size(path) > before
            reached = reached or received
            failures = 0 if received else failures + 1
            if error.final or (error.unreachable and not reached) or failures >= tries:
                raise
            time.sleep(pause * 2**failures if failures else 0)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _append(url: str, path: Path, before: int, size: int) -> None:
    with _request(url, before) as answer:
        start = before if answer.status == 206 else 0  # 200: the server does not resume
        total = _total(answer)
        if total not in (None, size):
            raise DownloadError(f"the server's file has {total:,} bytes, expected {size:,}", final=True)
        columns = ("[progress.description]{task.description}", BarColumn(), DownloadColumn(), TransferSpeedColumn())
        with open(path, "ab" if start else "wb") as file, Progress(*columns, transient=True) as progress:
            task = progress.add_task(f"Downloading {url.rpartition('/')[2]}", total=size, completed=start)
            while start < size:
                block = _read(answer, min(_BLOCK, size - start))
                file.write(block)
                start += len(block)
                progress.advance(task, len(block))


def _request(url: str, before: int) -> HTTPResponse:
    try:
        answer: HTTPResponse = urlopen(Request(url, headers={"Range": f"bytes={before}-"} if before else {}), timeout=_TIMEOUT)
    except HTTPError as error:
        with error:
            raise DownloadError(f"HTTP {error.code}", final=error.code not in (408, 429) and error.code < 500) from error
    except (OSError, HTTPException) as error:
        raise DownloadError(_reason(error), unreachable=True) from error
    return answer


def _read(answer: HTTPResponse, length: int) -> bytes:
    try:
        block = answer.read1(length)  # what is there already: after a break, none of it is asked for again
    except (OSError, HTTPException) as error:
        raise DownloadError(_reason(error)) from error
    if not block:
        raise DownloadError("the connection was interrupted")
    return block


def _total(answer: HTTPResponse) -> int | None:
    """Bytes of the whole file, as the server states them; ``None``: it doesn't."""
    header = answer.headers.get("Content-Range" if answer.status == 206 else "Content-Length", "")
    stated = re.fullmatch(r"(?:bytes [0-9]{1,18}-[0-9]{1,18}/)?([0-9]{1,18})", header.strip())
    return int(stated[1]) if stated else None


def _reason(error: Exception) -> str:
    return " ".join(str(getattr(error, "reason", error)).split())[:200] or type(error).__name__
