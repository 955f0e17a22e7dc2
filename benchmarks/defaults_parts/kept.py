"""Results that are kept: written whole, read again where what was typed and the threads are the same. Imports nothing heavy."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS", "RAYON_NUM_THREADS")


def limit_threads(threads: int | None) -> dict[str, str]:
    """Environment variables that limit the libraries' threads, the tokenizers' (RAYON) among them; ``None``: none of them."""
    return {} if threads is None else dict.fromkeys(_THREADS, str(threads))


def threads_typed(threads: int | None) -> str:
    """What stands for the threads in the command of a kept result."""
    return f"threads={threads or 'all'}"


def kept(path: Path, command: list[str]) -> dict[str, Any] | None:
    """The result of a complete run of this very command; ``None``: there is none."""
    if not path.is_file():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    return found if found["command"] == command and not {"error", "incomplete", "missing"} & {*found} else None


def keep(path: Path, result: dict[str, Any]) -> dict[str, Any]:
    """Write a result, so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(result, indent=1), encoding="utf-8")
    beside.replace(path)
    return result


def revision() -> str:
    """Of the source tree; with a + where files differ from it, but for RESULTS.md; ``unknown`` without git, or no checkout."""
    if shutil.which("git") is None:
        return "unknown"
    found = _git("describe", "--always")
    changed = found and _git("status", "--porcelain", "--untracked-files=no", "--", ":/", ":(exclude)RESULTS.md")
    return f"{found}{'+' if changed else ''}" or "unknown"


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=HERE, capture_output=True, text=True, check=False).stdout.strip()


def last_line(answer: subprocess.CompletedProcess[str]) -> str:
    """What a process said last, at most 300 characters."""
    return last_of(answer.stdout + answer.stderr) or f"ended with {answer.returncode}"


def last_of(text: str) -> str:
    """The last line of a text that is not blank, at most 300 characters; empty if there is none."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""
