"""The machine and its limits, measured in a process of its own: ``python -m benchmarks.all_parts.machine`` prints JSON."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

SIDE, TURNS = 768, 80  # a product of .9 GFLOP


def processor() -> str:
    """What the processor calls itself."""
    path = Path("/proc/cpuinfo")
    if path.is_file():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def product_gflops(precision: str) -> float:
    """Operations per second of a large matrix product, in 1e9: the fastest of some, as other work on the machine only slows.

    With one thread it is the processor's time that is measured, which other work does not lengthen.

    Args:
        precision: ``32-true`` or ``bf16-mixed``.
    """
    import torch

    kind = torch.bfloat16 if precision == "bf16-mixed" else torch.float32
    generator = torch.Generator().manual_seed(1)
    a, b = (torch.randn(SIDE, SIDE, generator=generator).to(kind) for _ in range(2))
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    seconds = []
    for _ in range(TURNS):
        started = clock()
        torch.mm(a, b)
        seconds.append(clock() - started)
    return 2 * SIDE**3 / min(seconds) / 1e9


def packages() -> dict[str, str]:
    """Versions of what ours runs on."""
    found = {"Python": platform.python_version()}
    for name in ("torch", "torchvision", "timm", "polars", "lightning", "pytorch-lightning"):
        try:
            found["Lightning" if "lightning" in name else name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def describe() -> dict[str, Any]:
    """All of it."""
    import torch

    return {
        "processor": processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "usable cores": cores(),
        "threads": torch.get_num_threads(),
        "packages": packages(),
        "product, GFLOP/s": {kind: round(product_gflops(kind), 1) for kind in ("32-true", "bf16-mixed")},
    }


if __name__ == "__main__":
    json.dump(describe(), sys.stdout)
