"""Our configuration in a project of the lightning-hydra-template's form, whose script knows nothing of ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# The template's layout, as small as it can be: its script instantiates cfg.callbacks one by one and knows no paths.run.
FILES = {
    "src/train.py": """
import hydra
import torch
from omegaconf import DictConfig


@hydra.main(version_base="1.3", config_path="../configs", config_name="train.yaml")
def main(cfg: DictConfig) -> None:
    torch.manual_seed(cfg.seed)
    datamodule = hydra.utils.instantiate(cfg.data)
    model = hydra.utils.instantiate(cfg.model)
    callbacks = [hydra.utils.instantiate(each) for each in cfg.callbacks.values() if each and "_target_" in each]
    trainer = hydra.utils.instantiate(cfg.trainer, callbacks=callbacks)
    trainer.fit(model=model, datamodule=datamodule)
    print([type(each).__name__ for each in callbacks if type(each).__module__.startswith("practicum.")])
    print([round(group["lr"], 6) for group in trainer.optimizers[0].param_groups], trainer.global_step)


main()
""",
    "src/parts.py": """
import torch
from LIGHTNING import LightningDataModule, LightningModule


class Data(LightningDataModule):
    def train_dataloader(self):
        x = torch.randn(64, 4)
        return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, x.sum(1, keepdim=True)), batch_size=8)


class Model(LightningModule):
    def __init__(self, lr):
        super().__init__()
        self.lr, self.net = lr, torch.nn.Linear(4, 1)

    def training_step(self, batch, batch_idx):
        return torch.nn.functional.mse_loss(self.net(batch[0]), batch[1])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), self.lr)
""",
    "configs/train.yaml": """
defaults:
  - _self_
  - data: default
  - model: default
  - callbacks: [default, lr_find]
  - trainer: default
  - paths: default
  - schedule@callbacks.schedule: sgdr
seed: 1
hydra:
  run: {dir: "${paths.log_dir}/run"}
  searchpath: [pkg://practicum.conf]
""",
    "configs/data/default.yaml": "_target_: parts.Data\n",
    "configs/model/default.yaml": "_target_: parts.Model\nlr: 0.1\n",
    "configs/callbacks/default.yaml": "bar: null\n",
    "configs/paths/default.yaml": "root_dir: .\nlog_dir: ${paths.root_dir}/logs\noutput_dir: ${hydra:runtime.output_dir}\n",
    "configs/trainer/default.yaml": """
_target_: LIGHTNING.Trainer
default_root_dir: ${paths.output_dir}
max_epochs: 7
accelerator: cpu
logger: false
enable_checkpointing: false
enable_progress_bar: false
enable_model_summary: false
""",
}


def test_schedule_and_callback_of_ours_by_three_lines(tmp_path: Path) -> None:
    from practicum.lightning_shim import PACKAGE  # noqa: PLC0415 - which one this process tests

    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("LIGHTNING", PACKAGE.__name__), encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "src/train.py"],
        cwd=tmp_path,
        env={**os.environ, "HYDRA_FULL_ERROR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    callbacks, rates = run.stdout.strip().splitlines()[-2:]
    assert callbacks in ("['LRFinder', 'SGDR']", "['SGDR', 'LRFinder']")
    assert rates.endswith(" 56")
    output = tmp_path / "logs" / "run"
    assert (output / "figures" / "schedule.png").is_file()
    assert (output / "figures" / "lr_find.csv").is_file()
