"""A search's memory, and the seeds of its samplers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import optuna
import pytest
from omegaconf import OmegaConf
from optuna.distributions import FloatDistribution
from practicum.cli.sweeps import study as study_module
from practicum.cli.sweeps.study import build_pruner, open_storage, open_trial, require_optuna, sampler_for, study_name
from practicum.lightning_shim import MisconfigurationException

SPACE = {"lr": FloatDistribution(1e-4, 1.0, log=True), "dropout": FloatDistribution(0.0, 0.5)}


def draw(folder: Path, sampler: Any, parts: list[int]) -> list[dict[str, Any]]:
    """Draw and finish trials, opening the study anew for each part, as a resumed search does."""
    folder.mkdir(exist_ok=True)
    for count in parts:
        study = optuna.create_study(storage=open_storage(folder, None), study_name="s", load_if_exists=True)
        for _ in range(count):
            study.sampler = sampler_for(sampler, len(study.trials))
            trial = study.ask(fixed_distributions=SPACE)
            study.tell(trial, trial.params["lr"])
    return [each.params for each in study.trials]


@pytest.mark.parametrize(
    "sampler",
    [
        {"_target_": "optuna.samplers.TPESampler", "seed": 1, "n_startup_trials": 3},
        {"_target_": "optuna.samplers.RandomSampler", "seed": 1},
    ],
)
def test_a_resumed_search_draws_what_an_unbroken_one_does(tmp_path: Path, sampler: dict[str, Any]) -> None:
    config = OmegaConf.create(sampler)
    whole, parts = draw(tmp_path / "a", config, [6]), draw(tmp_path / "b", config, [2, 4])
    assert whole == parts
    assert len({each["lr"] for each in whole}) == 6


def test_a_sequence_keeps_its_seed() -> None:
    config = OmegaConf.create({"_target_": "optuna.samplers.QMCSampler", "seed": 5, "warn_asynchronous_seeding": False})
    assert sampler_for(config, 0)._seed == sampler_for(config, 3)._seed == 5  # type: ignore[attr-defined]


def test_a_trial_is_found_from_another_process(tmp_path: Path) -> None:
    storage = open_storage(tmp_path, None)
    study = optuna.create_study(storage=storage, study_name=study_name(tmp_path, None, storage, None))
    first, second = study.ask(), study.ask()
    pruner = {"_target_": "optuna.pruners.ThresholdPruner", "upper": 1.0}
    sweeper = OmegaConf.create({"storage": None, "study_name": None, "pruner": pruner})
    _, trial = open_trial(tmp_path, sweeper, second.number)
    trial.report(2.0, 0)
    assert trial.should_prune()
    values = [each.intermediate_values for each in study.get_trials()]
    assert values == [{}, {0: 2.0}]
    assert first.number == 0


def test_a_study_keeps_its_name_in_a_folder_that_was_renamed(tmp_path: Path) -> None:
    storage = open_storage(tmp_path, None)
    assert study_name(tmp_path, None, storage, None) == tmp_path.name
    optuna.create_study(storage=storage, study_name="before")
    assert study_name(tmp_path, None, storage, None) == "before"
    assert study_name(tmp_path, "given", storage, None) == "given"
    assert study_name(tmp_path, None, storage, "sqlite:///shared") == tmp_path.name  # others' studies are there, too


def test_no_pruner_prunes_nothing() -> None:
    assert isinstance(build_pruner(None), optuna.pruners.NopPruner)


def test_hyperband_needs_no_number_of_epochs() -> None:
    hyperband = {"_target_": "optuna.pruners.HyperbandPruner", "min_resource": 1, "reduction_factor": 3}
    for most in (None, 9):
        assert isinstance(build_pruner(OmegaConf.create({**hyperband, "max_resource": most})), optuna.pruners.HyperbandPruner)
    with pytest.raises(MisconfigurationException, match="hydra.sweeper.pruner: .*max_resource"):
        build_pruner(OmegaConf.create({**hyperband, "max_resource": "many"}))


def test_optuna_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_module.importlib.metadata, "version", lambda name: "2.10.1")
    with pytest.raises(MisconfigurationException, match=r"sweep=optuna needs Optuna, version 4 or newer: pip install"):
        require_optuna()
