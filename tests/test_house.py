"""The house itself: its wings don't know each other, its wheel holds everything, another project's folders don't collide."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[1]
WINGS = ("callbacks", "datamodules", "modules")


@pytest.mark.parametrize("wing", WINGS)
def test_wings_never_import_each_other(wing: str) -> None:
    others = [other for other in (*WINGS, "conf") if other != wing]
    for path in (HERE / wing).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if isinstance(node, ast.ImportFrom) and node.module == "practicum":
                names += [f"practicum.{alias.name}" for alias in node.names]
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert not any(name.split(".")[:1] == [o] or name.startswith(f"practicum.{o}") for o in others), path


FOREIGN = """
import pytorch_lightning as pl
import torch
import torchvision
import callbacks  # this project's own folder of that name
import practicum.callbacks
from practicum.callbacks import GradualUnfreezing

assert callbacks.MINE and str(practicum.callbacks.__file__).startswith({site!r}), practicum.callbacks.__file__


class Theirs(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = torchvision.models.resnet18(num_classes=2)

    def training_step(self, batch, batch_idx):
        return torch.nn.functional.cross_entropy(self.net(batch[0]), batch[1])

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=1e-3)


data = torch.utils.data.TensorDataset(torch.randn(8, 3, 32, 32), torch.arange(8) % 2)
unfreeze = GradualUnfreezing(at=[1], groups=[["net.conv1", "net.layer1"], ["net.layer2", "net.layer3", "net.layer4"], ["net.fc"]])
trainer = pl.Trainer(max_epochs=2, accelerator="cpu", callbacks=[unfreeze], logger=False, enable_checkpointing=False,
                     enable_progress_bar=False, enable_model_summary=False)
module = Theirs()
before = module.net.conv1.weight.clone()
trainer.fit(module, torch.utils.data.DataLoader(data, batch_size=4))
assert not torch.equal(before, module.net.conv1.weight)
print([round(group["lr"] * 81 / 1e-3) for group in trainer.optimizers[0].param_groups])
"""


FIVE_LINES = """
import pytorch_lightning as pl, torch, torchvision, practicum.callbacks
from pytorch_lightning.demos.boring_classes import BoringModel
assert str(practicum.callbacks.__file__).startswith({site!r})


class Vision(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = torchvision.models.resnet18(num_classes=2)

    def training_step(self, batch, batch_idx):
        return torch.nn.functional.cross_entropy(self.net(batch[0]), batch[1])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1e-2, momentum=0.9)

    def train_dataloader(self):
        x = torch.randn(16, 3, 32, 32)
        return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, (x.mean((1, 2, 3)) > 0).long()), batch_size=4)


class HuggingFaceLike(Vision):
    def forward(self, pixel_values, labels=None):
        logits = self.net(pixel_values)
        return {{"loss": torch.nn.functional.cross_entropy(logits, labels), "logits": logits}}

    def training_step(self, batch, batch_idx):
        return self(pixel_values=batch[0], labels=batch[1])


pl.seed_everything(1)
for module in (BoringModel(), Vision(), HuggingFaceLike()):
    # The five lines.
    from practicum.callbacks import SGDR, LRFinder
    finder, restarts = LRFinder(steps=25), SGDR(cycle_len=1, cycle_mult=2, replace=True)
    trainer = pl.Trainer(max_epochs=3, accelerator="cpu", limit_train_batches=4, callbacks=[finder, restarts], logger=False,
                         enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False)
    trainer.fit(module)
    assert trainer.global_step == 12 and len(finder.tests[0]["lr"]) > 3, finder.tests


class Reader(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.embed, self.rnn, self.out = torch.nn.Embedding(8, 6), torch.nn.GRU(6, 8, batch_first=True), torch.nn.Linear(8, 8)
        self.losses = []

    def training_step(self, batch, batch_idx):
        logits = self.out(self.rnn(self.embed(batch[0]))[0])
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch[1].flatten())
        self.losses.append(loss.detach())
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


# Truncated back-propagation, beside a loop written by hand.
from practicum.callbacks import TruncatedBPTT
from practicum.datamodules import BPTTWindows
windows = BPTTWindows(torch.arange(200).mul(7).remainder(8).numpy(), batch_size=4, bptt=6)
module, hand = Reader(), Reader()
hand.load_state_dict(module.state_dict())
trainer = pl.Trainer(max_epochs=1, accelerator="cpu", callbacks=[TruncatedBPTT()], logger=False, enable_checkpointing=False,
                     enable_progress_bar=False, enable_model_summary=False)
trainer.fit(module, torch.utils.data.DataLoader(windows, batch_size=None))
state, optimizer = None, hand.configure_optimizers()
for x, y in (windows[number] for number in range(len(windows))):
    y_hat, state = hand.rnn(hand.embed(x), state)
    state = state.detach()
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(hand.out(y_hat).flatten(0, 1), y.flatten()).backward()
    optimizer.step()
for mine, theirs in zip(module.parameters(), hand.parameters(), strict=True):
    torch.testing.assert_close(mine, theirs, atol=1e-6, rtol=0)
print("went well")
"""


def test_wheel_holds_everything_and_works_beside_another_projects_callbacks(tmp_path: Path) -> None:
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "--wheel-dir",
            tmp_path,
            HERE,
        ],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("practicum-*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    held = {str(path.relative_to(site / "practicum")) for path in (site / "practicum").rglob("*") if path.is_file()}
    for wing in (*WINGS, "conf"):
        source = {str(path.relative_to(HERE)) for kind in ("*.py", "*.yaml", "py.typed") for path in (HERE / wing).rglob(kind)}
        assert source <= held
    assert not (site / "practicum" / "__init__.py").exists()

    project = tmp_path / "project"
    (project / "callbacks").mkdir(parents=True)
    (project / "callbacks" / "__init__.py").write_text("MINE = True\n")
    assert _last_line(project, FOREIGN, site) == "[1, 9, 81]"
    assert _last_line(project, FIVE_LINES, site) == "went well"


def _last_line(project: Path, program: str, site: Path) -> str:
    """What a program of another project prints last, with our wheel beside its own packages."""
    (project / "main.py").write_text(program.format(site=str(site)))
    environment = {**os.environ, "PYTHONPATH": str(site)}
    result = subprocess.run(
        [sys.executable, "main.py"], cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr[-2000:]
    return result.stdout.strip().splitlines()[-1]
