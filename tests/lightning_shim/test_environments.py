"""A stranger's project with one Lightning, with the other, and with both, whichever is imported first."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[2]
SUBPACKAGES = ("callbacks", "cli", "conf", "datamodules", "lightning_shim", "modules")
HIDDEN = {  # what an environment lacks
    "pytorch-lightning": ("lightning",),
    "lightning": ("pytorch_lightning", "lightning_fabric"),
    "both": (),
}


@pytest.fixture(scope="session")
def environments(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders for ``PYTHONPATH``: this environment's packages but for one of the Lightnings, and practicum."""
    site = Path(sysconfig.get_path("purelib"))
    made = {}
    for name, hidden in HIDDEN.items():
        made[name] = tmp_path_factory.mktemp("site")
        for entry in site.iterdir():
            package = entry.name.partition("-")[0]
            if package not in (*hidden, "practicum") and not entry.name.startswith("__editable__") and entry.suffix != ".pth":
                (made[name] / entry.name).symlink_to(entry)
        ours = made[name] / "practicum"
        ours.mkdir()
        for each in SUBPACKAGES:
            (ours / each).symlink_to(HERE / each)
    return made


def _run(environment: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python without its own site-packages."""
    environ = {**os.environ, "PYTHONPATH": str(environment), "OMP_NUM_THREADS": "1"}
    environ.pop("PRACTICUM_LIGHTNING", None)
    return subprocess.run(
        [sys.executable, "-S", *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("environment", "trainer", "order"),
    [
        ("pytorch-lightning", "pytorch_lightning", "after"),
        ("lightning", "lightning.pytorch", "after"),
        ("both", "pytorch_lightning", "before"),
        ("both", "lightning.pytorch", "after"),
    ],
)
def test_everything_works(environments: dict[str, Path], tmp_path: Path, environment: str, trainer: str, order: str) -> None:
    script = Path(__file__).with_name("strangers_project.py")
    run = _run(environments[environment], tmp_path, str(script), trainer, order)
    assert run.returncode == 0, run.stderr[-4000:]
    assert run.stdout.strip().splitlines()[-1] == "went well"


CALLBACKS_ONLY = """
from practicum.callbacks import EMA, LRFinder, SGDR
import pytorch_lightning as pl  # although `lightning` is there, too, and practicum was imported first
from pytorch_lightning.demos.boring_classes import BoringModel
finder, saver = LRFinder(steps=25), pl.callbacks.ModelCheckpoint(".", every_n_train_steps=1, save_top_k=-1)
trainer = pl.Trainer(max_epochs=1, accelerator="cpu", limit_train_batches=4, limit_val_batches=1, logger=False,
                     enable_progress_bar=False, callbacks=[finder, SGDR(cycle_len=1, replace=True), EMA(), saver])
trainer.fit(BoringModel())
assert all(isinstance(each, pl.Callback) for each in trainer.callbacks)
print(trainer.global_step, len(finder.tests))
"""

THE_OTHER = """
from practicum.modules import DotProductBias
import pytorch_lightning as pl
model = DotProductBias({"user": ["a"], "item": ["b"]}, {"mean": 3.0, "std": 1.0, "min": 1.0, "max": 5.0})
try:
    pl.Trainer(accelerator="cpu", logger=False, enable_checkpointing=False).fit(model, [])
except pl.utilities.exceptions.MisconfigurationException as error:
    print(error)
"""


def test_callbacks_belong_to_both_packages(environments: dict[str, Path], tmp_path: Path) -> None:
    run = _run(environments["both"], tmp_path, "-c", CALLBACKS_ONLY)
    assert run.returncode == 0, run.stderr[-4000:]
    assert run.stdout.strip().splitlines()[-1] == "4 1"
    assert len(list(tmp_path.glob("*.ckpt"))) == 4  # none of the mock training's weights


def test_a_module_in_the_other_trainer_is_refused_in_one_sentence(environments: dict[str, Path], tmp_path: Path) -> None:
    run = _run(environments["both"], tmp_path, "-c", THE_OTHER)
    assert run.returncode == 0, run.stderr[-4000:]
    assert run.stdout.strip().splitlines()[-1] == (
        "DotProductBias is a LightningModule of lightning.pytorch, and the trainer is of pytorch_lightning: import "
        "pytorch_lightning before practicum, or set PRACTICUM_LIGHTNING=pytorch_lightning."
    )


def test_lightning_command_line_takes_our_callbacks(environments: dict[str, Path], tmp_path: Path) -> None:
    program = (
        "from lightning.pytorch.cli import LightningCLI\n"
        "from lightning.pytorch.demos.boring_classes import BoringDataModule, BoringModel\n"
        "cli = LightningCLI(BoringModel, BoringDataModule)\n"
        "print([type(each).__name__ for each in cli.trainer.callbacks if type(each).__module__.startswith('practicum')])\n"
    )
    (tmp_path / "main.py").write_text(program, encoding="utf-8")
    options = ["--trainer.callbacks+=practicum.callbacks.SGDR", "--trainer.callbacks.replace=true"]
    quiet = ["max_epochs=1", "logger=false", "limit_train_batches=4", "limit_val_batches=1", "accelerator=cpu"]
    run = _run(environments["lightning"], tmp_path, "main.py", "fit", *options, *(f"--trainer.{each}" for each in quiet))
    assert run.returncode == 0, run.stderr[-4000:]
    assert run.stdout.strip().splitlines()[-1] == "['SGDR']"
