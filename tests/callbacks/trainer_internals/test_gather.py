"""Objects of all processes, in the order of their ranks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from practicum.callbacks.trainer_internals.gather import gather_objects
from practicum.lightning_shim import Trainer

TWO = """
from practicum.callbacks.trainer_internals.gather import gather_objects
from practicum.lightning_shim import Callback, Trainer, classes

class Gathers(Callback):
    def on_train_start(self, trainer, pl_module):
        found = gather_objects(trainer, {"rank": trainer.global_rank})
        assert found == [{"rank": 0}, {"rank": 1}], found
        print("gathered", flush=True)

if __name__ == "__main__":
    Trainer(
        accelerator="cpu", devices=2, strategy="ddp", max_steps=1, logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, limit_val_batches=0, callbacks=[Gathers()],
    ).fit(classes("demos.boring_classes.BoringModel")[0]())
"""


def test_one_process_has_its_own(make_trainer: Callable[..., Trainer]) -> None:
    mine = object()
    assert gather_objects(make_trainer(), mine) == [mine]


def test_two_processes_have_both(tmp_path: Path) -> None:
    (tmp_path / "two.py").write_text(TWO, encoding="utf-8")
    done = subprocess.run([sys.executable, "two.py"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("gathered") == 2
