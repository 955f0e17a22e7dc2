"""Train: compose -> data -> model -> callbacks -> trainer -> fit -> test -> run folder.

    python train.py                                       a small default that runs anywhere
    python train.py data=image_folder data.root=PHOTOS    your own photos
    python train.py --help                                what can be chosen

This is the only place that knows all wings. Read it from top to bottom; everything it calls works without it, too.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hydra
from omegaconf import DictConfig
from practicum.conf.errors import one_sentence, run_command

if TYPE_CHECKING:
    import pytorch_lightning as pl


@hydra.main(version_base="1.3", config_path="pkg://practicum.conf", config_name="train")
@one_sentence
def main(cfg: DictConfig) -> dict[str, Any]:
    """Run one training; return its record."""
    # Heavy imports come late, so that --help and a mistyped option answer at once.
    from hydra.utils import instantiate
    from practicum.callbacks.report import write_report
    from practicum.conf.check import check_config
    from practicum.conf.machine import check_accelerator, keep_freed_memory, resolve_precision
    from practicum.conf.messages import ignore_known_warnings
    from pytorch_lightning import seed_everything

    # Configuration: nothing is touched before it has been checked.
    cfg.trainer.precision = resolve_precision(cfg.trainer.precision, cfg.trainer.accelerator)
    check_accelerator(cfg.trainer.accelerator)
    check_config(cfg)
    keep_freed_memory()
    ignore_known_warnings()
    seed_everything(cfg.seed, workers=True, verbose=False)
    run = Path(cfg.paths.run)

    # Data, and what they tell the model.
    data = instantiate(cfg.data, _convert_="all")
    data.prepare_data()
    data.setup("fit")
    model = instantiate(cfg.model, optimizer=instantiate(cfg.optimizer), **data.describe(), _convert_="all")

    # Practices, and the loop that runs them.
    callbacks = [instantiate(each, _convert_="all") for each in cfg.callbacks.values() if each]
    loggers = [instantiate(each, _convert_="all") for each in cfg.logger.values() if each]
    trainer = instantiate(cfg.trainer, callbacks=callbacks, logger=loggers, _convert_="all")

    trainer.fit(model, datamodule=data)
    trainer.test(model, datamodule=data, ckpt_path="best", weights_only=True, verbose=False)

    record = _record(trainer, callbacks, model)
    if trainer.is_global_zero:
        write_report(run)
        _print_summary(record, run, cfg)
    return record


def _record(trainer: pl.Trainer, callbacks: list[Any], model: pl.LightningModule) -> dict[str, Any]:
    from practicum.callbacks import RunRecord

    keeper = next(each for each in callbacks if isinstance(each, RunRecord))
    return keeper.record(trainer, model, "finished")


def _print_summary(record: dict[str, Any], run: Path, cfg: DictConfig) -> None:
    """The last table: metrics, seconds, where the run lies, provenance; and what to type next."""
    from rich.console import Console
    from rich.table import Table

    where = os.path.relpath(run)
    table = Table(title="Result", title_justify="left", show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")

    split = record["tests_on"]
    for name, value in record.items():
        if name.startswith("test/"):
            known = record.get(f"known/{name.removeprefix('test/')}")
            ceiling = f"   (best possible: {known:.4f})" if known is not None else ""
            table.add_row(f"{name.removeprefix('test/')} on {split}", f"{value:.4f}{ceiling}")
    phases = ", ".join(f"{k.removeprefix('seconds/')} {v:.0f}" for k, v in record.items() if k.startswith("seconds/"))
    table.add_row("seconds", f"{record['seconds']:.0f} ({phases}); {record['epochs']} epochs, {record['steps']} steps")
    table.add_row("precision", f"{record['precision']} on {record['devices']}")
    fingerprint = f", SHA-256 {record['weights/sha256'][:12]}" if record.get("weights/sha256") else ""
    table.add_row("weights", f"{record.get('weights/source', 'unknown')}{fingerprint}")
    counts = ", ".join(f"{record[f'data/{s}']} {s}" for s in ("train", "valid", "test") if f"data/{s}" in record)
    table.add_row("data", f"{record.get('data/source')} ({counts}, {record.get('data/rejected', 0)} left out)")
    table.add_row("run", where)
    table.add_row("page", f"{where}/report.html")

    console = Console(width=max(100, Console().width), highlight=False)
    console.print()
    console.print(table)
    if not record.get("weights/pretrained", True):
        console.print("[yellow]These weights started from random values: transfer learning would do far better.[/yellow]")
    console.print("\nNext:")
    console.print(f"  python predict.py run={where} input=PHOTOS output=predictions.csv", soft_wrap=True)
    drawn = str(record.get("data/source", "")).startswith("drawn")
    following = "data=image_folder data.root=PHOTOS" if drawn else f"model.weights={where} trainer.max_epochs=10"
    console.print(f"  python train.py {following}", soft_wrap=True)


if __name__ == "__main__":
    run_command(main, "train")
