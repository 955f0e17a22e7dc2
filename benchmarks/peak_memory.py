"""Seconds of a child process, and the most memory that it held."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

# The peak of a process counts what it held before it became another program, a copy of its parent: so the parent is a small one.
WRAPPER = """
import os, sys
status, usage = os.wait4(os.spawnvp(os.P_NOWAIT, sys.argv[1], sys.argv[1:]), 0)[1:]
print(usage.ru_maxrss, file=open(3, "w"))
sys.exit(os.waitstatus_to_exitcode(status) % 256)
"""


def run(command: Sequence[str], log: Path, environment: Mapping[str, str]) -> tuple[int, float, float]:
    """Run a command, with what it prints in a file.

    Returns:
        Its exit code, seconds, and the largest resident memory in bytes of it or of one of its children: they are not added up.
    """
    began = time.perf_counter()
    with open(log, "w", encoding="utf-8") as file, tempfile.NamedTemporaryFile("r", encoding="utf-8") as peak:
        wrapper = [sys.executable, "-c", WRAPPER.replace("open(3", f"open({peak.name!r}"), *command]
        code = subprocess.run(wrapper, stdout=file, stderr=subprocess.STDOUT, env=dict(environment), check=False).returncode
        kibibytes = float(peak.read())
    return code, time.perf_counter() - began, kibibytes * (1 if sys.platform == "darwin" else 1024)
