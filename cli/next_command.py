"""Tell what to type after a run: the command that uses it, and the one that trains on or better.

What cannot be known from the run stands in ``conf/hints/*.yaml``, of which data choose one (:func:`hints_of`):

- ``predict``: what ``predict.py`` is given beside the run and the output, such as its ``input``.
- ``own_data``: overrides that train on one's own data, named after a run on synthetic data.
- ``challenge``: true where the data are a Kaggle challenge, whose test inputs are predicted in its own form.
- ``classifier``: overrides that build a classifier on a run that predicts nothing; ``{run}`` is the run folder.
- ``classifier_data``: overrides that name the classifier's data. Default: those of the run.
- ``by_task``: the above for each ``data.task``.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import Quote, QuotedString
from omegaconf import DictConfig, OmegaConf

_INSTALLED = ("practicum-train", "practicum-predict")
PROGRAM = "PRACTICUM_PROGRAM"  # what was started, in the environment of a launcher's worker processes
# Of the command that was typed, not of the run.
_NOT_OF_A_RUN = ("resume", "trust=", "sweep=", "sweep/", "launcher=", "objective=")
# Options of a language model's data that its classifier does not take over.
_LANGUAGE_MODEL_ONLY = ("data.task", "data.batch_size", "data.bptt", "data.variable_length", "data.tokenizer")


@dataclass(frozen=True)
class FinishedRun:
    """What the next commands depend on.

    Attributes:
        folder: The run folder, as one would type it.
        typed: Overrides that were typed for it.
        data_choice: The choice of the group ``data``.
        synthetic: Whether its data are synthetic.
        epochs: How many it was trained.
        l2: ``model.l2`` where a baseline won and its advice is a stronger one; ``None``: it is not.
        length: The option that sets how many: ``epochs``, or ``trainer.max_epochs`` where something goes before that.
        continues: Whether the model can start from another run's weights (``model.weights``).
        test_inputs: What a challenge wants predicted; ``None`` where that is not there, or there is no challenge.
        tokenizer: The tokenizer of subwords that a classifier must share; ``None``: none.
        lr: ``optimizer.lr``; ``None``: there is none.
        overfits: Whether validation's loss was best before the last epoch, so that more epochs would gain nothing.
    """

    folder: str
    typed: Sequence[str]
    data_choice: str
    synthetic: bool
    epochs: int
    continues: bool
    test_inputs: str | None = None
    tokenizer: str | None = None
    lr: float | None = None
    overfits: bool = False
    l2: float | None = None
    length: str = "epochs"


def from_here(path: str | os.PathLike[str]) -> str:
    """A path as one would type it: from the working directory, or whole where that is on another of Windows' drives.

    Args:
        path: The path.
    """
    try:
        return os.path.relpath(path)
    except ValueError:
        return os.path.abspath(path)


def override_text(text: str | os.PathLike[str]) -> str:
    r"""A text as the value of an override, in quotes: a path may hold blanks, or be of somebody called O'Neil.

    Args:
        text: The text.

    Example:
        >>> from practicum.cli.next_command import override_text
        >>> print(override_text("/home/o'neil/runs"))
        '/home/o\'neil/runs'
    """
    return QuotedString(text=os.fspath(text), quote=Quote.single).with_quotes()


def hints_of(cfg: DictConfig) -> dict[str, Any]:
    """Return the hints of a configuration, those for its ``data.task`` included; empty where there is none.

    Args:
        cfg: The composed configuration, or a run's.
    """
    hints: Any = OmegaConf.to_container(cfg.hints, resolve=True) if isinstance(cfg.get("hints"), DictConfig) else {}
    by_task = hints.pop("by_task", {})
    mine = by_task.get(str(cfg.data.get("task"))) if isinstance(by_task, dict) else None
    return {**hints, **(mine if isinstance(mine, dict) else {})}


def started() -> str:
    """What was started, also in a process of a launcher, whose own script says nothing."""
    return os.environ.get(PROGRAM) or sys.argv[0]


def program_name() -> str:
    """What messages begin with: the name of what was started."""
    return Path(started()).name


def program_names(script: str | None = None) -> tuple[str, str]:
    """The commands that train and predict, as this process was started.

    Args:
        script: What was started. Default: what :func:`started` returns.

    Returns:
        ``practicum-train`` and ``practicum-predict`` where the installed command runs; ``python PATH/train.py`` and
        ``python PATH/predict.py`` for a script with the other beside it; ``python train.py`` and ``python predict.py`` otherwise,
        as in a launcher's worker process.
    """
    path = Path(started() if script is None else script)
    if path.stem in _INSTALLED:
        return _INSTALLED
    beside = path.with_name("predict.py")
    in_package = path.with_name("__init__.py").is_file()
    found = (path, beside) if not in_package and path.is_file() and beside.is_file() else (Path("train.py"), Path("predict.py"))
    return f"python {shlex.quote(str(found[0]))}", f"python {shlex.quote(str(found[1]))}"


def train_program(script: str | None = None) -> str:
    """What messages call the program that trains: ``practicum-train`` where an installed command runs, else ``train.py``.

    Args:
        script: What was started. Default: what :func:`started` returns.
    """
    return _INSTALLED[0] if Path(started() if script is None else script).stem in _INSTALLED else "train.py"


def train_command(script: str | None = None) -> str:
    """How one starts :func:`train_program`, without the path of this machine: for records that others read.

    Args:
        script: What was started. Default: what :func:`started` returns.
    """
    program = train_program(script)
    return program if program == _INSTALLED[0] else f"python {program}"


def next_commands(run: FinishedRun, hints: Mapping[str, Any], names: tuple[str, str]) -> dict[str, str]:
    """The command that uses a run, and the one that trains the next.

    Args:
        run: The run.
        hints: What :func:`hints_of` returned.
        names: What :func:`program_names` returned.

    Returns:
        Two commands, by what each is for.
    """
    train, predict = names
    purpose, following = "Predict with it", "Train on data of your own"
    new = "new_" if Path(run.folder).resolve() == Path.cwd() else ""  # the run's own tables have these names
    if run.test_inputs is not None:
        purpose = "Predict the challenge's test inputs"
        use = [f"input={run.test_inputs}", f"output={new}submission.csv", "format=kaggle"]
    else:
        use = [*map(str, hints.get("predict", ["input=INPUT"])), f"output={new}predictions.csv"]
    first = f"{predict} {shlex.join([f'run={run.folder}', *use])}"
    if "classifier" in hints:
        purpose, first = "Train a classifier on what it has learnt", f"{train} {shlex.join(_classifier(run, hints))}"
    arguments = hints.get("own_data", [])
    if not run.synthetic:
        following, arguments = _improve(run)
    return {purpose: first, following: f"{train} {shlex.join(arguments)}".rstrip()}


def _classifier(run: FinishedRun, hints: Mapping[str, Any]) -> list[str]:
    """Overrides of a classifier on the encoder or the word vectors of a run, reading the same texts in the same way."""
    kept = [each for each in run.typed if each.startswith("data.") and not each.startswith(_LANGUAGE_MODEL_ONLY)]
    data = hints.get("classifier_data", [f"data={run.data_choice}", *kept])
    tokenizer = [f"data.tokenizer={run.tokenizer}"] if run.tokenizer is not None else []
    return ["experiment=reviews", *data, *tokenizer, *(str(each).replace("{run}", run.folder) for each in hints["classifier"])]


def _improve(run: FinishedRun) -> tuple[str, list[str]]:
    """What to try next: stronger penalties where a baseline won by them, other rates where more epochs would gain nothing."""
    if run.l2 is not None:
        return "Try stronger penalties", _sweep(run, "model.l2", stronger(run.l2))
    if run.overfits and run.lr:
        return "Try other learning rates", _sweep(run, "optimizer.lr", ",".join(f"{run.lr * each:.2g}" for each in (0.3, 1, 3)))
    return "Train for longer", _longer(run)


def _sweep(run: FinishedRun, option: str, values: str) -> list[str]:
    kept = [each for each in run.typed if not each.startswith((f"{option}=", *_NOT_OF_A_RUN))]
    return ["-m", *kept, f"{option}={values}"]


def stronger(l2: float) -> str:
    """Three penalties above one, as a sweep takes them.

    Args:
        l2: The penalty of the run.

    Example:
        >>> from practicum.cli.next_command import stronger
        >>> stronger(0.1), stronger(0)
        ('0.2,0.4,0.8', '0.02,0.04,0.08')
    """
    return ",".join(f"{(l2 or 0.01) * factor:.3g}" for factor in (2, 4, 8))


def _longer(run: FinishedRun) -> list[str]:
    """The run's own overrides, from its weights where the model can take them, for longer."""
    replaced = ("model.weights=", "trainer.max_epochs=", "epochs=")
    kept = [each for each in run.typed if not each.startswith((*replaced, *_NOT_OF_A_RUN))]
    weights = [f"model.weights={run.folder}"] if run.continues else []
    return [*kept, *weights, f"{run.length}={10 if run.continues else 2 * run.epochs}"]


def print_next_commands(commands: Mapping[str, str]) -> None:
    """Print commands so that each can be copied as one line.

    Args:
        commands: What :func:`next_commands` returned.
    """
    print("\nNext:")
    for command in commands.values():
        print(f"  {command}")
