"""The network: side columns of known and new ids, and what it is made of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.callbacks import OneCycle
from practicum.datamodules import Tastes
from practicum.lightning_shim import MisconfigurationException, Trainer
from practicum.modules import NeuralCollaborativeFilter
from practicum.modules.base.ratings_batch import RatingsBatch

TARGET = {"mean": 3.5, "std": 1.2, "min": 1.0, "max": 5.0}
LEVELS = {"user": ["a", "b", "c"], "item": ["x", "y", "z", "w"]}
SIDES = {"user": {"job": [0, 1, 2, 1]}, "item": {"genre": [0, 2, 1, 1, 2]}}


def sided(sides: Any = SIDES, **options: Any) -> NeuralCollaborativeFilter:
    torch.manual_seed(0)
    levels = {**LEVELS, "job": ["nurse", "farmer"], "genre": ["war", "love"]}
    return NeuralCollaborativeFilter(levels, TARGET, sides, **{"factors": 2, "hidden_sizes": [4], **options}).eval()


def predict(net: NeuralCollaborativeFilter, *codes: list[int]) -> torch.Tensor:
    return net(RatingsBatch(torch.tensor(codes))).detach()


def test_pairs_alone_know_what_is_known_of_users_and_items() -> None:
    net = sided()
    torch.testing.assert_close(predict(net, [2, 3]), predict(net, [2, 3, 2, 1]))
    new = [predict(net, [2, 0, 0, genre]).item() for genre in (1, 2)]
    assert new[0] != new[1]  # of a new item, its side columns tell


def test_a_negative_takes_nothing_from_the_row() -> None:
    net = sided({**SIDES, "item": {"genre": [0, 0, 1, 1, 2]}})  # the genre of x is not known
    codes = torch.tensor([[2, 3, 2, 1]])  # the row is of z, which is of war
    beside = net.output(RatingsBatch(codes, negatives=torch.tensor([[1]])))[:, 1]
    alone = net.output(RatingsBatch(torch.tensor([[2, 1, 2, 0]])))[:, 0]
    torch.testing.assert_close(beside, alone)


def test_a_bias_is_the_score_beside_an_unknown_user() -> None:
    net = sided()
    predicted = predict(net, *([0, item] for item in range(1, 5)))
    torch.testing.assert_close(net.bias("item"), predicted - predicted.mean(), atol=1e-5, rtol=1e-5)


def test_embedding_tables_are_the_multiplied_vectors_if_there_are_any() -> None:
    assert sided().embedding_table("item").shape == (4, 2)
    assert sided(factors=0, embedding_dims={"item": 3}).embedding_table("item").shape == (4, 3)
    assert sided(embedding_dims={"item": 3}).embedding_table("genre").shape[0] == 2


def test_hidden_ids_are_predicted_from_side_columns_alone() -> None:
    net = sided(unknown_dropout=0.999999, embedding_dropout=0.0, dropout=0.0)
    x = RatingsBatch(torch.tensor([[2, 3, 2, 1], [1, 4, 1, 2]]))
    shown = net.output(x)
    hidden = net.train().output(x)
    assert not torch.allclose(shown, hidden)
    nobody = net.eval().output(RatingsBatch(torch.tensor([[0, 0, 2, 1], [0, 0, 1, 2]])))
    torch.testing.assert_close(hidden, nobody)


@pytest.mark.parametrize("options", [{"hidden_sizes": []}, {"factors": 0}])
def test_layers_or_products_alone_will_do(options: dict[str, Any]) -> None:
    net = NeuralCollaborativeFilter(LEVELS, TARGET, **options)
    assert net(RatingsBatch(torch.tensor([[1, 1], [0, 2]]))).shape == (2,)
    held = [id(p) for group in net.layer_groups() for part in group for p in part.parameters()]  # type: ignore[union-attr]
    assert {id(p) for p in net.head.parameters()} <= set(held) if net.head is not None else held


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden_sizes": [], "factors": 0}, r"NeuralCollaborativeFilter: hidden_sizes=\[\] needs a layer where factors=0"),
        ({"unknown_dropout": 1.0}, "NeuralCollaborativeFilter: unknown_dropout=1.0 must be from 0 to below 1"),
        ({"l2": -1}, "NeuralCollaborativeFilter: l2=-1 must be at least 0"),
        ({"hidden_sizes": [0]}, r"NeuralCollaborativeFilter: hidden_sizes=\[0\]: each must be at least 1"),
    ],
)
def test_numbers_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MisconfigurationException, match=message):
        NeuralCollaborativeFilter(LEVELS, TARGET, **options)


def test_it_learns_and_a_checkpoint_alone_rebuilds_it(make_trainer: Callable[..., Trainer], tmp_path: Path) -> None:
    data = Tastes(synthetic_dir=tmp_path, cache=tmp_path / "cache", fold=1, side_features=True, scale=None)
    data.prepare_data()
    data.setup("fit")
    facts = {name: value for name, value in data.describe().items() if name in ("categories", "target", "sides")}

    def adam(groups: Any) -> torch.optim.Optimizer:
        return torch.optim.Adam(groups, lr=0.01)

    options: dict[str, Any] = {"factors": 8, "hidden_sizes": [16], "max_embedding_dim": 4, "l2": 0.04}
    net = NeuralCollaborativeFilter(**facts, **options, optimizer=adam)
    trainer = make_trainer(max_epochs=12, callbacks=[OneCycle(0.01)], limit_val_batches=0)
    trainer.fit(net, datamodule=data)
    assert trainer.test(net, datamodule=data, verbose=False)[0]["test/rmse"] < 0.62  # the least is .499, the deviation .94
    trainer.save_checkpoint(tmp_path / "net.ckpt")
    again = NeuralCollaborativeFilter.load_from_checkpoint(tmp_path / "net.ckpt", weights_only=True).eval()
    x = RatingsBatch(torch.tensor([[1, 2], [5, 0], [0, 3]]))
    torch.testing.assert_close(again(x), net.eval()(x))
