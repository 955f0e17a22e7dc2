"""A table from training to figures and a submission, with a data module and a module of practicum's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from practicum.callbacks import (
    ConfusionMatrix,
    EmbeddingMaps,
    ErrorBy,
    MostWrongRows,
    PerClass,
    PermutationImportance,
    PredictedAgainstTrue,
    PredictionsTable,
    Submission,
)
from practicum.datamodules import Table
from practicum.lightning_shim import MisconfigurationException, Trainer
from practicum.modules import EntityEmbeddingModel

RowsOf = Callable[[Path], list[dict[str, str]]]


class Challenge(Table):
    """A table with a challenge."""

    def test_inputs(self) -> Path:
        return Path(self.root).with_name("asked.csv")

    def submission_columns(self, table: dict[str, list[Any]]) -> dict[str, list[Any]]:
        return {"Id": table["x"], "Answer": table["predicted"]}


@pytest.fixture
def data(tmp_path: Path) -> Challenge:
    """``y`` is 10 times the number of ``shop``; one row of the validation is an outlier."""
    rng = np.random.default_rng(0)
    shop = rng.integers(0, 4, 600)
    y = 10.0 * (shop + 1)
    y[-1] = 400
    frame = pl.DataFrame(
        {"shop": [f"s{s}" for s in shop], "x": rng.normal(size=600), "y": y, "part": ["train"] * 500 + ["valid"] * 100}
    )
    frame.write_csv(tmp_path / "table.csv")
    frame.head(7).drop("y").write_csv(tmp_path / "asked.csv")
    folders = {"cache": tmp_path / "cache", "artifacts_dir": tmp_path / "run"}
    data = Challenge(tmp_path / "table.csv", "y", split_column="part", batch_size=50, **folders)  # type: ignore[arg-type]
    data.prepare_data()
    data.setup("fit")
    return data


def test_a_table_from_training_to_figures(
    data: Challenge, make_trainer: Callable[..., Trainer], tmp_path: Path, rows_of: RowsOf
) -> None:
    figures = tmp_path / "figures"
    net = EntityEmbeddingModel(**data.describe(), hidden_sizes=[16], optimizer=lambda groups: torch.optim.AdamW(groups, lr=0.03))
    callbacks = [
        PredictionsTable(tmp_path / "predictions.csv"),
        PredictedAgainstTrue(),
        ErrorBy(columns=["shop"]),
        MostWrongRows(count=3, max_columns=2),
        PermutationImportance(),
        EmbeddingMaps(coordinates={"shop": {"s0": [9.2, 48.8], "s1": [11.6, 48.1]}, "no such column": {"a": [0, 0]}}),
        Submission(tmp_path / "submission.csv"),
        ConfusionMatrix(),  # of regression there is none
        PerClass(),
    ]
    trainer = make_trainer(max_epochs=12, callbacks=callbacks)
    trainer.fit(net, datamodule=data)
    trainer.test(net, datamodule=data, verbose=False)

    importance = rows_of(figures / "importance.csv")
    assert [row["column"] for row in importance] == ["shop", "x"]
    assert float(importance[0]["increase in loss"]) > 20 * abs(float(importance[1]["increase in loss"]))
    worst = (figures / "most_wrong.txt").read_text(encoding="utf-8")
    assert worst.splitlines()[0].split(", true ")[1].startswith("400 ")
    assert ", and 2 more" in worst
    assert sum(int(row["count"]) for row in rows_of(figures / "error_by_shop.csv")) == 100
    assert (figures / "predicted_true.png").is_file()
    assert not (figures / "confusion.png").exists()
    assert not (figures / "per_class.csv").exists()

    predictions = rows_of(tmp_path / "predictions.csv")
    assert len(predictions) == 100
    assert list(predictions[0]) == ["shop", "x", "y", "part", "true", "predicted"]
    assert all(float(row["true"]) == float(row["y"]) for row in predictions)
    distances = {row["shop"]: row for row in rows_of(figures / "embeddings_shop.csv")}
    assert distances["s0"]["nearest"] in ("s1", "s2")
    assert len(rows_of(tmp_path / "submission.csv")) == 7


def test_what_is_missing_is_named_before_training(data: Challenge, make_trainer: Callable[..., Trainer]) -> None:
    net = EntityEmbeddingModel(**data.describe(), hidden_sizes=[4])
    for callback, message in (
        (ErrorBy(columns=["shops"]), "have no column 'shops'"),
        (EmbeddingMaps(columns=["shops"]), "no categorical column 'shops'; there are shop"),
    ):
        trainer = make_trainer(max_epochs=1, callbacks=[callback])
        with pytest.raises(MisconfigurationException, match=message):
            trainer.fit(net, datamodule=data)
        assert trainer.global_step == 0
