"""Planted faults in schedules, callbacks, objectives and samplers: each must be caught by a test.

    python benchmarks/mutants.py [--only schedules/sgdr] [--jobs 1]

Each fault is one replacement in one file of a copy of this tree, and the tests mirrored to that file are run on it; a fault that
they don't notice is a hole in the tests. Exit code 1 if one was not noticed, 2 if the tests fail without any fault.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("callbacks", "cli", "conf", "datamodules", "lightning_shim", "modules")


class Fault(NamedTuple):
    """A replacement; ``file`` is without ``.py``, and its tests are those of the same place below ``tests``."""

    file: str
    old: str
    new: str


FAULTS = [
    Fault("callbacks/schedules/one_cycle", "1 / div, 1.0, 1 / div_final", "1 / div_final, 1.0, 1 / div"),
    Fault("callbacks/schedules/one_cycle", "self.pct_start, *self.momentums", "self.pct_start, *self.momentums[1:], 0.85"),
    Fault("callbacks/schedules/sgdr", "cycle_mult**number) * unit", "cycle_mult ** (number + 1)) * unit"),
    Fault("callbacks/schedules/sgdr", "(step - start) / length", "(step - start) / max(1, length - 1)"),
    Fault("callbacks/schedules/cyclical_lr", "0.5 ** (cycle - 1)", "0.5**cycle"),
    Fault("callbacks/schedules/cyclical_lr", "gamma**step", "gamma**cycle"),
    Fault("callbacks/schedules/slanted_triangular", "(step - cut) / max(1, total - cut)", "(step - cut) / max(1, total)"),
    Fault("callbacks/schedules/flat_cosine", "- pct_start) / (1 - pct_start)", "- pct_start) / pct_start"),
    Fault("callbacks/schedules/annealing", "math.cos(math.pi * position)) / 2", "math.cos(math.pi * position / 2))"),
    Fault("callbacks/schedules/param_group_lrs", "[each * scale for each in value]", "list(value)"),
    Fault("callbacks/lr_finder/suggestions", "average / (1 - beta**count)", "average / (1 - beta)"),
    Fault("callbacks/lr_finder/suggestions", "int(third) + int(third / 2)", "int(third)"),
    Fault("callbacks/lr_finder/suggestions", "slopes.argmin()", "slopes.argmax()"),
    Fault("callbacks/lr_finder/suggestions", "[int(np.argmin(losses))]) / 10", "[int(np.argmin(losses))])"),
    Fault("callbacks/lr_finder/suggestions", "means[0] - max(", "means[0] + max("),
    Fault("callbacks/averaging/ema", "min(self.decay, (1 + int(steps)) / (10 + int(steps)))", "self.decay"),
    Fault("callbacks/averaging/weight_averaging", "trainer.global_step > self._updated_at and self", "self"),
    Fault(
        "callbacks/averaging/weight_averaging",
        'load_state_dict(checkpoint["current_',
        'load_state_dict(checkpoint["state_dict"])  # "',
    ),
    Fault("callbacks/averaging/nt_asgd", "losses[-1] > min(earlier)", "losses[-1] > max(earlier)"),
    Fault("callbacks/averaging/snapshot_ensemble", "total[index] += probabilities", "total[index] = probabilities"),
    Fault("callbacks/averaging/snapshots", "{self.cycles - self.last}", "{self.cycles - self.last - 1}"),
    Fault("callbacks/fine_tuning/discriminative_lr", "ratio**-step", "ratio**step"),
    Fault("callbacks/fine_tuning/discriminative_lr", "factor ** (depth + 1 - groups)", "factor ** (depth - groups)"),
    Fault("callbacks/fine_tuning/discriminative_lr", "(depth / max(1, groups - 1))", "(depth / groups)"),
    Fault(
        "callbacks/fine_tuning/discriminative_lr", "depth_of.get(parameter, len(layer_groups) - 1)", "depth_of.get(parameter, 0)"
    ),
    Fault("callbacks/fine_tuning/gradual_unfreezing", "epoch >= start for", "epoch > start for"),
    Fault("callbacks/fine_tuning/gradual_unfreezing", "max(0, below - count)", "max(1, below - count)"),
    Fault("callbacks/prediction/augmented_views", "beta * plain + (1 - beta) *", "(1 - beta) * plain + beta *"),
    Fault("callbacks/prediction/augmented_views", "[seed, view, row]", "[seed, view]"),
    Fault(
        "callbacks/prediction/test_time_augmentation",
        "views.reshape(-1, self.n, *views.shape[1:]).transpose(0, 1)",
        "views.reshape(self.n, -1, *views.shape[1:])",
    ),
    Fault("callbacks/prediction/temperature_scaling", "loss(left) < loss(right)", "loss(left) > loss(right)"),
    Fault("callbacks/recurrent/truncated_bptt", 'self._states.pop("train", None)', "pass"),
    Fault("callbacks/recurrent/carried_state", "tree_map_only(Tensor, Tensor.detach, state)", "state"),
    Fault("callbacks/recurrent/window_length_lr", "shape[self.time_dim] / self.usual_length", "shape[self.time_dim] * 0 + 1.0"),
    Fault("callbacks/ranking/full_ranking", " & ~known.mask(block, items)", ""),
    Fault("callbacks/ranking/full_ranking", "dtype=torch.float64) + 2)", "dtype=torch.float64) + 3)"),
    Fault("datamodules/text/bptt_windows", "window[:, :-1], window[:, 1:]", "window[:, :-1], window[:, :-1]"),
    Fault("datamodules/ratings/negative_sampling", "self.known(owners, items).nonzero().squeeze(1)", "items[:0]"),
    Fault("datamodules/ratings/negative_sampling", "clamp(min=1) ** power", "clamp(min=1)"),
    Fault("datamodules/ratings/interaction_batches", "key[0] if self.batches.shuffle else 0", "0"),
    Fault("datamodules/loading/seeded_sampler", "start, self._skip = self._skip, 0", "start = 0"),
    Fault("datamodules/loading/seeded_sampler", "if epoch != self.epoch:", "if False:"),
    Fault("modules/layers/naive_bayes", "counts = counts - own[:, None]", "counts = counts + 0 * own[:, None]"),
    Fault("modules/layers/naive_bayes", "counts.sum(2, keepdim=True) - counts", "counts"),
    Fault("modules/layers/naive_bayes", "known = first & (counts.sum(2) > 0)", "known = first"),
    Fault("modules/layers/naive_bayes", "& (last != self.pad)", ""),
    Fault(
        "modules/base/with_naive_bayes",
        "loss = self.loss(self.network_logits(tokens), target)",
        "loss = self.loss(self(tokens), target)",
    ),
    Fault("modules/objectives/ranking", "negatives - log_expected", "negatives + log_expected"),
    Fault("modules/objectives/ranking", "F.softplus(negatives - positive)", "F.softplus(positive - negatives)"),
    Fault("modules/objectives/classification", "label_smoothing=self.label_smoothing)", "label_smoothing=0.0)"),
    Fault("modules/objectives/class_weights", "count.sum() / (len(count) * count.clamp(min=1))", "count / count.sum()"),
    Fault("modules/objectives/multi_label", "+ self.label_smoothing / 2", "+ self.label_smoothing"),
    Fault("modules/objectives/regression", "(q - 1) * error", "(1 - q) * error"),
    Fault(
        "modules/objectives/regression",
        "torch.expm1((predicted.squeeze(1) - true) * self.std)",
        "torch.expm1(predicted.squeeze(1) - true)",
    ),
    Fault("modules/objectives/regression", "number.clamp(*self.limits)", "number"),
    Fault("modules/objectives/regression", "each < min(distances) + 1e-9", "each <= 0.5"),
    Fault("modules/objectives/classification", "self.class_weight[target.long()].sum()", "len(target)"),
    Fault("modules/base/supervised", "mean_loss.update(loss, self.loss_weight(x, y))", "mean_loss.update(loss, len(y))"),
    Fault("callbacks/averaging/weight_averaging", "                    own.copy_(average)", "                    pass"),
    Fault("callbacks/run/last_checkpoint", "trainer.callbacks = [*others, self]", "trainer.callbacks = [self, *others]"),
    Fault("datamodules/images/image_cache", "_ENTRY.fullmatch(path.name) and ", ""),
]


def tests_of(file: str) -> Path:
    """The tests mirrored to a file, from the root."""
    path = Path("tests") / file
    return path.with_name(f"test_{path.name}.py")


def tree_with(fault: Fault | None, folder: Path) -> Path:
    """A copy of this tree with one fault, and a folder from which it is imported as ``practicum``."""
    tree = folder / "tree"
    for part in (*PARTS, "tests"):
        shutil.copytree(ROOT / part, tree / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "train.py", "predict.py", "export.py"):
        shutil.copy(ROOT / name, tree)
    if fault is not None:
        path = tree / f"{fault.file}.py"
        text = path.read_text(encoding="utf-8")
        if text.count(fault.old) != 1:
            raise SystemExit(f"{fault.file}.py holds {fault.old!r} {text.count(fault.old)} times; mend the list of faults.")
        path.write_text(text.replace(fault.old, fault.new), encoding="utf-8")
    package = folder / "package" / "practicum"
    package.mkdir(parents=True)
    for part in PARTS:
        (package / part).symlink_to(tree / part)
    return tree


def run_tests(fault: Fault | None, tests: list[Path]) -> subprocess.CompletedProcess[str]:
    """Run tests on a copy of this tree that has the fault."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        tree = tree_with(fault, folder)
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        command += [str(each) for each in tests]
        environment = {**os.environ, "PYTHONPATH": str(folder / "package"), "OMP_NUM_THREADS": "1"}
        return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="part of a file's path")
    parser.add_argument("--jobs", type=int, default=1, help="faults at a time")
    options = parser.parse_args()
    faults = [each for each in FAULTS if options.only in each.file]
    if not faults:
        parser.error(f"--only: no fault is in a file like {options.only!r}")
    without = run_tests(None, sorted({tests_of(each.file) for each in faults}))
    if without.returncode:
        print(f"Without any fault the tests fail:\n{without.stdout[-2000:]}{without.stderr[-2000:]}")
        sys.exit(2)
    missed = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for fault, answer in zip(faults, pool.map(lambda each: run_tests(each, [tests_of(each.file)]), faults), strict=True):
            last = answer.stdout.strip().splitlines()[-1:] or answer.stderr.strip().splitlines()[-1:]
            if answer.returncode not in (0, 1):
                raise SystemExit(f"pytest ended with {answer.returncode} on {fault}: {last}")
            missed += [fault] if answer.returncode == 0 else []
            print(f"{'caught' if answer.returncode else 'MISSED'}: {fault.file}: {fault.old!r} -> {fault.new!r}", flush=True)
    print(f"{len(faults) - len(missed)} of {len(faults)} faults were caught.")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
