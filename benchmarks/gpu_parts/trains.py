"""All eight techniques by the real command line, several runs at a time: that they train on the device, not how fast."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from practicum.callbacks.run.results import is_result

from gpu_parts.measure import Notes, Setting
from gpu_parts.results import Found

TRAIN = Path(__file__).with_name("train_measured.py")
LIMIT = 150  # seconds of a run
PHOTOS = ["data.size=224", "augment=side_on", "augment.device=device", "+optimizer.fused=true"]
RANDOM = ["model.weights=random", "callbacks.unfreeze.at=[1]", "callbacks.unfreeze.only_pretrained=false"]
# Chains of runs: a later run of a chain may build on an earlier one, {its name}; {work} holds data made here.
# No fused optimizer for language models: Lightning refuses to clip gradients with one in mixed precision.
CHAINS: list[dict[str, list[str]]] = [
    {
        "resnext50: range test, unfreezing, SGDR, views on the device, TTA": [
            *("data=spiders", "model=resnext50", *RANDOM, *PHOTOS, "data.batch_size=64"),
            *("schedule=sgdr", "schedule.cycles=2", "callbacks=[default,lr_find,tta]"),
            *("callbacks.lr_find.at=[0,unfreeze]", "callbacks.lr_find.steps=40"),
        ]
    },
    {
        "vgg16: unfreezing, 1cycle, views on the device": [
            *("data=spiders", "model=vgg16", *RANDOM, *PHOTOS, "data.batch_size=64", "optimizer.lr=0.0003", "epochs=2"),
        ]
    },
    {
        "efficientnet_lite0: the article's recipe from ImageNet weights": [
            *("experiment=spiders", "callbacks=[default,lr_find,tta]", *PHOTOS, "data.batch_size=32"),
        ]
    },
    {
        "snapshots, EMA, MixUp": [
            *("data=spiders", "model=resnet18", *RANDOM, *PHOTOS, "data.batch_size=64", "data.mixup=0.4", "schedule=sgdr"),
            *("schedule.cycles=2", "callbacks=[default,snapshots,ema]"),
        ]
    },
    {
        "language_model": [
            *("experiment=reviews_lm", "model/size=small", "model.drop_mult=0.4", "data.batch_size=64"),
            *("data.variable_length=true", "epochs=2"),
        ],
        "text_classifier": ["experiment=reviews", "model.encoder={language_model}", "epochs=5", "+optimizer.fused=true"],
    },
    {
        "language model of the paper: windows of variable length, NT-ASGD": [
            *("experiment=lm_paper", "epochs=2", "trainer.limit_train_batches=60", "trainer.limit_val_batches=10"),
            "trainer.limit_test_batches=10",
        ]
    },
    {
        "skip-gram word vectors, sparse gradients": ["experiment=word_vectors", "epochs=1", "trainer.limit_train_batches=200"],
    },
    {"entity embeddings": ["experiment=stores", "data.features=all", "data.batch_size=1024", "epochs=4"]},
    {"dot product": ["experiment=tastes", "epochs=10"]},
    {"neural collaborative filter": ["experiment=tastes", "model=neural_collaborative_filter", "epochs=10"]},
    {"clicks": ["experiment=clicks", "data=tastes", "data.rating=null", "epochs=3"]},
    {"clicks, dynamic negatives": ["experiment=clicks", "data=tastes", "data.rating=null", "model.loss=dns", "epochs=3"]},
    {"tabular ensemble": ["experiment=table", "data.root={work}/rows.csv", "data.target=y"]},
    {
        "language model, sampled softmax": [
            *("experiment=reviews_lm", "model/size=small", "model.num_sampled=512", "data.batch_size=64", "epochs=1"),
        ]
    },
]
SMALL = ["trainer.limit_train_batches=3", "trainer.limit_val_batches=2", "trainer.limit_test_batches=2"]  # for --tiny
SMALL_PHOTOS = ["data.size=64", "data.batch_size=4", "model=timm", "model.backbone=test_resnet", "model.weights=random"]
KEPT = ("status", "seconds", "seconds/fit", "seconds/test", "epochs", "steps", "devices", "precision", "parameters")


def trainer_options(setting: Setting) -> list[str]:
    kind = "gpu" if setting.gpu else "cpu"
    return [
        f"trainer.accelerator={kind}",
        "trainer.devices=1",
        f"trainer.precision={setting.precision}",
        "callbacks.progress=null",
    ]


def write_noise_photos(root: Path, count: int, size: tuple[int, int] = (320, 256)) -> None:
    """Photos of two classes that are quick to make: coarse noise, brighter at the left or at the right."""
    from PIL import Image

    def write(job: tuple[str, int]) -> None:
        split, number = job
        rng = np.random.default_rng([number, split == "train"])
        noise = rng.integers(0, 160, (size[1] // 8, size[0] // 8, 3), dtype=np.uint8)
        noise[:, : size[0] // 16] += 80 * np.uint8(number % 2)
        folder = root / split / ("left" if number % 2 else "right")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC).save(folder / f"{number}.jpg", quality=85)

    jobs = [("train", number) for number in range(count)] + [("valid", number) for number in range(16)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(write, jobs))


def write_rows(path: Path, count: int) -> None:
    """A table whose column ``y`` is a sum of waves of two numbers, of a category and of noise of deviation .1."""
    rng = np.random.default_rng(1)
    numbers, kinds = rng.normal(size=(count, 2)), rng.integers(0, 5, count)
    y = np.sin(3 * numbers).sum(1) + kinds / 2 + 0.1 * rng.normal(size=count)
    rows = (f"{a:.4f},{b:.4f},kind {kind},{value:.4f}\n" for (a, b), kind, value in zip(numbers, kinds, y, strict=True))
    path.write_text("".join(["a,b,kind,y\n", *rows]), encoding="utf-8")


def environment(processes: int) -> dict[str, str]:
    """Cores are shared by the processes."""
    threads = str(max(1, (os.cpu_count() or 1) // processes))
    return {**os.environ, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "PYTHONUNBUFFERED": "1"}


def run(setting: Setting, folder: Path, overrides: list[str], processes: int) -> Found:
    """One run of train.py: its record, or how it failed."""
    folder.mkdir(parents=True, exist_ok=True)
    peak = folder / "peak.json"
    more = [*trainer_options(setting), f"paths.data={setting.work / 'data'}", f"hydra.run.dir={folder}"]
    started = time.perf_counter()
    with open(folder / "output.txt", "w", encoding="utf-8") as output:
        try:
            code: Any = subprocess.run(
                [sys.executable, TRAIN, *overrides, *more],
                cwd=setting.work,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**environment(processes), "PEAK_FILE": str(peak)},
                timeout=None if setting.tiny else LIMIT,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            code = f"stopped after {LIMIT} s"
    found: Found = {"command": overrides, "seconds_whole": time.perf_counter() - started}
    record = json.loads((folder / "metrics.json").read_text(encoding="utf-8")) if (folder / "metrics.json").is_file() else {}
    wanted = ("train/loss", "val/loss", "plain/", "known/", "lr_find/")
    found |= {
        key: value
        for key, value in record.items()
        if key in KEPT or is_result(key) or (key.startswith(wanted) and not key.endswith(("/best", "_step", "_epoch")))
    }
    if peak.is_file():
        found |= json.loads(peak.read_text(encoding="utf-8"))
    on_device = setting.device in str(record.get("devices"))
    if code != 0 or record.get("status") != "finished" or not on_device:
        found["error"] = f"exit code {code}\n{(folder / 'output.txt').read_text(encoding='utf-8')[-3000:]}"
    return found


def trains(setting: Setting, note: Notes) -> None:
    chains, processes = CHAINS, min(len(CHAINS), os.cpu_count() or 1)
    if setting.tiny:
        write_noise_photos(setting.work / "few_photos", 12)
        processes = 1
    write_rows(setting.work / "rows.csv", 500 if setting.tiny else 20_000)
    failed: list[str] = []

    def go(chain: dict[str, list[str]]) -> None:
        folders = {"work": str(setting.work)}
        for name, overrides in chain.items():
            given = [each.format(**folders) for each in overrides]
            if setting.tiny:
                photos = "augment=side_on" in given or "data=spiders" in given
                given += [*SMALL, *(SMALL_PHOTOS if photos else [])]
                given += [f"data.root={setting.work / 'few_photos'}"] if photos else []
                given += ["callbacks.lr_find.steps=25"] if "lr_find" in " ".join(given) else []
                given += ["model/size=tiny"] if "_lm" in given[0] or "lm_" in given[0] else []
                given += ["data.batch_size=2"] if name == "text_classifier" else []
            folder = setting.work / "runs" / "".join(letter if letter.isalnum() else "_" for letter in name)
            found = run(setting, folder, given, processes)
            note(name, found)
            folders[name] = str(folder)
            if "error" in found:
                failed.append(name)
                break  # what builds on it can't run

    started = time.perf_counter()
    with ThreadPoolExecutor(processes) as pool:
        list(pool.map(go, chains))
    note("seconds of all, several at a time", time.perf_counter() - started)
    assert not failed, f"failed: {failed}"
