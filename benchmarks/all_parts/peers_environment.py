"""The peers' environment: made from a pinned list, reused while the list is the same, there whole or not at all.

It sees the packages of this environment behind its own, so that torch is the same for both sides and lies on the disk once.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from ..defaults_parts.kept import last_line

LIST = Path(__file__).resolve().parents[1] / "peers.txt"
_STAMP = "practicum-peers.txt"
_SITE = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
_FOUND = """
import importlib, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except Exception as error:
        found[name] = f"{type(error).__name__}: {error}"
print(json.dumps(found))
"""
_VERSIONS = """
import importlib.metadata, json, sys
by_module = importlib.metadata.packages_distributions()
found = {name: by_module[name][0] for name in sys.argv[1:] if name in by_module}
print(json.dumps({each: importlib.metadata.version(each) for each in found.values()}))
"""


class PeersFailed(Exception):
    """The environment could not be made; the message is the last line of what pip said."""


def python_of(folder: Path) -> Path:
    """The environment's Python."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def stamp_of(listed: Path) -> str:
    """What an environment was made of: the list, and the Python and the packages that it sees behind its own."""
    content = hashlib.sha256(listed.read_bytes()).hexdigest()
    return f"{content}\n{sys.version}\n{sysconfig.get_paths()['purelib']}\n"


def make_peers(folder: Path, listed: Path = LIST) -> Path:
    """Make the environment, unless it is there and of the same list.

    Args:
        folder: Where it lies; what an interrupted installation left there is replaced.
        listed: Exact versions for pip, which come from its default registry.

    Returns:
        Its Python.

    Raises:
        PeersFailed: It could not be made; nothing is left of it then.
    """
    stamp = folder / _STAMP
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == stamp_of(listed) and python_of(folder).exists():
        return python_of(folder)
    if folder.exists() and not (folder / "pyvenv.cfg").is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise PeersFailed("a folder of that name is there, which is no environment; give another --output")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        _call([sys.executable, "-m", "venv", "--without-pip", str(folder)])
        python = str(python_of(folder))
        site = Path(_call([python, "-c", _SITE]).stdout.strip())
        (site / "behind.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
        _call([*pip, "install", "--quiet", "-r", str(listed)])
        beside = stamp.with_suffix(".part")
        beside.write_text(stamp_of(listed), encoding="utf-8")
        beside.replace(stamp)
    except BaseException:  # also when it is interrupted
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return python_of(folder)


def site_of(python: Path) -> Path:
    """The folder in which an environment's own packages lie."""
    return Path(_call([str(python), "-c", _SITE]).stdout.strip())


def not_importable(python: Path, modules: Iterable[str]) -> dict[str, str]:
    """Of some modules those that an environment can't import, with the error."""
    names = sorted(modules)
    return dict(json.loads(_call([str(python), "-W", "ignore", "-c", _FOUND, *names]).stdout.splitlines()[-1]))


def versions(python: Path, modules: Iterable[str]) -> dict[str, str]:
    """Versions of the packages that some modules come from, by the packages' names."""
    return dict(json.loads(_call([str(python), "-c", _VERSIONS, *sorted(modules)]).stdout.splitlines()[-1]))


def _call(command: list[str]) -> subprocess.CompletedProcess[str]:
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise PeersFailed(last_line(answer))
    return answer
