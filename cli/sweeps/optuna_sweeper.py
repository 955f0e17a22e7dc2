"""Search for settings with Optuna: ``sweep=optuna objective=val/loss "optimizer.lr=tag(log,interval(1e-4,1e-1))"``.

**Why not hydra-optuna-sweeper.** Its last release is of 2022 and needs Optuna 2, whose storage does not work with SQLAlchemy 2.1
(``AssertionError: version is not None``); it prunes nothing, and a resumed search draws again what it has drawn. This is the same
on Hydra's public interface for sweepers, with a current Optuna.

A trial's number is that of its run and the name of its folder. The study is in the sweep's folder, so a search that was broken
off goes on where it was: running trials first, each from its checkpoint, then new ones up to ``n_trials``.
"""

from __future__ import annotations

import importlib
import itertools
import logging
import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from ..claimed_folder import wait_for
from .outcome import PLAN, FailedRun, PrunedRun, describe, failure_of, is_complete, note_failure, record_of
from .rows import lower_is_better
from .search_space import search_space
from .study import build_pruner, open_storage, require_optuna, sampler_for, study_name

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

log = logging.getLogger(__name__)

_FOLDER = "folder"  # attribute of a trial: which sweep's it is, where several share a study
_OBJECTIVE = "objective"  # attribute of a study


