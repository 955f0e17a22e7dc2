"""One file from the net: resumed where it broke off, checked by SHA-256, there whole or not at all."""

from __future__ import annotations

import hashlib
import os
import time
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from filelock import FileLock
from practicum.lightning_shim import MisconfigurationException
from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

_BLOCK = 1 << 20


def download(url: str, path: Path, sha256: str, tries: int = 5, pause: float = 1.0) -> Path:
    """Fetch ``url`` to ``path`` unless it is there.

    Args:
        url: Where from.
        path: Where to; until it is whole and checked it is called ``<name>.part``, from which a later call goes on.
        sha256: In hexadecimal, what the whole must have.
        tries: After so many failures in succession it gives up; a try that brought bytes does not count.
        pause: Seconds between tries, doubled each time.

    Returns:
        ``path``.

    Raises:
        MisconfigurationException: The net or the server can't be reached, or sends something else.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    with FileLock(path.with_name(f".{path.name}.lock")):
        if path.is_file():
            return path
        failures = 0
        while True:
            before = part.stat().st_size if part.is_file() else 0
            try:
                _go_on(url, part, before)
                break
            except HTTPError as error:
                if error.code == 416 and before:  # all of it is there
                    break
                reason, final = f"HTTP {error.code}", error.code not in (408, 429) and error.code < 500
            except (OSError, HTTPException) as error:
                reason, final = str(getattr(error, "reason", error)) or type(error).__name__, False
            now = part.stat().st_size if part.is_file() else 0
            failures = 0 if now > before else failures + 1
            if final or failures >= tries:
                raise MisconfigurationException(
                    f"{url}: can't be fetched ({reason}). Without a net here, fetch it elsewhere and give data.root=FILE."
                )
            time.sleep(pause * 2**failures if failures else 0)
        with open(part, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != sha256:
            part.unlink()
            raise MisconfigurationException(
                f"{url}: what came is not what was published (SHA-256 {found[:12]}..., wanted {sha256[:12]}...); it was removed. "
                "Try again, or fetch it elsewhere and give data.root=FILE."
            )
        os.replace(part, path)
    return path


def _go_on(url: str, part: Path, before: int) -> None:
    request = Request(url, headers={"Range": f"bytes={before}-"} if before else {})
    with urlopen(request, timeout=30) as answer:
        if before and answer.status != 206:  # it does not resume
            before = 0
        left = answer.headers.get("Content-Length")
        total = None if left is None else before + int(left)
        columns = ("[progress.description]{task.description}", BarColumn(), DownloadColumn(), TransferSpeedColumn())
        with open(part, "ab" if before else "wb") as file, Progress(*columns, transient=True) as progress:
            task = progress.add_task(f"Fetching {part.stem}", total=total, completed=before)
            while block := answer.read(_BLOCK):
                file.write(block)
                progress.advance(task, len(block))
        if total is not None and part.stat().st_size < total:
            raise ConnectionError("the connection broke off")
