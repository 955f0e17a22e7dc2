"""The trainer that train.py builds."""

from omegaconf import OmegaConf
from practicum.cli.trainer_factory import NoProfiler, build_trainer
from pytorch_lightning.demos.boring_classes import BoringModel
from pytorch_lightning.profilers import SimpleProfiler


def test_profiler_that_is_asked_for_measures_and_no_other_does() -> None:
    config = {"_target_": "pytorch_lightning.Trainer", "max_steps": 2, "accelerator": "cpu", "limit_val_batches": 0}
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "enable_checkpointing": False}
    for profiler, kind in ((None, NoProfiler), ("simple", SimpleProfiler)):
        trainer = build_trainer(OmegaConf.create({**config, **quiet, "profiler": profiler}), [], [])
        trainer.fit(BoringModel())
        assert type(trainer.profiler) is kind  # type: ignore[attr-defined]
        assert ("training_step" in trainer.profiler.summary()) == (profiler == "simple")  # type: ignore[attr-defined]
