"""Make a run's model ready to be exported, with real inputs to check it on: those of its own test, or what is given."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
from practicum.callbacks import TestTimeAugmentation
from practicum.callbacks.prediction.temperature_scaling import TemperatureScaling, read_temperature
from practicum.callbacks.prediction.views_decision import left_out
from practicum.datamodules.images.photo_sources import photos_in
from practicum.datamodules.ratings.interactions import complete_pairs
from practicum.datamodules.tabular.column_types import clean_text
from practicum.datamodules.tabular.new_rows import names_beside
from practicum.datamodules.tabular.preprocessor import TablePreprocessor
from practicum.datamodules.tabular.readers import require_columns
from practicum.datamodules.text.new_texts import read_new_texts
from practicum.datamodules.text.tokenization import load_tokenizer
from practicum.lightning_shim import MisconfigurationException
from practicum.modules import EntityEmbeddingModel, ImageClassifier, TabularEnsemble, TextClassifier, WordVectorClassifier
from practicum.modules.base.recommender import Recommender

from ..inputs import expand_input
from ..run_folder import Run
from .deployable import Deployable
from .photos import photo_deployable
from .ratings import rating_deployable
from .tables import first_rows, table_deployable
from .texts import text_deployable

log = logging.getLogger(__name__)
_SEEN = "seen.parquet"


def build_deployable(run: Run, given: Any, count: int, scratch: str) -> Deployable:
    """A run's model with its preprocessing.

    Args:
        run: The run.
        given: Inputs to check it on; ``None``: those of the run's test, which ``predictions.csv`` names.
        count: How many, at most.
        scratch: A temporary folder.

    Raises:
        MisconfigurationException: A model that can't be exported, or no input to check it on.
    """
    model, data = run.model().eval(), run.data_module(scratch)
    model.requires_grad_(False)
    temperature = _temperature(run)
    sources = None if given is None else [Path(each) for each in expand_input(given)]
    if isinstance(model, ImageClassifier):
        if sources is None:
            paths = [Path(each) for each in _tested(run).to_series(0)]
        else:
            named = data.file_column, data.images, data.csv_format
            found_in = [photos_in(each, *named, cache=Path(scratch)) for each in sources]
            paths = [path for each in found_in for path in each.paths]
        found = [path for path in _spread(paths, count) if path.is_file()]
        if not found:
            raise _gone(run, "photos")
        return photo_deployable(model, data, found, temperature)
    if isinstance(model, TextClassifier | WordVectorClassifier):
        tokenizer = load_tokenizer(run.folder / "tokenizer.json")
        texts = [text for text in islice(_texts(run, data, sources), count) if text is not None]
        if not texts:
            raise _gone(run, "texts")
        return text_deployable(model, data, tokenizer, texts, temperature)
    if isinstance(model, TabularEnsemble | EntityEmbeddingModel | Recommender):
        steps = TablePreprocessor.from_json(run.folder / "steps.json")
        rows = (
            _rows(run, steps, model, data.config.csv_format)
            if sources is None
            else data.for_prediction(sources if len(sources) > 1 else sources[0]).plain
        )
        if isinstance(model, Recommender):
            pairs = complete_pairs(first_rows(rows, count).lazy(), data.config, run.folder, steps.date_format).collect()
            return rating_deployable(model, steps, pairs)
        require_columns(run.folder / "predictions.csv" if sources is None else sources[0], rows.columns, steps.source_columns)
        return table_deployable(model, steps, first_rows(rows, count))
    raise MisconfigurationException(
        f"run={run.folder}: {type(model).__name__} can't be exported; classifiers of photos and texts, models of tables and "
        "recommenders can."
    )


def copy_tokenizer(run: Run, folder: Path) -> None:
    """Copy ``tokenizer.json`` to where a model is exported.

    Args:
        run: The run.
        folder: Where the model will be.

    Raises:
        MisconfigurationException: Another tokenizer is there, which belongs to another model.
    """
    own, target = run.folder / "tokenizer.json", folder / "tokenizer.json"
    if target.is_file() and target.read_bytes() == own.read_bytes():
        return
    if target.exists() and folder.resolve() != (run.folder / "export").resolve():
        raise MisconfigurationException(
            f"{target}: another model's tokenizer is there; choose another folder, output=FOLDER/NAME."
        )
    shutil.copyfile(own, target)


def _temperature(run: Run) -> float:
    """What logits are divided by; other transforms of predictions are said to be left out."""
    temperature = 1.0
    for each in run.prediction_transforms():
        if isinstance(each, TemperatureScaling):
            temperature = read_temperature(run.folder / each.temperature_file)
        elif not (isinstance(each, TestTimeAugmentation) and each.only_if_better and left_out(run.folder)):
            log.warning(f"{type(each).__name__} is left out: the export is the network of {run.checkpoint.name} by itself.")
    return temperature


def _tested(run: Run) -> pl.DataFrame:
    """``predictions.csv`` as texts."""
    path = run.folder / "predictions.csv"
    if not path.is_file():
        raise _gone(run, "rows")
    return pl.read_csv(path, infer_schema=False)


def _rows(run: Run, steps: TablePreprocessor, model: Any, told: Mapping[str, Any]) -> pl.DataFrame:
    """Raw rows of the test; columns that had the name of a column of predictions get theirs back.

    A run on clicks has no predictions of its test: the pairs that it has seen take their place.
    """
    if isinstance(model, Recommender) and not (run.folder / "predictions.csv").is_file() and (run.folder / _SEEN).is_file():
        seen = pl.read_parquet(run.folder / _SEEN)
        ids = {name: pl.Series(model.categories[name]) for name in (model.user, model.item)}
        return pl.DataFrame({name: ids[name].gather(seen[side] - 1) for name, side in zip(ids, ("user", "item"), strict=True)})
    rows = _tested(run)
    renamed = names_beside(steps.source_columns, rows.columns)
    return clean_text(rows.drop(set(renamed.values()) & {*rows.columns}).rename(renamed).lazy(), told).collect()


def _texts(run: Run, data: Any, sources: list[Path] | None) -> Iterator[str | None]:
    if sources is not None:
        for each in sources:
            yield from (text for _, text in read_new_texts(each, data.text_column, data.trained_format()))
        return
    files = [Path(name) for name in _tested(run).to_series(0)]
    if all(path.is_file() for path in files):
        yield from (path.read_text(encoding="utf-8-sig") for path in files)
    elif data.source is not None and data.source.path.exists():
        yield from (each.text for each in data.documents())


def _spread(paths: list[Path], count: int) -> list[Path]:
    return paths[:: max(1, len(paths) // count)][:count]


def _gone(run: Run, what: str) -> MisconfigurationException:
    return MisconfigurationException(
        f"run={run.folder}: the {what} of its test were not found; give some to check the export on, input=PATH."
    )
