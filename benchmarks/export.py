"""Exported models beside torch: sizes, milliseconds per call, and the differences, in an environment without practicum.

    python benchmarks/export.py RUN [RUN ...] [--bare PYTHON]

``--bare`` is the Python of an environment with onnxruntime and NumPy alone (``python -m venv bare; bare/bin/pip install
onnxruntime``): there the ONNX file predicts the same inputs from a ``.npz`` of raw values.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from practicum.cli.exports.build import build_deployable
from practicum.cli.exports.check import check_export, no_grad_runner
from practicum.cli.exports.deployable import Deployable
from practicum.cli.exports.formats import FORMATS, open_model, write_model
from practicum.cli.run_folder import open_run
from practicum.lightning_shim import MisconfigurationException

BARE = """
import json, sys
import numpy as np, onnxruntime
model, inputs = sys.argv[1:]
assert not any(name.startswith(("torch", "practicum")) for name in sys.modules)
session, found = onnxruntime.InferenceSession(model), 0.0
calls = np.load(inputs, allow_pickle=True)["calls"]
for raw, wanted, exact in calls:
    if exact:
        found = max(found, float(np.abs(session.run(None, raw)[0] - wanted).max()))
facts = session.get_modelmeta().custom_metadata_map
print(json.dumps({"difference": found, "classes": json.loads(facts.get("classes", "[]"))[:3], "packages": sorted(
    {name.partition(".")[0] for name in sys.modules} & {"numpy", "onnxruntime", "torch", "practicum", "onnx"})}))
"""


def milliseconds(run: Callable[[], Any], seconds: float = 2.0) -> float:
    """Median of the calls within some seconds."""
    run()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return 1e3 * float(np.median(times))


def speed_of(run: Callable[[Any], Any], one: Any, raw: Any) -> str:
    """Of one row, and of a whole call."""
    return f"{milliseconds(lambda: run(one)):9.2f} ms a row {milliseconds(lambda: run(raw)):9.2f} ms a call"


def in_a_bare_environment(python: str, model: Path, deployable: Deployable, scratch: Path) -> dict[str, Any]:
    """What onnxruntime and NumPy alone predict."""
    calls = np.empty((len(deployable.calls), 3), dtype=object)
    for row, call in enumerate(deployable.calls):
        calls[row] = dict(call.inputs), call.wanted.numpy(), call.exact
    np.savez(scratch / "calls.npz", calls=calls)
    command = [python, "-c", BARE, str(model), str(scratch / "calls.npz")]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, env={}).stdout)


def measure(folder: Path, bare: str | None) -> None:
    run = open_run(folder)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        deployable = build_deployable(run, None, 100, name)
        raw = deployable.calls[-1].inputs
        one = {key: values[:1] for key, values in raw.items()}
        sizes = {key: list(values.shape) for key, values in raw.items()}
        print(f"\n{folder}: {deployable.kind}, {type(run.model()).__name__}; a call: {sizes if len(sizes) < 4 else len(sizes)}")
        print(f"  checkpoint    {run.checkpoint.stat().st_size / 1e6:8.2f} MB")
        eager = no_grad_runner(lambda given: deployable.graph(*deployable.encoded(given)))
        print(f"  torch, eager              {speed_of(eager, one, raw)}")
        for form, ending in FORMATS.items():
            path, start = scratch / f"model{ending}", time.perf_counter()
            try:
                write_model(form, deployable, deployable.facts, path)
            except MisconfigurationException as error:
                print(f"  {form:13} refused: {error}")
                continue
            took = time.perf_counter() - start
            runner = no_grad_runner(open_model(form, deployable, path))
            found = check_export(runner, deployable.calls)
            speed = "" if form == "safetensors" else speed_of(runner, one, raw)
            resized = f", resized {found['largest_difference_resized']:.1e}" if "largest_difference_resized" in found else ""
            size = path.stat().st_size / 1e6
            print(f"  {form:13} {size:8.2f} MB {speed:41}  difference {found['largest_difference']:.1e}{resized}; {took:.0f} s")
            if form == "onnx" and bare:
                print(f"  bare environment: {in_a_bare_environment(bare, path, deployable, scratch)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--bare", help="Python of an environment with onnxruntime and NumPy alone")
    options = parser.parse_args()
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}, Python {sys.version.split()[0]}")
    for folder in options.runs:
        measure(folder, options.bare)


if __name__ == "__main__":
    main()
