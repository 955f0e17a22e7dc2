"""Watch what a piece of code writes: by Python's audit events, and by comparing the files around before and after."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_PATHS = {  # event: which of its arguments are paths that are changed
    "os.rename": (0, 1), "os.remove": (0,), "os.mkdir": (0,), "os.rmdir": (0,), "os.link": (1,), "os.symlink": (1,),
    "os.truncate": (0,), "os.chmod": (0,), "os.utime": (0,), "os.setxattr": (0,),
}  # fmt: skip
_FOLDERS = {"os.remove": 1, "os.mkdir": 2, "os.rmdir": 1}  # event: where the folder that a path is relative to stands
_PROGRAMS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "socket.connect", "pty.spawn")
_HARMLESS = ("/dev/", "/proc/")

_active: list[tuple[list[str], list[str]]] = []  # allowed folders, what was found
_installed = False


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _active:
        return
    if event in _PROGRAMS:
        _active[-1][1].append(f"{event} {str(arguments)[:120]}")
    elif event == "open":
        path, _, flags = arguments
        if isinstance(flags, int) and flags & _WRITES and not isinstance(path, int):
            _check(event, path, final=True)
    elif event in _PATHS:
        at = _FOLDERS.get(event)
        folder = arguments[at] if at is not None and at < len(arguments) else -1
        for each in _PATHS[event]:
            _check(event, arguments[each], folder=folder)


def _check(event: str, path: Any, final: bool = False, folder: Any = -1) -> None:
    if path is None or isinstance(path, int):
        return
    name = os.fsdecode(path)
    if isinstance(folder, int) and folder >= 0:
        name = os.path.join(os.readlink(f"/proc/self/fd/{folder}"), name)
    name = os.path.abspath(name)
    real = os.path.realpath(name) if final else os.path.join(os.path.realpath(os.path.dirname(name)), os.path.basename(name))
    allowed, found = _active[-1]
    if not (real.startswith(_HARMLESS) or "__pycache__" in real or any(f"{real}/".startswith(f"{each}/") for each in allowed)):
        found.append(f"{event} {real}")


@contextmanager
def watched(base: Path, own: Sequence[Path]) -> Iterator[list[str]]:
    """Collect what the block changes outside ``own``: writes anywhere, programs and connections, changed files below ``base``."""
    global _installed  # noqa: PLW0603 - an audit hook stays until the process ends
    if not _installed:
        sys.addaudithook(_hook)
        _installed = True
    found: list[str] = []
    before = _contents(base, own)
    _active.append(([os.path.realpath(each) for each in own], found))
    try:
        yield found
    finally:
        _active.pop()
        after = _contents(base, own)
        found += [f"changed: {path}" for path in sorted({*before, *after}) if before.get(path) != after.get(path)]


def _contents(base: Path, own: Sequence[Path]) -> dict[str, str]:
    """Kind, mode and content of everything below a folder, apart from ``own``."""
    apart, found = {str(each) for each in own}, {}
    for folder, folders, files in os.walk(base):
        folders[:] = [each for each in folders if os.path.join(folder, each) not in apart]
        for name in [*folders, *files]:
            path = os.path.join(folder, name)
            mode = os.lstat(path).st_mode
            if os.path.islink(path):
                content = os.readlink(path)
            elif os.path.isfile(path):
                with open(path, "rb") as file:
                    content = hashlib.file_digest(file, "sha256").hexdigest()
            else:
                content = ""
            found[path] = f"{mode} {content}"
    return found
