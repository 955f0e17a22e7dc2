"""Predict: a run folder and new raw input -> a table of predictions.

python predict.py run=runs/spiders/2026-01-31_12-00-00 input=PHOTOS output=predictions.csv
python predict.py run=RUN input=LABELLED score=true     metrics of new input with labels, beside those of the run's test
python predict.py run=RUN "input=[A.csv,B.csv]"         several inputs, one after another; input='photos/*.jpg': a pattern
python predict.py "run=[RUN,ANOTHER]" input=TEXTS        the mean of several runs' predictions
python predict.py run=RUN input=TABLE.csv output=embedded.parquet format=embedded     categories as vectors, for other models
python predict.py run=RUN top_k=10                      recommendations for all users, or for those in input=USERS.csv
python predict.py run=RUN fold_in=RATINGS.csv top_k=10  recommendations for new users, from what they rated
python predict.py run=RUN "neighbours='Star Wars (1977)'"
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hydra
from omegaconf import DictConfig, ListConfig

from .errors import one_sentence, run_command

if TYPE_CHECKING:
    from .run_folder import Run

EXPLAINED = (
    "Column explanation: the words that counted most; brilliant +0.31: without it the predicted class is less probable, by 0.31."
)
_FORMATS = ("csv", "kaggle", "embedded", "factors")


@hydra.main(version_base="1.3", config_path="pkg://practicum.conf", config_name="predict")
@one_sentence("predict")
def predict(cfg: DictConfig) -> None:
    """Predict one input with a run, or with the mean of several.

    Args:
        cfg: The composed configuration.

    Raises:
        MisconfigurationException: A run, an input or options that can't be used; the message says why.
    """
    from .inputs import require_no_file_of_run, require_other_output
    from .known_warnings import ignore_known_warnings, leave_messages_to_root
    from .malloc import keep_freed_memory
    from .run_folder import open_run
    from .write_table import check_output

    folders = [str(each) for each in cfg.run] if isinstance(cfg.run, ListConfig) else [str(cfg.run)]
    _check_options(cfg, folders)
    runs = [open_run(Path(folder), cfg.checkpoint, trust=cfg.trust) for folder in folders]
    for run in runs:
        run.tell_csv_format(cfg.csv_format)
    output = Path(cfg.output)
    if cfg.format != "factors":
        check_output(output)
    if output.is_symlink():  # what it leads to is written: a file takes the place of another one by its name
        output = Path(os.path.realpath(output))
    outputs = [output]
    if cfg.format == "factors":
        outputs = [output / f"{name}.{kind}" for name in ("users", "items") for kind in ("parquet", "npy")]
    require_no_file_of_run(outputs, [run.folder for run in runs])
    for each in outputs:
        require_other_output(each, cfg.input, cfg.fold_in)
    output.parent.mkdir(parents=True, exist_ok=True)
    keep_freed_memory()
    ignore_known_warnings()
    leave_messages_to_root()
    if _recommends(cfg, runs):
        _recommend(cfg, runs[0], output)
    else:
        _predict_input(cfg, runs, folders, output)


def _check_options(cfg: DictConfig, folders: list[str]) -> None:
    """Refuse values that no run could use."""
    from practicum.lightning_shim import MisconfigurationException

    from .run_options import check_flags

    check_flags({name: cfg[name] for name in ("trust", "score", "explain")})
    for name in ("top_k", "batch_size"):
        value = cfg[name]
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise MisconfigurationException(f"{name}={value} must be a whole number from 1.")
    if not folders:
        raise MisconfigurationException("run=[] is empty: give a run folder, or several, run=[RUN,ANOTHER].")
    if cfg.score and cfg.format != "csv":
        raise MisconfigurationException(f"score=true measures predictions, format=csv; format={cfg.format} has none to measure.")
    if cfg.format not in _FORMATS:
        raise MisconfigurationException(f"format={cfg.format}: choose {', '.join(_FORMATS[:-1])} or {_FORMATS[-1]}.")
    if len(folders) > 1 and (cfg.checkpoint is not None or cfg.explain or cfg.format == "embedded"):
        raise MisconfigurationException(f"run={cfg.run}: checkpoint, explain and format=embedded are for a single run.")


def _predict_input(cfg: DictConfig, runs: list[Run], folders: list[str], output: Path) -> None:
    """Predict photos, texts or rows, and write the table."""
    from practicum.callbacks.figures.counted import counted
    from practicum.lightning_shim import MisconfigurationException

    from .prediction import mean_prediction, predict_with, prediction_columns
    from .score import with_true, write_score
    from .write_table import place_of, write_table

    if cfg.input is None:
        raise MisconfigurationException("input is missing: new photos, texts or rows, input=PATH.")
    predictions = [predict_with(run, cfg) for run in runs]
    first = predictions[0]
    mean = mean_prediction(predictions, folders)
    if cfg.score:
        first = with_true(first)
    table = prediction_columns(first, mean, cfg.format, cfg.top_k)
    if cfg.explain:
        table["explanation"] = first.explanations
    place = place_of(output)
    write_table(output, first.data.submission_columns(table) if cfg.format == "kaggle" else table)
    print(f"{counted(len(first.values), 'prediction')}: {place}")
    if cfg.explain:
        print(EXPLAINED)
    if first.data.rejected:
        rejected = output.with_name(f"{output.stem}.rejected.csv")
        place = place_of(rejected)
        write_table(rejected, dict(zip(("file", "reason"), zip(*first.data.rejected, strict=True), strict=True)))
        count = len(first.data.rejected)
        print(f"{count} {'file' if count == 1 else 'files'} could not be used, listed in {place}")
    if cfg.score:
        write_score(first, mean, folders, cfg.input, output)


def _recommends(cfg: DictConfig, runs: list[Run]) -> bool:
    """Whether something is wanted that only a recommender can do.

    Raises:
        MisconfigurationException: It is, and the run is not a recommender's, or there are several.
    """
    from practicum.lightning_shim import MisconfigurationException

    from .recommender_run import is_recommender

    options = {"neighbours": cfg.neighbours, "fold_in": cfg.fold_in, "index": cfg.index}
    options["format=factors"] = True if cfg.format == "factors" else None
    wanted = [name for name, value in options.items() if value is not None]
    able = is_recommender(runs[0])
    if wanted and not able:
        raise MisconfigurationException(f"{wanted[0]}: {cfg.run} is not a recommender run.")
    if not wanted and not (able and cfg.top_k is not None):
        return False
    if cfg.score:
        raise MisconfigurationException("score=true measures predictions of pairs; leave top_k, fold_in and the like out.")
    if len(runs) > 1:
        raise MisconfigurationException(f"run={cfg.run}: recommendations come from a single run.")
    return True


def _recommend(cfg: DictConfig, run: Run, output: Path) -> None:
    """Write lists, neighbours or factors."""
    from .inputs import one_input
    from .new_users import new_users
    from .recommend import neighbours, top_lists, write_factors
    from .recommender_run import RecommenderRun
    from .write_table import place_of, write_table

    recommender, k = RecommenderRun(run), cfg.top_k or 10
    source = None if cfg.input is None else one_input(cfg.input)
    table: dict[str, list[Any]]
    if cfg.format == "factors":
        write_factors(recommender, output)
        print(f"Factors of {len(recommender.users):,} users and {len(recommender.items):,} items: {output}")
        return
    if cfg.neighbours is not None:
        table = neighbours(recommender, str(cfg.neighbours), k)
    elif cfg.fold_in is not None:
        table = new_users(recommender, str(cfg.fold_in), source, k)
    else:
        table = top_lists(recommender, source, k, cfg.index)
    place = place_of(output)
    write_table(output, table)
    print(f"{len(next(iter(table.values()))):,} rows: {place}")


def main() -> None:
    """Entry point of ``python predict.py`` and ``practicum-predict``."""
    run_command(predict, "predict")
