"""Download one file: resumed after interruptions, verified by SHA-256, complete or absent."""

from __future__ import annotations

import hashlib
import os
import re
import time
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from filelock import FileLock
from practicum.lightning_shim import MisconfigurationException
from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

from .quoting import plain

_BLOCK = 1 << 20


def download(url: str, path: Path, sha256: str, tries: int = 5, pause: float = 1.0) -> Path:
    """Download ``url`` to ``path`` unless that exists.

    Args:
        url: Address of the file.
        path: The target; until the file is complete and verified it is called ``<name>.part``, which a later call resumes.
        sha256: Expected digest, in hexadecimal.
        tries: Failures in succession after which it gives up; a try that received bytes does not count.
        pause: Seconds between tries, doubled each time.

    Returns:
        ``path``.

    Raises:
        MisconfigurationException: The server can't be reached, or sends another file.
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
                _resume(url, part, before)
                break
            except HTTPError as error:
                if error.code == 416 and before:  # nothing is missing
                    break
                reason, final = f"HTTP {error.code}", error.code not in (408, 429) and error.code < 500
            except (OSError, HTTPException) as error:
                reason, final = plain(str(getattr(error, "reason", error)), 200) or type(error).__name__, False
            now = part.stat().st_size if part.is_file() else 0
            failures = 0 if now > before else failures + 1
            if final or failures >= tries:
                raise MisconfigurationException(
                    f"{url}: can't be downloaded ({reason}). Without internet access, download it elsewhere and set root=FILE."
                )
            time.sleep(pause * 2**failures if failures else 0)
        with open(part, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != sha256:
            part.unlink()
            raise MisconfigurationException(
                f"{url}: the file is not the published one (SHA-256 {found[:12]}..., expected {sha256[:12]}...); it was removed. "
                "Try again, or download it elsewhere and set root=FILE."
            )
        os.replace(part, path)
    return path


def _resume(url: str, part: Path, before: int) -> None:
    request = Request(url, headers={"Range": f"bytes={before}-"} if before else {})
    with urlopen(request, timeout=30) as answer:
        if before and answer.status != 206:  # the server does not resume
            before = 0
        remaining = answer.headers.get("Content-Length")
        total = before + int(remaining) if re.fullmatch(r"\s*[0-9]{1,18}\s*", remaining or "") else None
        columns = ("[progress.description]{task.description}", BarColumn(), DownloadColumn(), TransferSpeedColumn())
        with open(part, "ab" if before else "wb") as file, Progress(*columns, transient=True) as progress:
            task = progress.add_task(f"Downloading {part.stem}", total=total, completed=before)
            while block := answer.read(_BLOCK):
                file.write(block)
                progress.advance(task, len(block))
        if total is not None and part.stat().st_size < total:
            raise ConnectionError("the connection was interrupted")
