"""The file of results: whole at any time, and several processes may add to it. Imports nothing heavy."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Found = dict[str, Any]


def read_results(path: Path) -> Found:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


@contextmanager
def change_results(path: Path) -> Iterator[Found]:
    """Change what is in the file, one process at a time; it is replaced at once, so a kill leaves the one before."""
    with open(path.with_name(f".{path.name}.lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        results = read_results(path)
        yield results
        beside = path.with_suffix(".unfinished")
        beside.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        os.replace(beside, path)
