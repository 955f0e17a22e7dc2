"""Test-time augmentation under two processes: the same metrics as under one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

TWO = """
import json, sys
import torch
from practicum.callbacks import TestTimeAugmentation
from practicum.datamodules import Augment, ImageFolder
from practicum.lightning_shim import LightningModule, Trainer
from torchmetrics import MeanMetric
from torchvision.transforms import v2

class Module(LightningModule):
    def __init__(self):
        super().__init__()
        torch.manual_seed(2)
        self.net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 2))
        self.mean = MeanMetric()
    def forward(self, x):
        return self.net(x / 255)
    def test_step(self, batch, batch_idx):
        loss = torch.nn.functional.cross_entropy(self(batch[0].float()), batch[1], reduction="none")
        self.mean.update(loss)
        self.log("test/loss", self.mean)

class Float(ImageFolder):
    def on_after_batch_transfer(self, batch, dataloader_idx):
        x, y = super().on_after_batch_transfer(batch, dataloader_idx)
        return x.float(), y

if __name__ == "__main__":
    found = {}
    for name, augment in (("data", None), ("callable", v2.RandomErasing(p=1.0)), ("if better", v2.RandomErasing(p=1.0))):
        data = Float(sys.argv[1], size=8, batch_size=2, augment=Augment(hflip=0.5), cache=sys.argv[2])
        trainer = Trainer(
            accelerator="cpu", devices=int(sys.argv[3]), strategy="ddp" if sys.argv[3] == "2" else "auto", logger=False,
            enable_checkpointing=False, enable_progress_bar=False, use_distributed_sampler=False,
            callbacks=[TestTimeAugmentation(augment=augment, only_if_better=name == "if better")],
            default_root_dir=sys.argv[2],
        )
        found[name] = trainer.test(Module(), datamodule=data, verbose=False)[0]["test/loss"]
    if trainer.is_global_zero:
        with open(sys.argv[2] + "/tta.json") as file:
            print(json.dumps(found | json.load(file)))
"""


def test_two_processes_give_the_same_figures(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "two.py").write_text(TWO, encoding="utf-8")
    figures = []
    for processes in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "two.py", str(photos), str(tmp_path / "cache"), processes],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        figures.append(json.loads(done.stdout.strip().splitlines()[-1]))
    assert figures[0] == pytest.approx(figures[1], abs=1e-6)
    assert figures[0]["data"] != figures[0]["callable"]
