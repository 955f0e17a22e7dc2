"""Predict new input with a run, and turn predictions into the columns of a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import torch
from omegaconf import DictConfig
from practicum.callbacks import WordImportance
from practicum.callbacks.run.notebook_progress import in_notebook
from practicum.callbacks.run.predictions_table import join_columns
from practicum.datamodules.text.new_texts import NOTE
from practicum.lightning_shim import Callback, MisconfigurationException, Trainer
from practicum.modules import EmbeddingExtractor
from practicum.modules.objectives.objective import Objective
from practicum.modules.objectives.ranking import Ranking
from torch import Tensor

from .inputs import expand_input
from .run_folder import Run
from .same_columns import require_same_columns


class Prediction(NamedTuple):
    """What one run predicts of the input.

    Attributes:
        values: Predictions ``[N, ...]``: probabilities, numbers, or embedded rows.
        columns: What stands beside them: file, text or row.
        explanations: Of each text, where asked for.
        model: The run's module.
        data: The input as a data module.
    """

    values: Tensor
    columns: dict[str, list[Any]]
    explanations: list[str]
    model: Any
    data: Any


def predict_with(run: Run, options: DictConfig) -> Prediction:
    """Read the input as the run read its data, and predict it.

    Args:
        run: The run.
        options: ``input``, ``score``, ``format``, ``explain``, ``top_k``, ``batch_size`` and ``accelerator`` of ``predict.py``.

    Raises:
        MisconfigurationException: An input or a format that this run can't use, or a run that has nothing to predict.
    """
    if "classifier" in run.hints:
        folder = run.config.paths.run
        builds = " ".join(str(each).replace("{run}", str(folder)) for each in run.hints["classifier"] or [])
        raise MisconfigurationException(
            f"run={folder}: it has no classes to predict; train a classifier on it, experiment=reviews {builds}."
        )
    model = run.model()
    if options.format == "embedded" and not hasattr(model, "embedded"):
        raise MisconfigurationException(f"format=embedded: {type(model).__name__} has no embedded columns; tables have.")
    named = [getattr(each, "classes", None) for each in (model, getattr(model, "objective", None))]
    if options.top_k is not None and named == [None, None]:
        raise MisconfigurationException(
            f"top_k={options.top_k}: {type(model).__name__} of {run.folder} predicts no classes; leave it out."
        )
    if options.batch_size is not None:
        run.config.data.batch_size = options.batch_size
    explanations = WordImportance() if options.explain else None
    with TemporaryDirectory(prefix="practicum-") as scratch:
        training_data = run.data_module(scratch)
        require_same_columns(model, training_data, run.checkpoint)
        data = _read_input(training_data, model, options)
        if options.format == "kaggle" and not hasattr(data, "submission_columns"):
            raise MisconfigurationException(
                f"format=kaggle: {type(training_data).__name__} is not a Kaggle challenge; dogs_vs_cats, dog_breeds, planet and "
                "rossmann are."
            )
        trainer = _trainer(run, options.accelerator, [] if explanations is None else [explanations])
        module = EmbeddingExtractor(model) if options.format == "embedded" else model
        outputs: Any = trainer.predict(module, datamodule=data)
    texts = [] if explanations is None else explanations.explanations
    return Prediction(torch.cat(outputs), data.row_columns(), texts, model, data)


def _read_input(training_data: Any, model: Any, options: DictConfig) -> Any:
    """The input as a data module; with its targets where it is to be scored."""
    given = options.input  # from Python also a frame, or a list of texts
    if hasattr(given, "columns") or (isinstance(given, list) and hasattr(training_data, "detokenize")):
        source: Any = given
    else:
        inputs = expand_input(given)
        source = inputs[0] if len(inputs) == 1 else [Path(each) for each in inputs]
    if not options.score:
        return training_data.for_prediction(source)
    objective = getattr(model, "objective", None)
    if isinstance(objective, Ranking):
        raise MisconfigurationException("score=true: the run learnt from clicks, which its test ranked among all items.")
    if not isinstance(objective, Objective):
        raise MisconfigurationException(f"score=true: {type(model).__name__} has no objective, which says what to measure.")
    return training_data.for_scoring(source, getattr(model, "classes", ()))


def _trainer(run: Run, accelerator: str, more: list[Callback]) -> Trainer:
    """A trainer that predicts as the run tested: its transforms, its precision."""
    try:
        return Trainer(
            callbacks=[*run.prediction_transforms(), *more],
            accelerator=accelerator,
            devices=1,
            precision=run.precision,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=not in_notebook(),
            default_root_dir=run.folder,  # where the transforms' files are, such as temperature.json
        )
    except (ValueError, TypeError, ImportError) as error:
        given = f"run={run.folder}, accelerator={accelerator}, precision={run.precision}"
        raise MisconfigurationException(f"{given}: {error}") from error


def mean_prediction(predictions: Sequence[Prediction], folders: Sequence[str]) -> Tensor:
    """The mean of what several runs predict of the same input.

    Args:
        predictions: One for each run.
        folders: The run folders, for the message.

    Raises:
        MisconfigurationException: Runs with other classes, or that read the input in another way.
    """
    first = predictions[0]
    for folder, other in zip(folders[1:], predictions[1:], strict=True):
        alike = other.values.shape == first.values.shape and _meaning(other.model) == _meaning(first.model)
        if not alike or _rows(other) != _rows(first):
            raise MisconfigurationException(f"run={folder}: has other classes than {folders[0]}, or read the input differently.")
    return torch.stack([each.values for each in predictions]).mean(0)


def _meaning(model: Any) -> tuple[Any, Any]:
    return getattr(model, "classes", None), getattr(getattr(model, "objective", None), "quantiles", None)


def _rows(prediction: Prediction) -> str:
    """The rows as text, in which NaN equals NaN; without notes, which are on what a run knows of them."""
    return repr({name: values for name, values in prediction.columns.items() if name != NOTE})


def prediction_columns(first: Prediction, values: Tensor, form: str, top_k: int | None) -> dict[str, list[Any]]:
    """The columns of a table: what was predicted, and the prediction.

    Args:
        first: The (first) run's prediction.
        values: Predictions ``[N, ...]``, of one run or the mean of several.
        form: ``csv``, ``kaggle`` or ``embedded``.
        top_k: Only the ``k`` most probable classes; ``None``: all of them. Kaggle's form has all.
    """
    if form != "embedded":
        return join_columns(first.columns, first.model.columns(values, top_k=None if form == "kaggle" else top_k))
    names = first.model.embedded_names()
    replaced = {*first.model.categories, *names}
    beside = {name: column for name, column in first.columns.items() if name not in replaced}
    return beside | dict(zip(names, values.T.tolist(), strict=True))
