"""Pictures of tables: what importance finds, where errors lie, what embeddings show, and the answer to a challenge."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl_frames
import pytest
import pytorch_lightning as pl
import torch
from PIL import Image
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
from practicum.callbacks.figures.tabular.embedding_maps import principal_components
from practicum.datamodules import Table
from practicum.modules import EntityEmbeddingModel
from pytorch_lightning.utilities.exceptions import MisconfigurationException


def rows_of(path: Path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class Asked(Table):
    """A table with a challenge."""

    def asked(self) -> Path:
        return Path(self.root).with_name("asked.csv")

    def submission(self, table: dict[str, list[Any]]) -> dict[str, list[Any]]:
        return {"Id": table["x"], "Answer": table["predicted"]}


@pytest.fixture
def data(tmp_path: Path) -> Asked:
    """``y`` is 10 a level of ``shop`` and nothing else; one row of the validation is far out."""
    rng = np.random.default_rng(0)
    shop = rng.integers(0, 4, 600)
    y = 10.0 * (shop + 1)
    y[-1] = 400
    frame = pl_frames.DataFrame(
        {"shop": [f"s{s}" for s in shop], "x": rng.normal(size=600), "y": y, "part": ["train"] * 500 + ["valid"] * 100}
    )
    frame.write_csv(tmp_path / "table.csv")
    frame.head(7).drop("y").write_csv(tmp_path / "asked.csv")
    options: dict[str, Any] = {"split_column": "part", "batch_size": 50, "cache": tmp_path / "cache", "keep": tmp_path / "run"}
    return Asked(tmp_path / "table.csv", "y", **options)


def test_a_table_from_training_to_pictures(data: Asked, make_trainer: Callable[..., pl.Trainer], tmp_path: Path) -> None:
    figures = tmp_path / "figures"
    data.prepare_data()
    data.setup("fit")
    net = EntityEmbeddingModel(**data.describe(), layers=[16], optimizer=lambda groups: torch.optim.AdamW(groups, lr=0.03))
    callbacks = [
        PredictionsTable(tmp_path / "predictions.csv"),
        PredictedAgainstTrue(figures),
        ErrorBy(figures, ["shop"]),
        MostWrongRows(figures, count=3, most=2),
        PermutationImportance(figures),
        EmbeddingMaps(figures, places={"shop": {"s0": [9.2, 48.8], "s1": [11.6, 48.1]}, "no such column": {"a": [0, 0]}}),
        Submission(tmp_path / "submission.csv"),
        ConfusionMatrix(figures),  # of numbers there is none
        PerClass(figures),
    ]
    trainer = make_trainer(max_epochs=12, callbacks=callbacks)
    trainer.fit(net, datamodule=data)
    trainer.test(net, datamodule=data, verbose=False)

    importance = rows_of(figures / "importance.csv")
    assert [row["column"] for row in importance] == ["shop", "x"]
    assert float(importance[0]["loss is higher by"]) > 20 * abs(float(importance[1]["loss is higher by"]))
    assert (figures / "most_wrong.txt").read_text().splitlines()[0].split(", is ")[1].startswith("400 ")
    assert ", and 2 more" in (figures / "most_wrong.txt").read_text()
    by_shop = {row["shop"]: row for row in rows_of(figures / "error_by_shop.csv")}
    assert sum(int(row["rows"]) for row in by_shop.values()) == 100
    assert (figures / "predicted_true.png").is_file()
    with Image.open(figures / "embeddings_shop.png") as picture:
        assert picture.width > 1.8 * picture.height  # the map beside it
    assert not (figures / "confusion.png").exists()

    predictions = rows_of(tmp_path / "predictions.csv")
    assert len(predictions) == 100
    assert list(predictions[0]) == ["shop", "x", "y", "part", "true", "predicted"]
    assert all(float(row["true"]) == float(row["y"]) for row in predictions)
    distances = {row["shop"]: row for row in rows_of(figures / "embeddings_shop.csv")}
    assert distances["s0"]["nearest"] in ("s1", "s2")
    answer = rows_of(tmp_path / "submission.csv")
    assert len(answer) == 7
    assert data._new is None  # the data module was not told of the new rows


def test_what_is_missing_is_named(data: Asked, make_trainer: Callable[..., pl.Trainer], tmp_path: Path) -> None:
    data.prepare_data()
    data.setup("fit")
    net = EntityEmbeddingModel(**data.describe(), layers=[4])
    for callback, message in (
        (ErrorBy(tmp_path, ["shops"]), "have no column 'shops'"),
        (EmbeddingMaps(tmp_path, ["shops"]), "no categorical column 'shops'; there are shop"),
    ):
        trainer = make_trainer(max_epochs=1, callbacks=[callback])
        with pytest.raises(MisconfigurationException, match=message):  # before anything is trained
            trainer.fit(net, datamodule=data)


def test_a_place_off_the_earth_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MisconfigurationException, match=r"places.State.BW=\[48.8, 190\] must be \[longitude, latitude\]"):
        EmbeddingMaps(tmp_path, places={"State": {"BW": [48.8, 190]}})


def test_principal_components_of_a_known_plane() -> None:
    generator = torch.Generator().manual_seed(0)
    plane = torch.randn(50, 2, generator=generator) @ torch.tensor([[3.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    turned = plane @ torch.linalg.qr(torch.randn(3, 3, generator=generator))[0]
    places, share = principal_components(turned)
    assert float(share.sum()) == pytest.approx(1)
    torch.testing.assert_close(
        torch.cdist(places, places).float(), torch.cdist(plane.double(), plane.double()).float(), atol=1e-4, rtol=1e-4
    )
    assert principal_components(torch.ones(3, 1))[0].tolist() == [[0, 0]] * 3
