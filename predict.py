"""Predict: a run folder and new raw input -> a table of predictions.

python predict.py run=runs/spiders/2026-01-31_12-00-00 input=PHOTOS output=predictions.csv
"""

from __future__ import annotations

import csv
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hydra
from omegaconf import DictConfig
from practicum.conf.errors import one_sentence, run_command


@hydra.main(version_base="1.3", config_path="pkg://practicum.conf", config_name="predict")
@one_sentence
def main(cfg: DictConfig) -> None:
    """Predict one input with one run."""
    import torch
    from hydra.utils import get_class, instantiate
    from practicum.conf.machine import keep_freed_memory
    from practicum.conf.messages import ignore_known_warnings
    from practicum.conf.run_folder import open_run
    from practicum.modules.weight_file import read_state_dict
    from pytorch_lightning import Trainer
    from pytorch_lightning.utilities.exceptions import MisconfigurationException

    source, output = str(cfg.input), Path(cfg.output)
    for name in ("top_k", "batch_size"):
        if cfg[name] is not None and not (isinstance(cfg[name], int) and cfg[name] >= 1):
            raise MisconfigurationException(f"{name}={cfg[name]} must be a whole number from 1.")
    if cfg.format not in ("csv", "kaggle"):
        raise MisconfigurationException(f"format={cfg.format}: choose csv or kaggle.")
    run = open_run(Path(cfg.run), cfg.checkpoint, trust=cfg.trust)
    output.parent.mkdir(parents=True, exist_ok=True)
    keep_freed_memory()
    ignore_known_warnings()

    read_state_dict(run.checkpoint)  # a damaged file, or one that holds code, is refused here
    module_class: Any = get_class(run.config.model._target_)
    model = module_class.load_from_checkpoint(run.checkpoint, map_location="cpu", weights_only=True)
    if cfg.batch_size is not None:
        run.config.data.batch_size = cfg.batch_size

    with TemporaryDirectory(prefix="practicum-") as scratch:
        data = instantiate(run.config.data, report=None, cache=scratch, _convert_="all")
        if cfg.format == "kaggle" and not hasattr(data, "submission"):
            raise MisconfigurationException(
                f"format=kaggle: {type(data).__name__} is no challenge of Kaggle's; dogs_vs_cats, dog_breeds and planet are."
            )
        data.predict_from(source)
        trainer = Trainer(
            callbacks=run.callbacks(),
            accelerator=cfg.accelerator,
            devices=1,
            precision=run.precision,
            logger=False,
            enable_checkpointing=False,
        )
        outputs: Any = trainer.predict(model, datamodule=data)
    kaggle = cfg.format == "kaggle"
    rows = data.predict_rows()
    table = {key: [row[key] for row in rows] for key in rows[0]}
    table |= model.prediction_table(torch.cat(outputs), top_k=None if kaggle else cfg.top_k)
    _write(output, data.submission(table) if kaggle else table)
    print(f"{len(rows)} predictions: {output}")
    if data.rejected:
        rejected = output.with_name(f"{output.stem}.rejected.csv")
        _write(rejected, dict(zip(("file", "reason"), zip(*data.rejected, strict=True), strict=True)))
        print(f"{len(data.rejected)} files could not be read; each is named in {rejected}")


def _write(path: Path, table: dict[str, Any]) -> None:
    from practicum.callbacks.whole_file import whole_file

    with whole_file(path) as beside, open(beside, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(table)
        writer.writerows(zip(*table.values(), strict=True))


if __name__ == "__main__":
    run_command(main, "predict")
