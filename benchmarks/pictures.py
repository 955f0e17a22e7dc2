"""Cost of photos: the input pipeline compared with fastai's, frozen epochs on stored features, test-time augmentation.

    python benchmarks/pictures.py PHOTOS --peer-python PEER_ENV/bin/python

PHOTOS holds train/ and val/ with class folders. The peer (fastai==2.8.12) has an environment of its own. Measured alternately,
`--rounds` times; medians and ratios are printed.

- input pipeline: images per second of decoding, augmenting at 224 pixels and batching by 16, with 2 workers or cores, for photos
  of 500 x 375 and of 4000 x 3000 (made from PHOTOS): the first epoch including one-time work, later epochs, and with photos
  decoded each time; fastai as it is documented, and with a random resized crop;
- frozen epochs: seconds of the first and of later epochs, including validation, EfficientNet-Lite0 at 224 pixels, with stored
  features (the first epoch computes them) relative to without;
- test-time augmentation: seconds of a test with four augmented views relative to a plain one; peak memory on 1 and 4 times the
  data.
"""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import torch
from measurements import OURS, Measurements, add_json, threads
from PIL import Image
from practicum.callbacks import GradualUnfreezing, PrecomputedActivations, TestTimeAugmentation, Watcher
from practicum.cli.malloc import keep_freed_memory
from practicum.datamodules import Augment, ImageFolder
from practicum.lightning_shim import PACKAGE, Callback, LightningModule, Trainer, resolve_precision, seed_everything
from practicum.modules import ImageClassifier

HERE = Path(__file__).resolve().parent


def make_photos(source: Path, root: Path, size: tuple[int, int], count: int) -> None:
    """Write ``count`` training photos of one size, in the layout that both read."""
    files = sorted((source / "train").rglob("*.jpg"))
    for number in range(count + 8):
        file = files[number * 7 % len(files)]
        folder = root / ("train" if number < count else "valid") / file.parent.name
        folder.mkdir(parents=True, exist_ok=True)
        with Image.open(file) as photo:
            photo.convert("RGB").resize(size, Image.Resampling.BICUBIC).save(folder / f"{number}.jpg", quality=90)


def pipeline(root: Path) -> dict[str, float]:
    """Images per second of our pipeline."""
    rates = {}
    for name, options in (("", {}), (", decoded each time", {"cache_gb": 0.0, "num_workers": 2})):
        with tempfile.TemporaryDirectory() as cache:
            began = time.perf_counter()
            data = ImageFolder(root, size=224, augment=Augment(hflip=0.5), cache=cache, **options)  # type: ignore[arg-type]
            data.prepare_data()
            data.setup("fit")
            loader = data.train_dataloader()
            count = sum(len(batch[0]) for batch in loader)
            if not options:
                rates["ours, first epoch including one-time work"] = count / (time.perf_counter() - began)
            loader.sampler.set_epoch(1)  # type: ignore[union-attr]
            began = time.perf_counter()
            count = sum(len(batch[0]) for batch in loader)
            rates[f"ours, later epochs{name}"] = count / (time.perf_counter() - began)
    return rates


