"""The bytes of a text table as UTF-8: unpacked from gzip, decoded, without byte-order mark and without Excel's ``sep=`` line.

A plain UTF-8 file is mapped rather than read, so that it may be larger than memory.
"""

from __future__ import annotations

import codecs
import gzip
import io
import mmap
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

from practicum.lightning_shim import MisconfigurationException

from .say_once import say_once

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
          (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
_SEP_LINE = re.compile(rb'\A"?sep=(\\t|[^"\r\n])?"?(?:\r\n|\n|\r)', re.IGNORECASE)
_BLOCK = 1 << 22
_OTHER_KINDS = {b"PK\x03\x04": "a zip archive or an Excel workbook", b"PAR1": "a Parquet file", b"%PDF": "a PDF",
                b"\xd0\xcf\x11\xe0": "an old Excel workbook", b"BZh": "a bzip2 archive", b"\xfd7zXZ": "an xz archive",
                b"7z\xbc\xaf": "a 7z archive", b"\x28\xb5\x2f\xfd": "a Zstandard archive"}  # fmt: skip


@dataclass(frozen=True)
class TextBytes:
    """A table's text.

    Attributes:
        path: The file.
        data: Its text as UTF-8; for a plain file the file itself, mapped.
        start: Where the header begins in ``data``.
        first_line: Line number of the header in the file.
        separator: The delimiter that Excel's ``sep=`` line names, or ``None``.
        is_plain: Whether the file itself is UTF-8, unpacked and begins with the header (or a byte-order mark).
    """

    path: Path
    data: bytes | mmap.mmap
    start: int
    first_line: int
    separator: str | None
    is_plain: bool

    def text_lines(self) -> io.TextIOWrapper:
        """Open the text from its header on, with line ends as they are."""
        if self.is_plain:
            file = open(self.path, "rb")  # noqa: SIM115  closed by the wrapper
            file.seek(self.start)
            return io.TextIOWrapper(file, encoding="utf-8", newline="")
        return io.TextIOWrapper(io.BytesIO(self.data[self.start :]), encoding="utf-8", newline="")

    def sample(self, size: int) -> str:
        """Whole lines of the first ``size`` bytes; of a longer text without the last, possibly cut line."""
        raw = bytes(self.data[self.start : self.start + size])
        if self.start + size < len(self.data):
            raw = raw[: max(raw.rfind(b"\n"), raw.rfind(b"\r")) + 1] or raw
        return raw.decode("utf-8", "ignore")


def find_encoding(path: Path) -> str:
    """Return a text file's encoding: by its byte-order mark, else UTF-8 where it is valid, UTF-16, or cp1252.

    Args:
        path: The file, possibly gzipped.

    Raises:
        MisconfigurationException: The file is missing, empty, no text, or in none of these encodings.
    """
    with open_source(path) as file:
        head = file.read(4096)
        if not head:
            raise MisconfigurationException(f"{path}: is empty; a header and rows are needed.")
        for mark, name in _MARKS:
            if head.startswith(mark):
                if mark == codecs.BOM_UTF8:
                    require_utf8(path)
                return name
        for magic, kind in _OTHER_KINDS.items():
            if head.startswith(magic):
                raise MisconfigurationException(f"{path}: is {kind}, not a table of text; save it as CSV.")
        even, odd = head[0::2].count(0), head[1::2].count(0)
        if max(even, odd) > 0.3 * len(head) / 2 and min(even, odd) < 0.05 * max(even, odd) + 1:
            return "utf-16-le" if odd > even else "utf-16-be"
        decode = codecs.getincrementaldecoder("utf-8")().decode
        block = head
        try:
            while block:
                decode(block)
                block = file.read(_BLOCK)
            decode(b"", True)
            return "utf-8"
        except UnicodeDecodeError:
            pass
    decode = codecs.getincrementaldecoder("cp1252")().decode
    with open_source(path) as file:
        try:
            while block := file.read(_BLOCK):
                decode(block)
        except UnicodeDecodeError as error:
            raise MisconfigurationException(
                f"{path}: is neither UTF-8 nor cp1252; save it as UTF-8, or name its encoding in csv_format.encoding."
            ) from error
    return "cp1252"


def find_text_encoding(path: Path) -> str:
    """Return the encoding of a text that is no table, and say so if it is none of Unicode's.

    Args:
        path: The file.

    Raises:
        MisconfigurationException: It is no text in an encoding that :func:`find_encoding` knows.
    """
    if not path.stat().st_size:
        return "utf-8"
    with open(path, "rb") as file:
        if file.read(2) == b"\x1f\x8b":  # which find_encoding would read through
            raise MisconfigurationException(f"{path}: is a compressed file, not a text; unpack it first.")
    try:
        encoding = find_encoding(path)
    except MisconfigurationException as error:
        raise MisconfigurationException(f"{path}: is no text in UTF-8 or cp1252; save it as plain text in UTF-8.") from error
    if encoding == "cp1252":
        say_once(f"{path}: is not UTF-8 and is read as cp1252 (Windows); save it as UTF-8 if it has another encoding.")
    return "utf-8-sig" if encoding == "utf-8" else encoding


def require_utf8(path: Path) -> None:
    """Raise unless all of a file is UTF-8, whatever its byte-order mark or its user says.

    Args:
        path: The file, possibly gzipped.

    Raises:
        MisconfigurationException: It is not, or the file is missing or damaged.
    """
    decoder, read = codecs.getincrementaldecoder("utf-8")(), 0
    with open_source(path) as file:
        try:
            while block := file.read(_BLOCK):
                waiting = len(decoder.getstate()[0])  # bytes of a character that began in the block before
                decoder.decode(block)
                read += len(block)
            waiting = len(decoder.getstate()[0])
            decoder.decode(b"", True)
        except UnicodeDecodeError as error:
            raise MisconfigurationException(
                f"{path}: is not UTF-8 (byte {read - waiting + error.start:,}); save it as UTF-8, or name its encoding in "
                "csv_format.encoding."
            ) from error


def open_source(path: Path) -> io.BufferedIOBase:
    """Open a file for reading bytes, unpacked where it is gzipped.

    Raises:
        MisconfigurationException: It is missing or can't be read.
    """
    if not path.is_file():
        raise MisconfigurationException(f"{path}: no such file.")
    try:
        with open(path, "rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        return _Gzip(path) if packed else open(path, "rb")
    except OSError as error:
        raise MisconfigurationException(f"{path}: can't be read ({error.strerror or error}).") from error


class _Gzip(gzip.GzipFile):
    """A gzip file whose damage is reported in one sentence."""

    def read(self, size: int | None = -1) -> bytes:
        try:
            return super().read(size)
        except (OSError, EOFError, zlib.error) as error:
            raise MisconfigurationException(f"{self.name}: can't be unpacked ({error}); copy or download it again.") from error


def read_source(path: Path, encoding: str, limit: int | None = None) -> TextBytes:
    """Open a table's text.

    Args:
        path: The file, possibly gzipped.
        encoding: Its encoding, see :func:`find_encoding`. A byte-order mark counts for more.
        limit: Bytes to read at most, of a file that can't be mapped; ``None``: all.

    Raises:
        MisconfigurationException: The file is missing, empty or damaged, or has another encoding.
    """
    with open_source(path) as file:
        packed = isinstance(file, gzip.GzipFile)
        head = file.read(4)
    encoding = next((name for mark, name in _MARKS if head.startswith(mark)), encoding)
    try:
        plain = not packed and codecs.lookup(encoding).name == "utf-8"
    except LookupError as error:
        raise MisconfigurationException(f"{path}: csv_format.encoding={encoding} is not an encoding, such as cp1252.") from error
    data: bytes | mmap.mmap
    if not head:
        raise MisconfigurationException(f"{path}: is empty; a header and rows are needed.")
    if plain:
        with open(path, "rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    else:
        with open_source(path) as file:
            raw = file.read(-1 if limit is None else limit)
        try:
            decoder = codecs.getincrementaldecoder(encoding)()
            data = decoder.decode(raw, final=limit is None).encode()
        except UnicodeError as error:
            raise MisconfigurationException(f"{path}: is not {encoding} ({error}); save it as UTF-8.") from error
    start = 3 if data[:3] == codecs.BOM_UTF8 else 0
    found = _SEP_LINE.match(bytes(data[start : start + 64]))
    separator = None
    if found:
        start += found.end()
        separator = (found[1] or b"").decode("utf-8", "ignore").replace("\\t", "\t") or None
    if not data[start : start + 4096].strip() and not data[start:].strip():
        raise MisconfigurationException(f"{path}: is empty; a header and rows are needed.")
    return TextBytes(path, data, start, 2 if found else 1, separator, plain and not found)
