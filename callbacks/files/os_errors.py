"""Errors of the system under other names: what polars, safetensors and NumPy raise where a disk is full."""

from __future__ import annotations

import errno
import os
import re

_RUST = re.compile(r"\(os error (\d+)\)(?:: (\S.*))?")  # as libraries written in Rust say it; at times with the file
_NUMPY = re.compile(r"\d+ requested and \d+ written")  # numpy.ndarray.tofile, which tells no more


def as_os_error(error: BaseException) -> OSError | None:
    """The error of the system that another one tells of.

    Args:
        error: Any error.

    Returns:
        An ``OSError`` with its number; ``error`` itself if it is one; ``None`` where it tells of none.

    Example:
        >>> from practicum.callbacks.files.os_errors import as_os_error
        >>> as_os_error(RuntimeError("parquet: No space left on device (os error 28)"))
        OSError(28, 'No space left on device')
        >>> as_os_error(RuntimeError("parquet: no such column")) is None
        True
    """
    if isinstance(error, OSError) and error.errno is not None:
        return error
    said = str(error)
    if isinstance(error, OSError) and _NUMPY.search(said):
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    found = _RUST.search(said)
    if found is not None and os.name == "nt":  # there Rust tells the system's own number
        return OSError(0, "", found[2], int(found[1]))
    if found is not None:
        return OSError(int(found[1]), os.strerror(int(found[1])), *([found[2]] if found[2] else []))
    return error if isinstance(error, OSError) else None
