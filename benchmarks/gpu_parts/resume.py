"""Kill and resume on the device, with deterministic algorithms: the end is compared bit by bit with an uninterrupted run's."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from kill import _forget_place, difference, rows_of

from gpu_parts.measure import Notes, Setting
from gpu_parts.results import Found
from gpu_parts.trains import LIMIT, environment, trainer_options, write_noise_photos

TRAIN = Path(__file__).resolve().parents[2] / "train.py"
RUNS = {
    "photos: range test, unfreezing, SGDR, snapshots, views on the device": [
        *("data=spiders", "data.size=128", "data.batch_size=32", "augment=side_on", "augment.device=device"),
        *("+optimizer.fused=true", "schedule=sgdr", "schedule.cycles=2", "callbacks=[default,lr_find,snapshots]"),
        *("callbacks.unfreeze.at=[1]", "callbacks.unfreeze.only_pretrained=false", "callbacks.lr_find.steps=30"),
        *("callbacks.lr_find.at=[0,unfreeze]", "callbacks.last.every_n_steps=4"),
    ],
    "language model: windows of variable length, weight drop": [
        *("experiment=reviews_lm", "model/size=small", "model.drop_mult=0.4", "data.batch_size=64"),
        *("data.variable_length=true", "epochs=2", "trainer.limit_train_batches=60", "callbacks.last.every_n_steps=7"),
    ],
}
SMALL = {
    "photos": ["trainer.limit_train_batches=3", "data.size=64", "data.batch_size=4", "model=timm", "model.backbone=test_resnet"],
    "language model": ["trainer.limit_train_batches=5", "trainer.limit_val_batches=2", "trainer.limit_test_batches=2"],
}


def start(setting: Setting, run: str, arguments: list[str]) -> subprocess.Popen[bytes]:
    with open(setting.work / f"{run}.txt", "ab") as output:
        command = [sys.executable, str(TRAIN), *arguments]
        return subprocess.Popen(command, cwd=setting.work, stdout=output, stderr=output, env=environment(4))


def stop(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL; there are no processes of loaders, as pixels and tokens are cached."""
    process.kill()
    process.wait()


def finish(setting: Setting, run: str, arguments: list[str]) -> None:
    process = start(setting, run, arguments)
    try:
        code = process.wait(None if setting.tiny else LIMIT)
    except subprocess.TimeoutExpired:
        stop(process)
        code = -1
    if code:
        raise RuntimeError(f"{run} ended with {code}:\n{(setting.work / f'{run}.txt').read_text(encoding='utf-8')[-3000:]}")


def kill_after(setting: Setting, run: str, arguments: list[str], rows: int) -> int:
    """Start a run and kill it once it has logged so many rows and part of a step more; returns the rows that it reached."""
    process = start(setting, run, arguments)
    while rows_of(setting.work / run) < rows and process.poll() is None:  # the part as a whole has a limit
        time.sleep(0.002)
    time.sleep(0.01)
    if process.poll() is not None:
        raise RuntimeError(f"{run} ended too early:\n{(setting.work / f'{run}.txt').read_text(encoding='utf-8')[-3000:]}")
    stop(process)
    return rows_of(setting.work / run)


def compare(run: Path, reference: Path) -> str | None:
    """Describe how a run's end differs from the reference's: all checkpoints, and ``metrics.csv`` line by line."""
    for theirs_path in sorted((reference / "checkpoints").glob("*.ckpt")):
        if theirs_path.name == "before_last.ckpt":
            continue
        mine, theirs = (
            torch.load(folder / "checkpoints" / theirs_path.name, weights_only=True, map_location="cpu")
            for folder in (run, reference)
        )
        for checkpoint, folder in ((mine, run), (theirs, reference)):
            _forget_place(checkpoint, str(folder.resolve()))
        if found := difference(mine, theirs, theirs_path.name):
            return found
    rows, wanted = ((folder / "metrics.csv").read_text(encoding="utf-8").splitlines() for folder in (run, reference))
    if rows != wanted:
        pairs = enumerate(zip(rows, wanted, strict=False))
        at = next((number for number, (row, want) in pairs if row != want), min(len(rows), len(wanted)))
        return f"metrics.csv: line {at + 1} of {len(rows)}, wanted {len(wanted)}"
    return None


def resume(setting: Setting, note: Notes) -> None:
    if setting.tiny:
        write_noise_photos(setting.work / "few_photos", 12)

    def one(name: str) -> str | None:
        kind = name.partition(":")[0]
        slug = kind.replace(" ", "_")
        given = [*RUNS[name], *trainer_options(setting), "trainer.deterministic=true", f"paths.data={setting.work / 'data'}"]
        if setting.tiny:
            given += [*SMALL[kind], *([f"data.root={setting.work / 'few_photos'}"] if kind == "photos" else [])]
        steps = setting.pick({"photos": 54, "language model": 120}, {"photos": 9, "language model": 10})[kind]
        with ThreadPoolExecutor(1 if setting.tiny else 2) as pool:
            whole = pool.submit(finish, setting, f"{slug}_whole", [*given, f"hydra.run.dir={slug}_whole"])
            killed = pool.submit(kill_after, setting, f"{slug}_killed", [*given, f"hydra.run.dir={slug}_killed"], steps * 6 // 10)
            whole.result()
            reached = killed.result()
        finish(setting, f"{slug}_killed", [f"resume={slug}_killed"])
        whole_rows = rows_of(setting.work / f"{slug}_whole")
        found = compare(setting.work / f"{slug}_killed", setting.work / f"{slug}_whole")
        result: Found = {"rows": whole_rows, "killed_after": reached, "bit_equal": found is None, "difference": found}
        note(name, result)
        return found

    with ThreadPoolExecutor(1 if setting.tiny else len(RUNS)) as pool:
        found = list(pool.map(one, RUNS))
    assert not any(found), found