class Epochs(Watcher):
    """Seconds of each epoch, from the start of the fit."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.times = [time.perf_counter()]

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.times.append(time.perf_counter())

    def seconds(self) -> list[float]:
        return [b - a for a, b in zip(self.times, self.times[1:], strict=False)]


def trainer(*callbacks: Callback, **options: Any) -> Trainer:
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
    precision: Any = resolve_precision("auto")
    return Trainer(
        accelerator="cpu", precision=precision, num_sanity_val_steps=0, callbacks=list(callbacks), **{**quiet, **options}
    )


def frozen_epochs(root: Path, stored: bool) -> list[float]:
    """Seconds of five epochs in which only the head trains."""
    seed_everything(1, verbose=False)
    with tempfile.TemporaryDirectory() as cache:
        data = ImageFolder(root, size=224, augment=Augment(hflip=0.5), cache=cache)
        data.prepare_data()
        data.setup("fit")
        epochs = Epochs()
        precompute = [PrecomputedActivations(cache)] if stored else []
        run = trainer(epochs, GradualUnfreezing(at=[]), *precompute, max_epochs=5)
        run.fit(ImageClassifier(**data.describe()), datamodule=data)
    return epochs.seconds()


def augmented_test(root: Path, copies: int) -> None:
    """Print as JSON the seconds of a plain and of an augmented test, and memory in MB; to be run in a process of its own."""
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as folder:
        for split, times in (("train", 1), ("val", copies)):
            for file in (root / split).rglob("*.jpg"):
                for copy in range(times):
                    place = Path(folder, "photos", split, file.parent.name, f"{copy}-{file.name}")
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(file.read_bytes() + b"\0" * copy)  # other bytes, so it counts as another photo
        data = ImageFolder(Path(folder, "photos"), size=224, augment=Augment(hflip=0.5), cache=Path(folder, "cache"))
        data.prepare_data()
        data.setup("fit")
        module = ImageClassifier(**data.describe())
        seconds = []
        for callbacks in ([], [], [TestTimeAugmentation(n=4)]):
            run = trainer(*callbacks)
            began = time.perf_counter()
            run.test(module, datamodule=data, verbose=False)
            seconds.append(time.perf_counter() - began)
    anonymous = next(
        line for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines() if line.startswith("RssAnon")
    )
    print(json.dumps({"plain": seconds[1], "views": seconds[2], "memory": int(anonymous.split()[1]) / 1000}))


def child(*arguments: str | Path) -> dict[str, float]:
    """Run a program and return the JSON of the last line that it prints."""
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])  # type: ignore[no-any-return]


def measured(results: dict[str, list[float]]) -> Measurements:
    """The results, by metric and side."""
    found = Measurements()
    found.setting("fastai", "Resize(460), aug_transforms(size=224) as documented; and RandomResizedCrop(224)")
    for name, values in results.items():
        metric, _, side = name.partition(": ") if name.startswith("images/s") else (name, "", "ours, later epochs")
        side = OURS if side == "ours, later epochs" else side.replace("ours", OURS)
        better = "more" if name.startswith("images/s") or "speed-up" in name else "less"
        for value in values:
            found.note(metric, side, value, better)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--peer-python", help="python of an environment with fastai")
    parser.add_argument("--rounds", type=int, default=3)
    add_json(parser)
    parser.add_argument("--augmented-test", type=int, metavar="COPIES", help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    for name in (PACKAGE.__name__, "practicum"):
        logging.getLogger(name).setLevel(logging.ERROR)
    if options.augmented_test:
        augmented_test(options.photos, options.augmented_test)
        return
    keep_freed_memory()
    torch.set_num_threads(threads())
    results: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        results.setdefault(name, []).append(value)

    with tempfile.TemporaryDirectory() as folder:
        sizes = {"500 x 375": ((500, 375), 240), "4000 x 3000": ((4000, 3000), 64)}
        for name, (size, count) in sizes.items():
            make_photos(options.photos, Path(folder, name), size, count)
        for _ in range(options.rounds):
            for name in sizes:
                for what, rate in pipeline(Path(folder, name)).items():
                    note(f"images/s, {name}: {what}", rate)
                if options.peer_python:
                    peer = child(options.peer_python, HERE / "peers" / "fastai_pipeline.py", Path(folder, name))
                    for what, rate in peer.items():
                        note(f"images/s, {name}: {what}", rate)
            plain, stored = frozen_epochs(options.photos, stored=False), frozen_epochs(options.photos, stored=True)
            note("frozen epochs: first, with stored features relative to without", stored[0] / plain[0])
            note("frozen epochs: later, speed-up by features", statistics.median(plain[1:]) / statistics.median(stored[1:]))
            one, four = (child(sys.executable, __file__, options.photos, "--augmented-test", str(n)) for n in (1, 4))
            note("test with 4 augmented views relative to a plain one", one["views"] / one["plain"])
            note("memory on 4 times the data relative to that on 1", four["memory"] / one["memory"])
        shutil.rmtree(folder, ignore_errors=True)
    for name, values in results.items():
        print(f"{name:70s} {statistics.median(values):8.2f}   ({' '.join(f'{value:.2f}' for value in values)})")
    measured(results).write(options.json)


if __name__ == "__main__":
    main()
