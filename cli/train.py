"""Train a model: configuration -> callbacks -> trainer -> data -> model -> fit -> test -> run folder.

    python train.py                                       a small default that runs anywhere
    python train.py data=image_folder data.root=PHOTOS    your own photos
    python train.py --help                                what can be chosen

This is the only place that knows all subpackages. Read it from top to bottom; everything it calls works without it, too.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hydra
from omegaconf import DictConfig, OmegaConf

from .errors import one_sentence, run_command
from .next_command import from_here
from .sweeps.outcome import PrunedRun

if TYPE_CHECKING:
    from practicum.callbacks import RunRecord
    from practicum.lightning_shim import Callback, LightningDataModule, LightningModule, Trainer

log = logging.getLogger(__name__)


@hydra.main(version_base="1.3", config_path="pkg://practicum.conf", config_name="train")
@one_sentence("train")
def train(cfg: DictConfig) -> dict[str, Any] | float | PrunedRun:
    """Run one training.

    Args:
        cfg: The composed configuration.

    Returns:
        The run's record, or the metric that ``objective`` names; in a search, also that it was stopped early.

    Raises:
        MisconfigurationException: A configuration or data that can't be used; the message says why.
        ResumeError: A run that can't be resumed.
    """
    # Heavy imports come late, so that --help and a mistyped option answer at once.
    from hydra.core.hydra_config import HydraConfig
    from hydra.utils import instantiate
    from lightning_utilities.core.rank_zero import rank_zero_only
    from practicum.callbacks import LRFinder
    from practicum.callbacks.run.report import write_report
    from practicum.lightning_shim import resolve_precision, seed_everything

    from .baselines.add import add_baselines
    from .config_check import check_config
    from .earlier_results import remove_earlier_results
    from .known_warnings import ignore_known_warnings, leave_messages_to_root, say_all_again
    from .logger_packages import check_logger_packages
    from .malloc import keep_freed_memory
    from .model_card import commands_of, task_of, what_it_does, write_card
    from .model_facts import model_builder
    from .next_command import hints_of, print_next_commands, train_command
    from .pretraining import check_model_in_force, model_in_force, pretrain
    from .refit import refit
    from .resumed_inputs import read_artifacts, require_same_inputs
    from .resumed_run import completed, keep_configuration, prepare_resume, warn_of_other_data
    from .run_options import check_objective, check_own_data, check_run_folder, check_run_options
    from .shown_config import shown_config
    from .summary import print_summary
    from .sweeps.pruning import trial_pruning
    from .sweeps.resume import continue_in_sweep
    from .trainer_factory import build_trainer, check_accelerator, clip_without_fused, one_device_in_a_sweep

    # Configuration: nothing is touched before it has been checked.
    check_run_options(cfg)
    check_run_folder(cfg, HydraConfig.get().runtime.output_dir)
    check_own_data(cfg, HydraConfig.get().runtime.output_dir)
    if (reached := continue_in_sweep(cfg)) is not None:
        return _returned(reached, cfg.objective)
    if (reached := completed(cfg)) is not None:
        return _returned(reached, cfg.objective)
    check_model_in_force(cfg, HydraConfig.get().overrides.task)
    checkpoint, composed = prepare_resume(cfg), cfg.copy()
    cfg = model_in_force(cfg)
    cfg.trainer.precision = resolve_precision(cfg.trainer.precision, cfg.trainer.accelerator)
    clip_without_fused(cfg)
    check_accelerator(cfg.trainer.accelerator)
    one_device_in_a_sweep(cfg.trainer)
    check_config(cfg)
    check_logger_packages(cfg.get("logger"))
    if cfg.resume.run is not None:
        keep_configuration(composed, HydraConfig.get().overrides.task)
    keep_freed_memory()
    ignore_known_warnings()
    leave_messages_to_root()
    say_all_again()
    seed_everything(cfg.seed, workers=True, verbose=False)
    run = Path(cfg.paths.run)

    # Data, which may choose how long to train.
    began = time.monotonic()
    artifacts = {} if checkpoint is None else read_artifacts(run)
    data = instantiate(cfg.data, _convert_="all")
    data.prepare_data()
    data.setup("fit")
    if hasattr(data, "note_earlier_run") and (earlier := Path(str(cfg.model.get("weights")))).exists():
        data.note_earlier_run(earlier)
    seconds_before = {"data": time.monotonic() - began}
    check_objective(cfg.objective, getattr(data, "tests_on", "test"))
    # Not before data are known to be good; by the first process, since others would remove what it has begun.
    trial = bool(cfg.trainer.get("fast_dev_run"))
    if cfg.resume.run is None and not trial and not getattr(rank_zero_only, "rank", 0):
        remove_earlier_results(run, [str(cfg.model.get(name)) for name in ("weights", "encoder", "vectors")])
    if cfg.resume.run is not None:
        warn_of_other_data(run, data, cfg.resume.force)
    if (seconds := pretrain(cfg, data)) is not None:
        seconds_before["pretraining"] = seconds

    # Callbacks, loggers, and the trainer that runs them.
    _name_program(cfg)
    callback_configs = [*(cfg.get("callbacks") or {}).values(), cfg.get("schedule")]
    callbacks: list[Callback] = [instantiate(each, _convert_="all") for each in callback_configs if each]
    loggers = [instantiate(each, _convert_="all") for each in (cfg.get("logger") or {}).values() if each]
    recorder, pruning = _recorder(callbacks), trial_pruning(cfg.objective)
    recorder.seconds_before = seconds_before
    callbacks += [] if pruning is None else [pruning]
    length = _set_training_length(cfg, callbacks, data)
    trainer = build_trainer(cfg.trainer, callbacks, loggers)

    # The model for these data.
    build_model = model_builder(cfg, data)
    model = build_model()
    if checkpoint is not None:
        require_same_inputs(run, checkpoint, model.hparams, artifacts)
    for logger in loggers:
        logger.log_hyperparams(shown_config(cfg))

    # Fit, and test with the best weights.
    trainer.fit(model, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    if any(isinstance(each, LRFinder) and each.stop_after_test for each in callbacks):
        recorder.write(trainer, model, "range test")
        print(f"Nothing was trained; the range test is in {from_here(run)}.")
        return {}
    if pruning is not None and pruning.pruned_at is not None:
        recorder.write(trainer, model, "pruned")
        print(f"Pruned after epoch {pruning.pruned_at + 1}: other trials were better by then ({pruning.monitor}).")
        return PrunedRun(pruning.pruned_at)
    if cfg.refit:
        seconds = refit(cfg, trainer, data, build_model)
        recorder.seconds |= {} if seconds is None else {"refit": seconds}
    _test(trainer, model, data, recorder)
    if trial:
        print("A trial of the code: nothing was kept of it.")
        return {}

    if cfg.baselines and trainer.is_global_zero:  # no other process takes part, and none waits
        add_baselines(recorder, trainer, model, data, build_model, cfg.seed)

    # What is left behind, and what is printed.
    record = recorder.record(trainer, model, "finished")
    if trainer.is_global_zero:
        following = _next(cfg, hints_of(cfg), record, data, length, getattr(model, "l2", None))
        task = task_of(model, cfg.data.get("target", cfg.data.get("rating")))
        write_card(run, record, task, cfg.name, commands_of(hints_of(cfg)))
        shown = OmegaConf.to_yaml(OmegaConf.create(shown_config(cfg)))
        write_report(
            run, train_command(), shown, following, what_it_does(record, task).replace("`", "")
        )  # links to what lies beside it
        print_summary(record, run, model)
        print_next_commands(following)
    return _returned(record, cfg.objective)


def _returned(reached: dict[str, Any] | PrunedRun, objective: str | None) -> dict[str, Any] | float | PrunedRun:
    """What a sweeper wants of a run."""
    return reached if objective is None or isinstance(reached, PrunedRun) else _metric(reached, objective)


def _name_program(cfg: DictConfig) -> None:
    """Let what is printed after an interruption name the installed command where that was used."""
    from .next_command import train_command

    last = (cfg.get("callbacks") or {}).get("last")
    if last and str(last.get("how_to_resume", "")).startswith("python train.py "):
        last.how_to_resume = f"{train_command()} {last.how_to_resume.removeprefix('python train.py ')}"


def _recorder(callbacks: Sequence[Callback]) -> RunRecord:
    from practicum.callbacks import RunRecord
    from practicum.lightning_shim import MisconfigurationException

    for each in callbacks:
        if isinstance(each, RunRecord):
            return each
    raise MisconfigurationException("callbacks.record is missing: without it a run folder has no metrics.json.")


def _set_training_length(cfg: DictConfig, callbacks: Sequence[Callback], data: Any) -> str:
    """Train as long as the trainer's options say, else as the schedule plans, else ``cfg.epochs``, else as suits the data.

    Returns:
        The option that makes it longer.
    """
    from practicum.callbacks import LRSchedule

    if cfg.trainer.max_epochs is not None or cfg.trainer.max_steps != -1:
        return "trainer.max_epochs"
    schedules = [each for each in callbacks if isinstance(each, LRSchedule)]
    cfg.trainer.max_steps = next((each.planned_steps for each in schedules if each.planned_steps), -1)
    cfg.trainer.max_epochs = next((each.planned_epochs for each in schedules if each.planned_epochs), cfg.epochs)
    if cfg.trainer.max_epochs is None:
        cfg.trainer.max_epochs = data.suggested_epochs() if hasattr(data, "suggested_epochs") else 10
    if cfg.trainer.max_steps != -1:
        cfg.trainer.max_epochs = -1
    if all(each.planned_steps is None and each.planned_epochs is None for each in schedules):
        return "epochs"
    if cfg.epochs is not None:
        log.info(
            f"The schedule's cycles set the length of the training, not epochs={cfg.epochs}; schedule.cycles=null: epochs do."
        )
    return "trainer.max_epochs"


def _test(trainer: Trainer, model: LightningModule, data: LightningDataModule, recorder: RunRecord) -> None:
    """Test with the best weights; where callbacks transform predictions, without them first, to stand beside."""
    from practicum.callbacks import PredictionTransform
    from practicum.lightning_shim import classes

    savers: list[Any] = [each for each in trainer.checkpoint_callbacks if isinstance(each, classes("callbacks.ModelCheckpoint"))]
    best = next((each.best_model_path for each in savers if each.best_model_path), None)
    transforms = [each for each in trainer.callbacks if isinstance(each, PredictionTransform) and each.transforms]  # type: ignore[attr-defined]
    if transforms:
        for each in transforms:
            each.enabled = False
        trainer.test(model, datamodule=data, ckpt_path=best, weights_only=True, verbose=False)
        recorder.keep_plain()
        for each in transforms:
            each.enabled = True
    trainer.test(model, datamodule=data, ckpt_path=best, weights_only=True, verbose=False)


def _next(
    cfg: DictConfig, hints: dict[str, Any], record: dict[str, Any], data: Any, length: str, l2: float | None
) -> dict[str, str]:
    from hydra.core.hydra_config import HydraConfig

    from .next_command import FinishedRun, next_commands, program_names

    test_inputs = data.test_inputs() if hints.get("challenge") else None
    finished = FinishedRun(
        folder=from_here(cfg.paths.run),
        typed=HydraConfig.get().overrides.task,
        data_choice=HydraConfig.get().runtime.choices["data"],
        synthetic=str(record.get("data/source", "")).startswith("synthetic"),
        epochs=record["epochs"],
        continues="weights" in cfg.model,
        test_inputs=None if test_inputs is None else from_here(test_inputs),
        tokenizer=f"{cfg.data.artifacts_dir}/tokenizer.json" if cfg.data.get("level") == "bpe" else None,
        lr=OmegaConf.select(cfg, "optimizer.lr"),
        overfits=record.get("val/loss", 0.0) > record.get("val/loss/best", math.inf),
        l2=l2 if "-m model.l2=" in str(record.get("baseline/warning")) else None,
        length=length,
    )
    return next_commands(finished, hints, program_names())


def _metric(record: dict[str, Any], name: str) -> float:
    """The metric that a sweeper optimizes."""
    from practicum.lightning_shim import MisconfigurationException

    if not isinstance(record.get(name), int | float):
        metrics = ", ".join(key for key, value in record.items() if isinstance(value, float) and "/" in key)
        raise MisconfigurationException(f"objective={name}: the run has no such metric; it has {metrics}.")
    return float(record[name])


def main() -> None:
    """Entry point of ``python train.py`` and ``practicum-train``."""
    run_command(train, "train")