class Search(Sweeper):
    """Hydra sweeper that lets Optuna choose each run's settings.

    Args:
        n_trials: Trials of the whole search, those of earlier starts and failed ones included.
        n_jobs: Trials at the same time, where the launcher runs several.
        direction: ``minimize`` or ``maximize``. Default: by the objective's name (losses and errors are minimized).
        max_failure_rate: Share of ``n_trials`` that may fail before the search stops.
        storage: URL of a database. Default: SQLite in the sweep's folder.
        study_name: Name of the study in it. Default: that of the sweep's folder.
        sampler: Configuration of one of Optuna's samplers.
        pruner: Configuration of one of Optuna's pruners; ``None``: no trial is stopped early.
        params: Overrides that are searched, beside those that were typed.

    Raises:
        MisconfigurationException: An option that no search can use, a study of another objective or direction, or no Optuna.
    """

    def __init__(
        self,
        n_trials: int,
        n_jobs: int,
        direction: str | None,
        max_failure_rate: float,
        storage: str | None,
        study_name: str | None,
        sampler: DictConfig,
        pruner: DictConfig | None,
        params: DictConfig | None = None,
    ) -> None:
        _check(n_trials, n_jobs, direction, max_failure_rate)
        self.n_trials = n_trials
        self.n_jobs = n_jobs
        self.direction = direction
        self.max_failure_rate = max_failure_rate
        self.storage = storage
        self.study_name = study_name
        self.sampler = sampler
        self.pruner = pruner
        self.params: dict[str, Any] = {} if params is None else {str(key): value for key, value in params.items()}
        self.config: DictConfig | None = None
        self.launcher: Launcher | None = None
        self.hydra_context: HydraContext | None = None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Take what Hydra has, and build the launcher."""
        self.hydra_context = hydra_context
        self.config = config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> None:
        """Search.

        Args:
            arguments: What was typed for the runs.

        Raises:
            MisconfigurationException: No objective, nothing to search, or more failures than are allowed.
        """
        assert self.config is not None
        require_optuna()
        space, fixed = search_space([*(f"{key}={value}" for key, value in self.params.items()), *arguments])
        objective = self._check_search(space, fixed)
        folder = Path(self.config.hydra.sweep.dir)
        folder.mkdir(parents=True, exist_ok=True)
        study = self._study(folder, objective)
        OmegaConf.save(self.config, folder / PLAN)
        for trials in self._batches(study, space, folder):
            overrides = [[*(f"{key}={value}" for key, value in each.params.items()), *fixed] for each in trials]
            for trial, reached in zip(trials, self._launch(overrides, trials[0].number, folder, objective), strict=True):
                _tell(study, trial.number, reached, folder)
            _write_best(study, folder)
            self._check_failures(study, folder)

    def _check_search(self, space: dict[str, BaseDistribution], fixed: list[str]) -> str:
        """Refuse, before the first trial, what no search can be made of; return the objective."""
        from practicum.lightning_shim import MisconfigurationException  # noqa: PLC0415 - heavy

        assert self.hydra_context is not None
        assert self.config is not None
        if not space:
            raise MisconfigurationException(
                "sweep=optuna: nothing is searched; name what may vary, as in model.factors=4,8,16 or "
                '"optimizer.lr=tag(log,interval(1e-4,1e-1))".'
            )
        first = [f"{key}={_any_value(each)}" for key, each in space.items()]
        self.validate_batch_is_legal([[*first, *fixed]])
        composed = self.hydra_context.config_loader.load_sweep_config(self.config, [*first, *fixed])
        if not isinstance(composed.get("objective"), str):
            raise MisconfigurationException(
                "sweep=optuna: say which metric is searched by, as in objective=val/loss; a finished run's metrics.json has "
                "their names."
            )
        return str(composed.objective)

    def _study(self, folder: Path, objective: str) -> Study:
        import optuna  # noqa: PLC0415 - optional
        from practicum.lightning_shim import MisconfigurationException  # noqa: PLC0415 - heavy

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        lower = lower_is_better(objective) if self.direction is None else self.direction == "minimize"
        pruner, storage = build_pruner(self.pruner), open_storage(folder, self.storage)
        name = study_name(folder, self.study_name, storage, self.storage)
        study = optuna.create_study(
            study_name=name,
            storage=storage,
            pruner=pruner,
            direction="minimize" if lower else "maximize",
            load_if_exists=True,
        )
        direction = study.direction.name.lower()
        known = study.user_attrs.get(_OBJECTIVE, objective)
        if known != objective or (direction == "minimize") != lower:
            raise MisconfigurationException(
                f"{folder}: the study {name} {direction}s {known}, so its trials are of no use to a search that "
                f"{'minimize' if lower else 'maximize'}s {objective}; begin another one "
                f"({'hydra.sweeper.study_name' if self.storage else 'hydra.sweep.dir'}=...)."
            )
        study.set_user_attr(_OBJECTIVE, objective)
        before = len(study.get_trials(deepcopy=False))
        there = f"; {before} of them are there already" if before else ""
        log.info(f"Searching for {self.n_trials} trials that {direction} {objective}{there}.")
        return study

    def _batches(self, study: Study, space: dict[str, BaseDistribution], folder: Path) -> Iterable[list[FrozenTrial]]:
        """Trials to run at the same time, with consecutive numbers: first those that were running when an earlier start ended."""
        from optuna.trial import TrialState  # noqa: PLC0415 - optional

        mine = str(folder.resolve())
        left = [
            each
            for each in study.get_trials(states=(TrialState.RUNNING,))
            if self.storage is None or each.user_attrs.get(_FOLDER, mine) == mine  # a folder with its file may have been moved
        ]
        whole = [each for each in left if set(each.params) == set(space)]
        for each in left:
            if each not in whole:  # killed while its values were drawn
                study.tell(each.number, state=TrialState.FAIL)
        for _, group in itertools.groupby(enumerate(whole), key=lambda pair: pair[1].number - pair[0]):
            trials = [trial for _, trial in group]
            for start in range(0, len(trials), self.n_jobs):
                yield trials[start : start + self.n_jobs]
        while (there := len(study.get_trials(deepcopy=False))) < self.n_trials:
            batch = []
            for number in range(there, min(there + self.n_jobs, self.n_trials)):
                study.sampler = sampler_for(self.sampler, number)
                trial = study.ask(fixed_distributions=space)
                trial.set_user_attr(_FOLDER, mine)
                batch.append(trial.number)
            everything = study.get_trials()
            for _, run in itertools.groupby(enumerate(batch), key=lambda pair: pair[1] - pair[0]):
                yield [everything[number] for _, number in run]

    def _launch(self, overrides: list[list[str]], first: int, folder: Path, objective: str) -> list[Any]:
        """Run trials and return what they reached; where the launcher itself failed, those that are not complete have failed."""
        assert self.launcher is not None
        try:
            return [_reached(each) for each in self.launcher.launch(overrides, initial_job_idx=first)]
        except Exception as error:
            runs = [folder / str(first + place) for place in range(len(overrides))]
            for run in runs:
                wait_for(run)  # it has raised as the first of several processes died
            found = [_reached_alone(run, objective) for run in runs]
            broken = [FailedRun(failure_of(run) or describe(error)) for run in runs]
            return [failed if reached is None else reached for reached, failed in zip(found, broken, strict=True)]

    def _check_failures(self, study: Study, folder: Path) -> None:
        from optuna.trial import TrialState  # noqa: PLC0415 - optional
        from practicum.lightning_shim import MisconfigurationException  # noqa: PLC0415 - heavy

        trials = study.get_trials(deepcopy=False)
        failed = sum(each.state is TrialState.FAIL or failure_of(folder / str(each.number)) is not None for each in trials)
        if failed > self.max_failure_rate * self.n_trials:
            raise MisconfigurationException(
                f"The search stops: {failed} trials of {self.n_trials} failed, more than hydra.sweeper.max_failure_rate="
                f"{self.max_failure_rate} allows; search where training is stable, or allow more."
            )


def register_sweeper() -> None:
    """Make the sweeper known to Hydra, which does not find it by itself where practicum is installed in editable mode."""
    try:
        plugin = importlib.import_module("hydra_plugins.practicum")
    except ModuleNotFoundError:
        return  # installed before there was one; sweep=optuna then says so
    Plugins.instance().register(plugin.OptunaSweeper)


def _check(n_trials: Any, n_jobs: Any, direction: Any, max_failure_rate: Any) -> None:
    from practicum.lightning_shim import MisconfigurationException  # noqa: PLC0415 - heavy

    for name, value in (("n_trials", n_trials), ("n_jobs", n_jobs)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise MisconfigurationException(f"hydra.sweeper.{name}={value} must be a whole number from 1.")
    if direction not in (None, "minimize", "maximize"):
        raise MisconfigurationException(f"hydra.sweeper.direction={direction}: minimize or maximize is wanted, or null.")
    if isinstance(max_failure_rate, bool) or not isinstance(max_failure_rate, int | float) or not 0 <= max_failure_rate <= 1:
        raise MisconfigurationException(f"hydra.sweeper.max_failure_rate={max_failure_rate} must be from 0 to 1.")


def _any_value(distribution: BaseDistribution) -> Any:
    return distribution.choices[0] if hasattr(distribution, "choices") else distribution.low  # type: ignore[attr-defined]


def _reached(job: JobReturn) -> Any:
    try:
        return job.return_value
    except Exception as error:
        return FailedRun(describe(error))


def _reached_alone(run: Path, objective: str) -> Any:
    """What a complete run reached, by its folder; ``None`` where it is not complete."""
    if not is_complete(run):
        return None
    record = record_of(run)
    return PrunedRun(int(record["epochs"]) - 1) if record["status"] == "pruned" else record.get(objective)


def _tell(study: Study, number: int, reached: Any, folder: Path) -> None:
    """Tell the study how a trial ended; keep in the run's folder why it failed, where it could not.

    Samplers learn nothing from Optuna's failed trials, and draw what failed again and again. One that was pruned before any value
    is to them the worst there is.
    """
    from optuna.trial import TrialState  # noqa: PLC0415 - optional

    if isinstance(reached, PrunedRun):
        study.tell(number, state=TrialState.PRUNED)
    elif isinstance(reached, int | float) and math.isfinite(reached):
        study.tell(number, float(reached))
    else:
        sentence = reached.sentence if isinstance(reached, FailedRun) else f"its objective is {reached}, which is no number"
        run = folder / str(number)
        if run.is_dir() and failure_of(run) is None:
            note_failure(run, sentence)
        study.tell(number, state=TrialState.PRUNED if run.is_dir() else TrialState.FAIL)  # without a folder it never began


def _write_best(study: Study, folder: Path) -> None:
    """Write the best trial so far, in the form of Hydra's other sweepers."""
    from optuna.trial import TrialState  # noqa: PLC0415 - optional
    from practicum.callbacks.files.atomic_file import atomic_write  # noqa: PLC0415 - heavy

    if study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        best = study.best_trial
        results = {"name": "optuna", "best_params": best.params, "best_value": best.value, "best_run": best.number}
        with atomic_write(folder / "optimization_results.yaml") as beside:
            OmegaConf.save(OmegaConf.create(results), beside)
