"""Tell one's own run folders from a stranger's: ``resume=RUN`` runs whatever the overrides kept in the folder name.

When a run starts, its overrides are signed with a key that only this user has (HMAC-SHA256, key in ``~/.local/share/practicum``,
or below ``XDG_DATA_HOME``), and the signature is kept in ``.hydra/signature``. A folder that was moved or copied stays one's own;
overrides that someone else wrote or changed have no signature of this user.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

log = logging.getLogger(__name__)

_NAME = "signature"


def sign(run: Path, overrides: Sequence[str]) -> None:
    """Note in a run folder that this user started it, or continues it, with these overrides.

    Earlier signatures stay: a run may be killed before its new overrides are written.

    Args:
        run: The run folder.
        overrides: Those of the run, and of where Hydra searches.
    """
    key = _key(make=True)
    if key is None:
        log.info("The run can't be signed as there is no home directory to keep a key in; resuming it will need trust=true.")
        return
    line = _signature(key, overrides)
    path = run / ".hydra" / _NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    if line not in _lines(path):
        with open(path, "a", encoding="ascii") as file:
            file.write(f"{line}\n")


def is_own(run: Path, overrides: Sequence[str]) -> bool:
    """Whether this user signed these overrides of a run.

    Args:
        run: The run folder.
        overrides: As they are in the folder now.
    """
    key = _key(make=False)
    lines = _lines(run / ".hydra" / _NAME)
    return key is not None and any(hmac.compare_digest(line, _signature(key, overrides)) for line in lines)


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_bytes()[:1_000_000].decode("ascii", errors="replace")
    except OSError:
        return []
    return [line for line in text.split() if line.isascii()]


def _signature(key: bytes, overrides: Sequence[str]) -> str:
    message = json.dumps(list(overrides)).encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def _key(make: bool) -> bytes | None:
    """Key of this user; a new one where there is none and ``make`` is true."""
    try:
        home = os.environ.get("XDG_DATA_HOME")
        path = (Path(home) if home else Path.home() / ".local" / "share") / "practicum" / "key"
        if make and not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            new = path.with_name(f".key.{os.getpid()}.{secrets.token_hex(4)}")
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_hex(32).encode())
            try:
                os.link(new, path)  # another process may have been first: its key is the key
            except FileExistsError:
                pass
            finally:
                new.unlink()
        key = path.read_bytes().strip()
    except (OSError, RuntimeError):  # no home, or one that can't be written to
        return None
    return key if len(key) >= 64 else None
