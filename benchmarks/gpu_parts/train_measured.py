"""``train.py`` itself, and beside it the peak of its GPU memory: written to the file that $PEAK_FILE names, at the end."""

from __future__ import annotations

import atexit
import json
import os
import runpy
import sys
from pathlib import Path


def write_peak() -> None:
    import torch

    if torch.cuda.is_available() and torch.cuda.is_initialized():
        peak = {"peak_gb": torch.cuda.max_memory_allocated() / 1e9, "reserved_gb": torch.cuda.max_memory_reserved() / 1e9}
        Path(os.environ["PEAK_FILE"]).write_text(json.dumps(peak), encoding="utf-8")


if __name__ == "__main__":
    atexit.register(write_peak)
    program = Path(__file__).resolve().parents[2] / "train.py"
    sys.path[0] = str(program.parent)
    sys.argv[0] = str(program)
    runpy.run_path(str(program), run_name="__main__")
