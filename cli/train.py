"""Train: compose -> data -> model -> callbacks -> trainer -> fit -> test -> run folder.

    python train.py                                       a small default that runs anywhere
    python train.py data=image_folder data.root=PHOTOS    your own photos
    python train.py --help                                what can be chosen

This is the only place that knows all wings. Read it from top to bottom; everything it calls works without it, too.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Any

import hydra
from omegaconf import DictConfig, OmegaConf

from .errors import one_sentence, run_command


@hydra.main(version_base="1.3", config_path="pkg://practicum.conf", config_name="train")
@one_sentence
def train(cfg: DictConfig) -> dict[str, Any] | float:
    """Run one training; return its record, or the one figure of it that ``objective`` names."""
    # Heavy imports come late, so that --help and a mistyped option answer at once.
    from hydra.core.hydra_config import HydraConfig
    from hydra.utils import instantiate
    from practicum.callbacks import RunRecord
    from practicum.callbacks.run.report import write_report
    from practicum.lightning_shim import MisconfigurationException, seed_everything

    from .config_check import check_config
    from .known_warnings import ignore_known_warnings
    from .resume import keep_configuration, prepare_resume, warn_of_other_data
    from .trainer_factory import build_trainer, check_accelerator, keep_freed_memory, resolve_precision

    # Configuration: nothing is touched before it has been checked.
    checkpoint, composed = prepare_resume(cfg), cfg.copy()
    cfg.trainer.precision = resolve_precision(cfg.trainer.precision, cfg.trainer.accelerator)
    check_accelerator(cfg.trainer.accelerator)
    check_config(cfg)
    if cfg.resume.run is not None:
        keep_configuration(composed, HydraConfig.get().overrides.task)
    keep_freed_memory()
    ignore_known_warnings()
    seed_everything(cfg.seed, workers=True, verbose=False)
    run = Path(cfg.paths.run)
    if checkpoint is None:
        for name in ("metrics.json", "checkpoints/last.ckpt", "checkpoints/before_last.ckpt"):
            (run / name).unlink(missing_ok=True)  # of an earlier run in the same folder

    # Practices, and the loop that runs them.
    practices = [*(cfg.get("callbacks") or {}).values(), cfg.get("schedule")]
    callbacks = [instantiate(each, _convert_="all") for each in practices if each]
    loggers = [instantiate(each, _convert_="all") for each in (cfg.get("logger") or {}).values() if each]
    keeper = next((each for each in callbacks if isinstance(each, RunRecord)), None)
    if keeper is None:
        raise MisconfigurationException("callbacks.record is missing: without it a run folder has no metrics.json.")
    if cfg.trainer.max_epochs is None and cfg.trainer.max_steps == -1:
        cfg.trainer.max_steps = next((n for each in callbacks if (n := getattr(each, "steps_of_cycles", None))), -1)
        cfg.trainer.max_epochs = next((n for each in callbacks if (n := getattr(each, "epochs", None))), cfg.epochs)
        if cfg.trainer.max_steps != -1:
            cfg.trainer.max_epochs = -1
    trainer = build_trainer(cfg.trainer, callbacks, loggers)

    # Data, and what they tell the model.
    data = instantiate(cfg.data, _convert_="all")
    data.prepare_data()
    data.setup("fit")
    if checkpoint is not None:
        warn_of_other_data(run, data)
    # A partial first: Hydra takes apart what it is given, and a million ids are minutes.
    build_model = instantiate(cfg.model, optimizer=instantiate(cfg.optimizer), _convert_="all", _partial_=True)
    model = build_model(**data.describe())
    for logger in loggers:
        logger.log_hyperparams(OmegaConf.to_container(cfg, resolve=True))

    trainer.fit(model, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    if any(getattr(each, "alone", False) for each in callbacks):
        print(f"Nothing was trained; the range test is in {os.path.relpath(run)}.")
        return {}
    best = getattr(trainer.checkpoint_callback, "best_model_path", None) or None
    shaping: list[Any] = [each for each in callbacks if getattr(each, "shapes_predictions", False)]
    if shaping:  # first the plain model's own predictions, to stand beside theirs
        for each in shaping:
            each.enabled = False
        trainer.test(model, datamodule=data, ckpt_path=best, weights_only=True, verbose=False)
        keeper.keep_plain()
        for each in shaping:
            each.enabled = True
    trainer.test(model, datamodule=data, ckpt_path=best, weights_only=True, verbose=False)

    record = keeper.record(trainer, model, "finished")
    if trainer.is_global_zero:
        write_report(run)
        _print_summary(record, run, data, goes_on="weights" in cfg.model)
    if cfg.objective is None:
        return record
    if not isinstance(record.get(cfg.objective), int | float):
        figures = ", ".join(name for name, value in record.items() if isinstance(value, float) and "/" in name)
        raise MisconfigurationException(f"objective={cfg.objective}: the run has no such figure; it has {figures}.")
    return float(record[cfg.objective])


def _print_summary(record: dict[str, Any], run: Path, data: Any, goes_on: bool) -> None:
    """The last table: metrics, seconds, where the run lies, provenance; and what to type next.

    Args:
        record: Of the run.
        run: Its folder.
        data: What it learnt from.
        goes_on: Whether the model takes another run's weights.
    """
    from hydra.core.hydra_config import HydraConfig
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
            plain = record.get(f"plain/{name.removeprefix('test/')}")
            parts = [
                f"{record[key]} {what}"
                for key, what in (("snapshots", "snapshots"), ("tta/views", "more views"))
                if key in record
            ]
            beside = f"   (with {' and '.join(parts)}; without {plain:.4f})" if plain is not None and parts else ""
            table.add_row(f"{name.removeprefix('test/')} on {split}", f"{value:.4f}{beside}{ceiling}")
    if "lr_find/chosen" in record:
        table.add_row("range test", f"rate {record['lr_find/chosen']:.2g}")
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
    folder = shlex.quote(where)
    typed = HydraConfig.get().overrides.task
    if str(record.get("data/source", "")).startswith("drawn"):
        following = list(data.own)
    else:
        kept = [each for each in typed if not each.startswith(("model.weights=", "trainer.max_epochs=", "resume"))]
        weights = [f"model.weights={folder}"] if goes_on else []
        longer = f"trainer.max_epochs={10 if goes_on else 2 * record['epochs']}"
        following = [*(shlex.quote(each) for each in kept), *weights, longer]
    here = Path(sys.argv[0])
    console.print("\nNext:")
    train, predict = (f"python {shlex.quote(str(script))}" for script in (here, here.with_name("predict.py")))
    asked = data.asked() if hasattr(data, "asked") else None
    if asked is not None:  # a challenge: these, in its own form
        asked = shlex.quote(f"input={os.path.relpath(asked)}")
        first = f"{predict} run={folder} {asked} output=submission.csv format=kaggle"
    elif data.predicts is None:  # a language model or word vectors: a classifier goes on top
        texts = data.builds_on(HydraConfig.get().runtime.choices["data"], typed)
        first = f"{train} {' '.join(shlex.quote(each) for each in texts)} {data.builds}{folder}"
    else:
        first = f"{predict} run={folder} input={data.predicts} output=predictions.csv"
    for command in (first, f"{train} {' '.join(following)}"):
        console.print(f"  {command}", soft_wrap=True, markup=False)


def main() -> None:
    """``python train.py`` and ``practicum-train``."""
    run_command(train, "train")
