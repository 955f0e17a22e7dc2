"""Predict: a run folder and new raw input -> a table of predictions.

python predict.py run=runs/spiders/2026-01-31_12-00-00 input=PHOTOS output=predictions.csv
python predict.py "run=[RUN,ANOTHER]" input=TEXTS        the mean of what several runs say
python predict.py run=RUN input=TABLE.csv output=embedded.parquet format=embedded     categories as vectors, for other models
python predict.py run=RUN top_k=10                      recommendations for everybody; for those in input=USERS.csv
python predict.py run=RUN fold_in=RATINGS.csv top_k=10  for somebody new, from what they rated
python predict.py run=RUN "neighbours='Star Wars (1977)'"
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import hydra
from omegaconf import DictConfig, ListConfig

from .errors import one_sentence, run_command


@hydra.main(version_base="1.3", config_path="pkg://practicum.conf", config_name="predict")
@one_sentence
def predict(cfg: DictConfig) -> None:
    """Predict one input with a run, or with the mean of several."""
    import torch
    from practicum.lightning_shim import MisconfigurationException

    from .known_warnings import ignore_known_warnings
    from .run_folder import open_run
    from .trainer_factory import keep_freed_memory

    output = Path(cfg.output)
    for name in ("top_k", "batch_size"):
        if cfg[name] is not None and not (isinstance(cfg[name], int) and cfg[name] >= 1):
            raise MisconfigurationException(f"{name}={cfg[name]} must be a whole number from 1.")
    if cfg.format not in ("csv", "kaggle", "embedded", "factors"):
        raise MisconfigurationException(f"format={cfg.format}: choose csv, kaggle, embedded or factors.")
    folders = [str(each) for each in cfg.run] if isinstance(cfg.run, ListConfig) else [str(cfg.run)]
    if len(folders) > 1 and (cfg.checkpoint is not None or cfg.explain or cfg.format == "embedded"):
        raise MisconfigurationException(f"run={cfg.run}: checkpoint, explain and format=embedded are for a single run.")
    runs = [open_run(Path(folder), cfg.checkpoint, trust=cfg.trust) for folder in folders]
    output.parent.mkdir(parents=True, exist_ok=True)
    keep_freed_memory()
    ignore_known_warnings()
    if _recommends(runs, cfg, output):
        return
    if cfg.input is None:
        raise MisconfigurationException("input is missing: new photos, texts or rows, input=PATH.")
    source = str(cfg.input)

    first, *others = (_predict(run, source, cfg) for run in runs)
    for folder, other in zip(folders[1:], others, strict=True):
        alike = other.said.shape == first.said.shape and _classes(other.model) == _classes(first.model)
        if not alike or other.rows != first.rows:
            raise MisconfigurationException(f"run={folder}: has other classes than {folders[0]}, or read the input otherwise.")
    mean = torch.stack([each.said for each in (first, *others)]).mean(0)

    kaggle = cfg.format == "kaggle"
    table = {key: [row[key] for row in first.rows] for key in first.rows[0]}
    if cfg.format == "embedded":
        embedded = {*first.model.categories, *first.model.embedded_names()}
        table = {name: values for name, values in table.items() if name not in embedded}
        table |= dict(zip(first.model.embedded_names(), mean.T.tolist(), strict=True))
    else:
        table |= first.model.prediction_table(mean, top_k=None if kaggle else cfg.top_k)
    if cfg.explain:
        table["because"] = first.because
    _write(output, first.data.submission(table) if kaggle else table)
    print(f"{len(first.rows)} predictions: {output}")
    if first.data.rejected:
        rejected = output.with_name(f"{output.stem}.rejected.csv")
        _write(rejected, dict(zip(("file", "reason"), zip(*first.data.rejected, strict=True), strict=True)))
        print(f"{len(first.data.rejected)} files could not be read; each is named in {rejected}")


def _recommends(runs: list[Any], cfg: DictConfig, output: Path) -> bool:
    """Do what only a recommender can, if that is asked for."""
    from practicum.lightning_shim import MisconfigurationException

    from .recommend import Recommendations, is_recommender

    own = {"neighbours": cfg.neighbours, "fold_in": cfg.fold_in, "index": cfg.index}
    own["format=factors"] = cfg.format == "factors" or None
    asked = [name for name, value in own.items() if value is not None]
    able = is_recommender(runs[0])
    if asked and not able:
        raise MisconfigurationException(f"{asked[0]}: {cfg.run} is no run of a recommender.")
    if not asked and not (able and cfg.top_k is not None):
        return False
    if len(runs) > 1:
        raise MisconfigurationException(f"run={cfg.run}: lists are made by a single run.")
    recommender, k = Recommendations(runs[0]), cfg.top_k or 10
    source = None if cfg.input is None else str(cfg.input)
    if cfg.format == "factors":
        recommender.write_factors(output)
        print(f"Factors of {len(recommender.users):,} users and {len(recommender.items):,} items: {output}")
        return True
    if cfg.neighbours is not None:
        table = recommender.neighbours(str(cfg.neighbours), k)
    elif cfg.fold_in is not None:
        table = recommender.new_people(str(cfg.fold_in), source, k)
    else:
        table = recommender.top(source, k, cfg.index)
    _write(output, table)
    print(f"{len(next(iter(table.values()))):,} rows: {output}")
    return True


class _Said(NamedTuple):
    """What one run says of the input."""

    rows: list[dict[str, Any]]
    said: Any
    because: list[str]
    model: Any
    data: Any


def _classes(model: Any) -> Any:
    return getattr(model, "classes", None)


def _predict(run: Any, source: str, cfg: DictConfig) -> _Said:
    """Read the input as the run read its data, and ask its model."""
    import torch
    from hydra.utils import instantiate
    from practicum.callbacks import WordImportance
    from practicum.lightning_shim import MisconfigurationException, Trainer

    model = run.model()
    if cfg.batch_size is not None:
        run.config.data.batch_size = cfg.batch_size
    explaining = [WordImportance()] if cfg.explain else []
    with TemporaryDirectory(prefix="practicum-") as scratch:
        data = instantiate(run.config.data, report=None, cache=scratch, _convert_="all")
        if cfg.format == "kaggle" and not hasattr(data, "submission"):
            raise MisconfigurationException(
                f"format=kaggle: {type(data).__name__} is no challenge of Kaggle's; dogs_vs_cats, dog_breeds, planet and "
                "rossmann are."
            )
        if cfg.format == "embedded":
            if not hasattr(model, "embedded"):
                raise MisconfigurationException(f"format=embedded: {type(model).__name__} has no embedded columns; tables have.")
            model.predict_step = lambda batch, batch_idx: model.embedded(batch[0])
        data.predict_from(source)
        trainer = Trainer(
            callbacks=[*run.callbacks(), *explaining],
            accelerator=cfg.accelerator,
            devices=1,
            precision=run.precision,
            logger=False,
            enable_checkpointing=False,
        )
        outputs: Any = trainer.predict(model, datamodule=data)
    because = explaining[0].because if explaining else []
    return _Said(data.predict_rows(), torch.cat(outputs), because, model, data)


def _write(path: Path, table: dict[str, Any]) -> None:
    from practicum.callbacks.run.atomic_file import atomic_write, write_columns

    if path.suffix.lower() != ".parquet":
        write_columns(path, table)
        return
    import polars

    with atomic_write(path) as beside:
        polars.DataFrame(table).write_parquet(beside)


def main() -> None:
    """``python predict.py`` and ``practicum-predict``."""
    run_command(predict, "predict")
