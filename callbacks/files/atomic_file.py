"""Files written atomically: a reader finds the old content or the new, never a part."""

from __future__ import annotations

import codecs
import csv
import errno
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from practicum.lightning_shim import MisconfigurationException

from .os_errors import as_os_error

_NAME_BYTES = 220
# Others that a library tells of may be of a file that it reads.
_OF_WRITING = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    codes = [ord(each) for each in error.object[error.start : error.end]]
    # U+DC80 to U+DCFF stand for the bytes of a file name that are no UTF-8 (PEP 383).
    return "".join(f"\\x{c - 0xDC00:02x}" if 0xDC80 <= c <= 0xDCFF else f"\\u{c:04x}" for c in codes), error.end


ESCAPE = "practicum-escape"  # for open(..., encoding="utf-8", errors=ESCAPE)
codecs.register_error(ESCAPE, _escaped)


def as_utf8(text: str) -> str:
    r"""Return a text that UTF-8 can hold: bytes of a file name that are no UTF-8 become ``\xNN``.

    Args:
        text: Such as a path that the system returned.

    Example:
        >>> from practicum.callbacks.files.atomic_file import as_utf8
        >>> print(as_utf8("caf\udce9.jpg"))
        caf\xe9.jpg
    """
    return text.encode(errors=ESCAPE).decode()


def require_replaceable(path: Path) -> None:
    """Refuse what a new file must not take the place of.

    Args:
        path: The file to be written.

    Raises:
        MisconfigurationException: There is a device or a pipe.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise MisconfigurationException(f"{path}: is a device or a pipe, which would be replaced; name a file.")


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` to write to.

    It is renamed to ``path`` when the block succeeds and removed when it fails. Missing folders are made.

    Args:
        path: The file to write.

    Raises:
        MisconfigurationException: There is a device or a pipe.
        OSError: It can't be written. ``filename`` names it, also where a library raised an error of its own.
    """
    require_replaceable(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    short = os.fsencode(path.name)[:_NAME_BYTES].decode(errors="ignore")  # file systems allow 255 bytes
    beside = path.with_name(f".{short}.{os.getpid()}.part")
    try:
        yield beside
        with open(beside, "rb+") as file:  # Windows syncs only what is open for writing
            os.fsync(file.fileno())  # or after a power cut the new name may lead to an empty file
        os.replace(beside, path)
    except Exception as error:
        known = as_os_error(error)
        if known is None or (known is not error and known.errno not in _OF_WRITING):
            raise
        if known.filename in (None, str(beside)):  # a write to a full disk doesn't say where
            known.filename = str(path)
        if known is error:
            raise
        raise known from error
    finally:
        beside.unlink(missing_ok=True)


def write_csv(path: Path, header: Iterable[Any], rows: Iterable[Iterable[Any]]) -> None:
    """Write a CSV in UTF-8 atomically, row by row; file names that are no UTF-8 are written as :func:`as_utf8` has them."""
    with atomic_write(path) as beside, open(beside, "w", newline="", encoding="utf-8", errors=ESCAPE) as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def write_columns(path: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    """Write columns of equal length as a CSV, atomically.

    Args:
        path: The CSV.
        columns: By name.

    Raises:
        ValueError: The columns differ in length.
    """
    write_csv(path, columns, zip(*columns.values(), strict=True))
