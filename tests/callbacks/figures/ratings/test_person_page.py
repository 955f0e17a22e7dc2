"""A person's page and the long tail: what stands in them where somebody has nearly everything, and who is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import pytorch_lightning
import torch
from practicum.callbacks import LongTail, PersonPage
from practicum.datamodules import Ratings
from practicum.modules import DotProductBias
from pytorch_lightning.utilities.exceptions import MisconfigurationException

MakeTrainer = Callable[..., pytorch_lightning.Trainer]


@pytest.fixture
def data(tmp_path: Path) -> Ratings:
    """One user has rated all films but one, the others three each; the last of them only what validates."""
    rows = [("all", f"film{n}", 1 + n % 5, "train") for n in range(11)]
    rows += [(f"u{n}", f"film{(n + k) % 12}", 1 + k, "train") for n in range(12) for k in range(3)]
    rows += [(f"u{n}", f"film{(n + 5) % 12}", 3, "valid") for n in range(12)]
    frame = pl.DataFrame(rows, schema=["user", "item", "rating", "part"], orient="row")
    data = Ratings(frame, split_column="part", cache=tmp_path / "cache")
    data.prepare_data()
    data.setup("fit")
    return data


def test_a_list_ends_where_there_is_nothing_left(data: Ratings, make_trainer: MakeTrainer, tmp_path: Path) -> None:
    net = DotProductBias(**data.describe(), factors=4)
    callbacks = [PersonPage(tmp_path, users=["all", "u3"], count=4), LongTail(tmp_path, k=4)]
    make_trainer(callbacks=callbacks).test(net, datamodule=data, verbose=False)
    whole, few = (tmp_path / "person.txt").read_text().split("\n\n\n")
    assert whole.startswith("user all: 11 in training")
    recommended = whole.split("it resembles\n")[1].splitlines()
    assert len(recommended) == 1
    assert "film11  (like film" in recommended[0]
    assert len(few.split("it resembles\n")[1].splitlines()) == 4
    assert "inf" not in whole + few
    assert (tmp_path / "long_tail.png").stat().st_size > 1000


def test_who_is_not_there_is_refused_before_training(data: Ratings, make_trainer: MakeTrainer, tmp_path: Path) -> None:
    net = DotProductBias(**data.describe(), factors=4, optimizer=torch.optim.AdamW)
    trainer = make_trainer(callbacks=[PersonPage(tmp_path, users=["nobody"])], max_epochs=1)
    with pytest.raises(MisconfigurationException, match="there is no user 'nobody' in training"):
        trainer.fit(net, datamodule=data)
    assert trainer.global_step == 0
