"""Weights of another table are refused in one sentence, those of the run itself are not."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from practicum.cli.same_columns import require_same_columns
from practicum.datamodules import Ratings, Table
from practicum.lightning_shim import MisconfigurationException
from practicum.modules import DotProductBias, EntityEmbeddingModel, TabularEnsemble

FRAME = pl.DataFrame({"shop": ["a", "b"] * 40, "size": [n * 1.1 for n in range(80)], "y": ["in", "out", "out", "in"] * 20})


def table(tmp_path: Path, frame: pl.DataFrame, name: str) -> Table:
    made = Table(frame, target="y", cache=tmp_path / "cache", artifacts_dir=tmp_path / name)
    made.setup("fit")
    return made


@pytest.mark.parametrize("kind", [EntityEmbeddingModel, TabularEnsemble])
def test_weights_belong_to_the_columns_they_were_trained_on(kind: Any, tmp_path: Path) -> None:
    data = table(tmp_path, FRAME, "run")
    require_same_columns(kind.for_data(data), data, Path("best.ckpt"))
    others = {
        "of 'shop' it has 'c'": FRAME.with_columns(shop=pl.col("shop").replace({"b": "c"})),
        "it has 'town'": FRAME.rename({"shop": "town"}),
        "it has 'width'": FRAME.rename({"size": "width"}),
        "it has 'off'": FRAME.with_columns(y=pl.col("y").replace({"out": "off"})),
    }
    for number, (difference, frame) in enumerate(others.items()):
        model = kind.for_data(table(tmp_path, frame, f"other_{number}"))
        with pytest.raises(
            MisconfigurationException, match=rf"best.ckpt: was trained on other \w+ than .*{difference}.*another run"
        ):
            require_same_columns(model, data, Path("best.ckpt"))


def test_recommenders_and_other_data(tmp_path: Path) -> None:
    rows = [(f"u{n % 7}", f"i{n % 11}", 1 + n % 5) for n in range(70)]
    frame = pl.DataFrame(rows, schema=["user", "item", "rating"], orient="row")
    found = []
    for name, part in (("run", frame), ("other", frame.filter(pl.col("item") != "i3"))):
        found.append(Ratings(part, cache=tmp_path / "cache", artifacts_dir=tmp_path / name))
        found[-1].setup("fit")
    require_same_columns(DotProductBias.for_data(found[0]), found[0], Path("best.ckpt"))
    with pytest.raises(MisconfigurationException, match="of 'item' it lacks 'i3'"):
        require_same_columns(DotProductBias.for_data(found[1]), found[0], Path("best.ckpt"))
    require_same_columns(SimpleNamespace(hparams={"classes": ["a"]}), SimpleNamespace(), Path("best.ckpt"))  # photos
