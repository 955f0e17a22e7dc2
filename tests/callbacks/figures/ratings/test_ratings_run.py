"""A recommender's figures, with a data module and a module of practicum's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from practicum.callbacks import EmbeddingMaps, FullRanking, ItemBiases, LongTail, PersonPage, Residuals, SampledRanking
from practicum.datamodules import Ratings
from practicum.lightning_shim import Trainer
from practicum.modules import DotProductBias


@pytest.fixture
def data(tmp_path: Path) -> Ratings:
    """One user has rated all films but one, the others three each; the last of them only in validation."""
    rows = [("all", f"film{n}", 1 + n % 5, "train") for n in range(11)]
    rows += [(f"u{n}", f"film{(n + k) % 12}", 1 + k, "train") for n in range(12) for k in range(3)]
    rows += [(f"u{n}", f"film{(n + 5) % 12}", 3, "valid") for n in range(12)]
    frame = pl.DataFrame(rows, schema=["user", "item", "rating", "part"], orient="row")
    data = Ratings(frame, split_column="part", cache=tmp_path / "cache")
    data.prepare_data()
    data.setup("fit")
    return data


def test_a_list_ends_where_there_is_nothing_left(data: Ratings, make_trainer: Callable[..., Trainer], tmp_path: Path) -> None:
    net = DotProductBias(**data.describe(), factors=4)
    pages = PersonPage(users=["all", "u3"], count=4)
    callbacks = [pages, LongTail(k=4), ItemBiases(), EmbeddingMaps(), Residuals(), FullRanking(k=4), SampledRanking(k=4)]
    (logged,) = make_trainer(callbacks=callbacks).test(net, datamodule=data, verbose=False)
    everything, few = pages.summaries(net, data)
    assert (everything.user, everything.total) == ("user all", 11)
    assert [name for _, name, _ in everything.recommended] == ["film11"]
    assert str(everything.recommended[0][2]).startswith("film")
    assert len(few.recommended) == 4
    assert "inf" not in (tmp_path / "figures" / "person.txt").read_text(encoding="utf-8")
    wanted = {"person.txt", "long_tail.png", "item_biases.png", "embeddings_user.png", "embeddings_item.png", "residuals.png"}
    assert wanted <= {path.name for path in (tmp_path / "figures").iterdir()}
    assert 0 <= logged["test/ndcg@4"] <= 1
    assert 0 <= logged["test/hit_rate@4_of_100"] <= 1
