"""Everything on one GPU: that all techniques train on it and resume bit-equal, how fast beside bare loops, and how much memory.

    python benchmarks/gpu.py --output DIR                        five minutes on an H100 with 16 cores; writes DIR/gpu.json
    python benchmarks/gpu.py --output DIR --parts photos,resume  some parts
    python benchmarks/gpu.py --output DIR --tiny                 a few steps of each on a CPU: that it runs, nothing is measured

- peak: operations per second of a large bfloat16 matrix product, bytes per second of a large copy: the machine's limits;
- trains: all eight techniques by train.py, in bfloat16, several runs at a time: fine-tuning of ResNeXt-50 and VGG-16 from random
  weights (there is no network) and of EfficientNet-Lite0 from ImageNet's, range tests, restarts, views made on the device,
  test-time augmentation, language models, a classifier on one, tables, ratings; with the peak of each run's memory;
- photos, language, tables, ratings: items per second beside a bare PyTorch loop of the same work, and fastai's where installed;
- resume: runs are killed, resumed and compared bit by bit with uninterrupted ones, ``trainer.deterministic=true``;
- compiled_tables, compiled_photos: ``torch.compile`` on and off.

Each number is the median of blocks of steps after a warm-up; the device is waited for at the ends of blocks. How operations are
counted is in gpu_parts/flops.py. Each part is a process of its own: one that fails leaves its traceback in the file as ``error``,
the others go on, and the exit code is 1. One that exceeds its limit is stopped; what it has found by then is kept. Only trains
and resume, which measure no time, run at the same time. Data are synthetic and made on the fly. Needs no installed practicum:
without one, this tree is used. gpu_wheels.txt lists what a machine without a network needs.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import traceback
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PARTS = {  # and the seconds after which each is stopped
    "peak": 60,
    "trains": 240,
    "photos": 120,
    "language": 100,
    "tables": 80,
    "ratings": 80,
    "resume": 240,
    "compiled_tables": 90,
    "compiled_photos": 130,
}
TOGETHER = ("trains", "resume")  # they measure no time, so they run at the same time
MAY_BE_CUT = ("compiled_photos",)  # compilation may take minutes; that it was stopped is then the result


def make_importable(work: Path) -> None:
    """Let ``import practicum`` find this tree, here and in child processes, unless it is installed."""
    try:
        if find_spec("practicum.callbacks") is not None:
            return
    except ModuleNotFoundError:
        pass
    packages = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["package-dir"]
    place = work / "tree" / "practicum"
    place.mkdir(parents=True, exist_ok=True)
    for name, folder in packages.items():
        link = place / name.partition(".")[2]
        if not link.exists():
            link.symlink_to(HERE.parent / folder)
    sys.path.insert(1, str(place.parent))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(place.parent), os.environ.get("PYTHONPATH")]))


def peak(setting: Any, note: Any) -> None:
    """The machine's limits, measured: medians of ten."""
    import torch

    side, count = setting.pick(8192, 64), setting.pick(1 << 30, 1 << 10)
    a, b = (torch.randn(side, side, device=setting.device, dtype=torch.bfloat16) for _ in range(2))
    source = torch.randint(0, 256, (count,), dtype=torch.uint8, device=setting.device)
    target = torch.empty_like(source)
    host = torch.empty(count // 8, dtype=torch.uint8, pin_memory=setting.gpu)
    ways: dict[str, tuple[float, Any]] = {
        "matmul_flops_per_second": (2 * side**3, lambda: torch.mm(a, b)),
        "device_copy_bytes_per_second": (2 * count, lambda: target.copy_(source)),
        "pinned_host_to_device_bytes_per_second": (count // 8, lambda: target[: count // 8].copy_(host, non_blocking=True)),
    }
    for name, (amount, way) in ways.items():
        seconds = []
        for turn in range(13):
            setting.synchronize()
            began = time.perf_counter()
            way()
            setting.synchronize()
            if turn >= 3:
                seconds.append(time.perf_counter() - began)
        note(name, amount / sorted(seconds)[len(seconds) // 2])


def run_part(part: str, options: argparse.Namespace) -> None:
    """Run one part in this process; ends with exit code 1 if it fails."""
    make_importable(options.work)
    import logging
    import warnings

    import torch
    from gpu_parts.measure import Notes, Setting
    from gpu_parts.results import change_results
    from practicum.cli.malloc import keep_freed_memory
    from practicum.lightning_shim import PACKAGE

    warnings.filterwarnings("ignore")
    for name in (PACKAGE.__name__, "practicum"):
        logging.getLogger(name).setLevel(logging.ERROR)
    keep_freed_memory()
    path = options.output / "gpu.json"
    machine = {
        "device": torch.cuda.get_device_name() if options.device == "cuda" else platform.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
        "lightning": f"{PACKAGE.__name__} {PACKAGE.__version__}",
        "fastai": "installed" if find_spec("fastai") else "not installed",
        "tiny": options.tiny,
        "flops": "operations of convolutions and matrix products, two per multiply-add; a training step counts as three forward",
    }
    with change_results(path) as results:
        results["machine"] = machine
    note = Notes(path, part)
    try:
        _function(part)(Setting(options.device, options.tiny, options.work), note)
    except Exception:
        note("error", traceback.format_exc())
        sys.exit(1)


def _function(part: str) -> Any:
    from gpu_parts import compiled, resume, rows, throughput, trains

    where = {"peak": None, "trains": trains, "photos": throughput, "language": throughput, "tables": rows, "ratings": rows}
    module = {**where, "resume": resume, "compiled_tables": compiled, "compiled_photos": compiled}[part]
    return peak if module is None else getattr(module, part)


def child(part: str, options: argparse.Namespace, seconds: float) -> str | None:
    """Run a part as a process of its own; returns how it failed."""
    command = [sys.executable, __file__, "--child", part, "--output", options.output, "--work", options.work]
    command += ["--device", options.device, *(["--tiny"] if options.tiny else [])]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True)
    try:
        _, said = process.communicate(timeout=None if options.tiny else seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # the part's own processes
        process.communicate()
        return f"stopped after {seconds:.0f} s"
    return f"exit code {process.returncode}\n{said[-3000:]}" if process.returncode else None


def shares(results: dict[str, Any]) -> dict[str, float]:
    """Each rate's operations per second, divided by those of the matrix product."""
    parts = results.get("parts", {})
    limit = parts.get("peak", {}).get("matmul_flops_per_second")
    found: dict[str, float] = {}
    for part, notes in parts.items():
        one = {name.rpartition(", ")[2]: value for name, value in notes.items() if name.startswith("flops of")}
        for name, value in notes.items():
            if limit and one and isinstance(value, dict) and "per_second" in value:
                flops = next((each for size, each in one.items() if name.endswith(f", {size}")), next(iter(one.values())))
                found[f"{part}: {name}"] = flops * value["per_second"] / limit
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, help="folder for gpu.json")
    parser.add_argument("--parts", default=",".join(PARTS), help="names, separated by commas")
    parser.add_argument("--device", choices=("cuda", "cpu"), help="default: cuda, with --tiny cpu")
    parser.add_argument("--limit", type=float, default=450, help="seconds; parts that would exceed them are stopped")
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--work", type=Path, help="folder for data and runs; default: a temporary one")
    parser.add_argument("--child", choices=list(PARTS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.device = options.device or ("cpu" if options.tiny else "cuda")
    options.output = options.output.resolve()
    options.output.mkdir(parents=True, exist_ok=True)
    if options.child:
        run_part(options.child, options)
        return
    parts = options.parts.split(",")
    if unknown := set(parts) - set(PARTS):
        parser.error(f"--parts: there is no {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="gpu-", ignore_cleanup_errors=True) as temporary:
        options.work = (options.work or Path(temporary)).resolve()
        options.work.mkdir(parents=True, exist_ok=True)
        failed = _run_all(parts, options, began)
    print(f"{len(parts) - len(failed)} of {len(parts)} parts went well, {time.monotonic() - began:.0f} s", flush=True)
    sys.exit(bool(failed))


def _run_all(parts: list[str], options: argparse.Namespace, began: float) -> list[str]:
    """Run the parts, those that measure no time together; returns which failed."""
    make_importable(options.work)
    from gpu_parts.results import change_results

    path, failed = options.output / "gpu.json", list[str]()
    path.unlink(missing_ok=True)

    def one(part: str) -> None:
        started = time.monotonic()
        left = options.limit - (started - began)
        error = child(part, options, min(PARTS[part], left)) if left > 10 or options.tiny else "stopped: no time left to begin"
        with change_results(path) as results:
            notes = results.setdefault("parts", {}).setdefault(part, {})
            if error and error.startswith("stopped") and part in MAY_BE_CUT:
                notes["cut"] = error
            elif error:
                notes.setdefault("error", error)
                failed.append(part)
                print(f"{part} FAILED: {notes['error'][-2000:]}", flush=True)
            results.setdefault("seconds", {})[part] = time.monotonic() - started
            results["share_of_matmul_flops"] = shares(results)
        print(f"--- {part}: {time.monotonic() - started:.0f} s, {time.monotonic() - began:.0f} s in all", flush=True)

    together = [part for part in parts if part in TOGETHER]
    with ThreadPoolExecutor(1 if options.tiny else len(TOGETHER)) as pool:
        list(pool.map(one, together))
    for part in parts:
        if part not in together:
            one(part)
    return failed


if __name__ == "__main__":
    main()
