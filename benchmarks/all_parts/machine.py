"""The machine and its limits, measured in a process of its own: ``python -m benchmarks.all_parts.machine`` prints JSON."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

SIDE, TURNS = 768, 80  # a product of .9 GFLOP
CHANNELS, PHOTOS, PIXELS = 256, 4, 28  # a convolution of 3.7, pixels of what comes out


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

    It is measured by itself and as a convolution of 3 x 3, whichever is quicker: torch has MKL for the one and oneDNN for the
    other, and on a Zen 5 processor MKL's in 32 bit are half as fast as oneDNN's, which ``nn.LSTM`` has, too. With one thread the
    processor's time is measured, which other work does not lengthen.

    Args:
        precision: ``32-true`` or ``bf16-mixed``.
    """
    import torch

    kind = torch.bfloat16 if precision == "bf16-mixed" else torch.float32
    generator = torch.Generator().manual_seed(1)
    a, b = (torch.randn(SIDE, SIDE, generator=generator).to(kind) for _ in range(2))
    photos = torch.randn(PHOTOS, CHANNELS, PIXELS + 2, PIXELS + 2, generator=generator).to(kind)
    weights = torch.randn(CHANNELS, CHANNELS, 3, 3, generator=generator).to(kind)
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter

    def fastest(compute: Callable[[], object], turns: int) -> float:
        seconds = []
        for _ in range(turns):
            started = clock()
            compute()
            seconds.append(clock() - started)
        return min(seconds)

    product = 2 * SIDE**3 / fastest(lambda: torch.mm(a, b), TURNS)
    multiplied = 2 * PHOTOS * PIXELS**2 * CHANNELS**2 * 9
    convolution = multiplied / fastest(lambda: torch.conv2d(photos, weights), TURNS // 2)
    return max(product, convolution) / 1e9


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
