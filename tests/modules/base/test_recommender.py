"""Recommenders: losses against closed forms, the network with side columns, SVD++, sparse gradients, and who is new."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from practicum.callbacks import OneCycle
from practicum.datamodules import Ratings, Tastes
from practicum.modules import DotProductBias, NeuralCollaborativeFilter
from practicum.modules.objectives.ranking import PairwiseAccuracy, ranking_loss
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from torch import Tensor
from torch.optim import SparseAdam

TARGET = {"mean": 3.5, "std": 1.2, "min": 1.0, "max": 5.0}
LEVELS = {"user": ["a", "b", "c"], "item": ["x", "y", "z", "w"]}


# Losses ---------------------------------------------------------------------------------------------------------------


def test_losses_are_their_closed_forms() -> None:
    scores = torch.tensor([[1.0, -0.5, 2.0]], dtype=torch.float64)
    sigmoid = scores.sigmoid()
    logistic = -sigmoid[0, 0].log() - (1 - sigmoid[0, 1:]).log().mean()
    bpr = -(scores[0, 0] - scores[0, 1:]).sigmoid().log().mean()
    softmax = -scores[0].softmax(0)[0].log()
    for kind, wanted in (("logistic", logistic), ("bpr", bpr), ("softmax", softmax)):
        found = ranking_loss(kind, scores)  # type: ignore[arg-type]
        torch.testing.assert_close(found[0].double(), wanted, atol=1e-6, rtol=1e-6)


def test_the_correction_makes_few_draws_stand_for_all_items() -> None:
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(50, generator=generator)
    chances = torch.rand(50, generator=generator) + 0.1
    chances[0] = 0  # the one that was clicked on is never drawn
    chances /= chances.sum()
    draws = torch.multinomial(chances, 20_000, replacement=True, generator=generator)
    rows = torch.cat([scores[:1], scores[draws]])[None]
    found = ranking_loss("softmax", rows, (chances[draws] * len(draws)).log()[None])
    assert float(found) == pytest.approx(float(-scores.log_softmax(0)[0]), abs=0.03)
    plain = ranking_loss("softmax", rows)
    assert abs(float(plain) - float(-scores.log_softmax(0)[0])) > 1


def test_share_of_others_below() -> None:
    metric = PairwiseAccuracy()
    metric.update(torch.tensor([[1.0, 0.0, 2.0, 1.0], [3.0, 0.0, 0.0, 0.0]]), torch.ones(2))
    assert float(metric.compute()) == pytest.approx((1 + 0.5 + 3) / 6)


# Factors --------------------------------------------------------------------------------------------------------------


def filled(**options: Any) -> DotProductBias:
    torch.manual_seed(0)
    net = DotProductBias(LEVELS, options.pop("target", TARGET), factors=2, **options)
    with torch.no_grad():
        for table in net.parameters():
            table[1:].normal_()
    return net


def test_svd_plus_plus_adds_the_items_by_the_root_of_how_many() -> None:
    net = filled(implicit=True)
    net.take_history(torch.tensor([0, 2, 0, 0]), torch.tensor([1, 3, 0, 2]))
    rows = net.user_rows(torch.tensor([1, 3, 2, 1])).detach()
    helped = net.rated.weight.detach()
    wanted = net.users.weight.detach()[[1, 3, 2, 1]].clone()
    wanted[0, 1:] += helped[[2, 1, 3]].sum(0) / 3**0.5
    wanted[1, 1:] += helped[4]
    wanted[3] = wanted[0]
    torch.testing.assert_close(rows, wanted)


def test_factors_product_is_the_score() -> None:
    net = filled(implicit=True)
    net.take_history(torch.tensor([0, 2]), torch.tensor([1, 3]))
    users, items = net.factors()
    torch.testing.assert_close(users @ items.T, net.scores(torch.arange(3)))


def test_fold_in_is_the_least_of_the_training_loss() -> None:
    net = filled(penalty=0.2)
    items, ratings = torch.tensor([2, 4, 0, 1]), torch.tensor([5.0, 1.0, 3.0, 4.0])
    row = net.fold_in(items, ratings).double().requires_grad_()
    known, table = items[items > 0], net.items.weight.detach().double()
    standard = (ratings[items > 0].double() - TARGET["mean"]) / TARGET["std"]
    said = table[known, 1:] @ row[1:] + row[0] + table[known, 0]
    loss = (said - standard).square().sum() + 0.2 * len(known) * row.square().sum()
    (gradient,) = torch.autograd.grad(loss, row)
    torch.testing.assert_close(gradient, torch.zeros(3, dtype=torch.float64), atol=1e-5, rtol=0)
    assert not net.fold_in(torch.tensor([0]), torch.tensor([3.0])).any()


def test_fold_in_of_clicks_puts_them_first() -> None:
    net = filled(target=None)
    row = net.fold_in(torch.tensor([3]))
    scores = net.items.weight[1:, 1:] @ row[1:]
    assert scores.argmax() == 2
    alone = net.items.weight.detach()[3, 1:]
    assert torch.nn.functional.cosine_similarity(row[1:], alone, dim=0) > 0


def test_sparse_gradients_are_the_dense_ones() -> None:
    codes = torch.tensor([[1, 1], [1, 3], [2, 3]])
    y = torch.tensor([4.0, 2.0, 5.0])
    found = []
    for sparse in (False, True):
        net = filled(sparse=sparse)
        net.log = lambda *args, **options: None  # type: ignore[method-assign]
        net.training_step(((codes, torch.zeros(3, 0)), y), 0).backward()
        found.append([table.weight.grad for table in (net.users, net.items)])
    for dense, sparse_one in zip(*found, strict=True):
        assert sparse_one is not None
        assert sparse_one.is_sparse
        torch.testing.assert_close(sparse_one.to_dense(), dense)


def test_time_moves_an_items_bias() -> None:
    levels = {**LEVELS, "time_bin": ["1", "2"]}
    net = DotProductBias(levels, TARGET, factors=2)
    with torch.no_grad():
        net.drift.weight[2 * 3 + 1] = 0.5  # of item y, in the first bin
    codes = torch.tensor([[1, 2, 0], [1, 2, 1], [1, 2, 2]])
    said = net((codes, torch.zeros(3, 0))).detach()
    assert float(said[1] - said[0]) == pytest.approx(0.5 * TARGET["std"], abs=1e-5)
    assert float(said[2]) == pytest.approx(float(said[0]))


# The network ----------------------------------------------------------------------------------------------------------


def sided(**options: Any) -> NeuralCollaborativeFilter:
    torch.manual_seed(0)
    levels = {**LEVELS, "job": ["nurse", "farmer"], "genre": ["war", "love"]}
    sides = {"user": {"job": [0, 1, 2, 1]}, "item": {"genre": [0, 2, 1, 1, 2]}}
    return NeuralCollaborativeFilter(levels, TARGET, sides, **{"factors": 2, "layers": [4], **options}).eval()


def test_pairs_alone_know_what_is_known_of_users_and_items() -> None:
    net, none = sided(), torch.zeros(1, 0)
    alone = net((torch.tensor([[2, 3]]), none))
    whole = net((torch.tensor([[2, 3, 2, 1]]), none))
    torch.testing.assert_close(alone, whole)
    new = [net((torch.tensor([[2, 0, 0, genre]]), none)).item() for genre in (1, 2)]
    assert new[0] != new[1]  # of a new item, its side columns tell


def test_an_item_that_was_not_clicked_on_takes_nothing_from_the_row() -> None:
    net = sided()
    net.known_3 = torch.tensor([0, 0, 1, 1, 2])  # the genre of x is not known
    codes, none = torch.tensor([[2, 3, 2, 1]]), torch.zeros(1, 0)  # the row is of z, which is of war
    beside = net.output((codes, none, torch.tensor([[1]])))[:, 1]
    alone = net.output((torch.tensor([[2, 1, 2, 0]]), none))[:, 0]
    torch.testing.assert_close(beside, alone)


def test_a_bias_is_what_is_said_beside_an_unknown_user() -> None:
    net = sided()
    pairs = torch.tensor([[0, item] for item in range(1, 5)])
    said = net((pairs, torch.zeros(4, 0))).detach()
    torch.testing.assert_close(net.bias("item"), said - said.mean(), atol=1e-5, rtol=1e-5)
    assert net.embedding_table("item").shape == (4, 2)
    assert sided(widths={"item": 3}).embedding_table("genre").shape[0] == 2


def test_ranking_scores_are_the_pairs_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from practicum.modules import recommender  # noqa: PLC0415 - its block size is changed

    monkeypatch.setattr(recommender, "_ROWS", 3)
    net = sided()
    scores = net.scores(torch.tensor([0, 2]))
    for row, user in enumerate((1, 3)):
        pairs = torch.tensor([[user, item] for item in range(1, 5)])
        torch.testing.assert_close(net.rating_of_score(scores[row]), net((pairs, torch.zeros(4, 0))).detach())


def test_layers_or_products_alone_and_what_is_out_of_range() -> None:
    codes = torch.tensor([[1, 1], [0, 2]])
    for options in ({"layers": []}, {"factors": 0}):
        net = NeuralCollaborativeFilter(LEVELS, TARGET, **options)  # type: ignore[arg-type]
        assert net((codes, torch.zeros(2, 0))).shape == (2,)
    with pytest.raises(MisconfigurationException, match=r"model.layers=\[\] is out of range"):
        NeuralCollaborativeFilter(LEVELS, TARGET, layers=[], factors=0)


# Training -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["logistic", "bpr", "softmax"])
def test_clicks_are_told_from_the_rest(loss: str, make_trainer: Callable[..., pl.Trainer], tmp_path: Path) -> None:
    import polars  # noqa: PLC0415

    rows = [(user, item) for user in range(40) for item in range(30) if user % 3 == item % 3 and (user * item) % 7]
    data = Ratings(polars.DataFrame(rows, schema=["user", "item"], orient="row"), rating=None, cache=tmp_path, batch_size=64)
    data.prepare_data()
    data.setup("fit")
    options: dict[str, Any] = {"factors": 8, "penalty": 0.01, "loss": loss}
    net = DotProductBias(**data.describe(), **options, optimizer=lambda groups: torch.optim.Adam(groups, lr=0.05))
    trainer = make_trainer(max_epochs=15, limit_val_batches=0)
    trainer.fit(net, datamodule=data)
    assert trainer.test(net, datamodule=data, verbose=False)[0]["test/pairwise_accuracy"] > 0.9


@pytest.mark.parametrize("kind", ["sparse", "implicit", "network"])
def test_each_kind_learns_tastes_and_a_checkpoint_alone_rebuilds_it(
    kind: str, make_trainer: Callable[..., pl.Trainer], tmp_path: Path
) -> None:
    data = Tastes(drawn=tmp_path, cache=tmp_path / "cache", fold=1, use_side=kind == "network", scale=None)
    data.prepare_data()
    data.setup("fit")
    facts = data.describe()

    def adam(groups: Any) -> torch.optim.Optimizer:
        return torch.optim.Adam(groups, lr=0.01)

    net: Any
    if kind == "network":
        net = NeuralCollaborativeFilter(**facts, factors=8, layers=[16], max_width=4, penalty=0.04, optimizer=adam)
    elif kind == "implicit":
        net = DotProductBias(**facts, factors=8, penalty=0.04, implicit=True, optimizer=adam)
    else:
        net = DotProductBias(**facts, factors=8, penalty=0.04, sparse=True, optimizer=functools.partial(SparseAdam, lr=0.01))
    trainer = make_trainer(max_epochs=12, callbacks=[OneCycle(0.01)] if kind != "sparse" else [], limit_val_batches=0)
    trainer.fit(net, datamodule=data)
    rmse = trainer.test(net, datamodule=data, verbose=False)[0]["test/rmse"]
    assert rmse < 0.62  # the least is .499, the ratings' own deviation .94
    trainer.save_checkpoint(tmp_path / "net.ckpt")
    again = type(net).load_from_checkpoint(tmp_path / "net.ckpt", weights_only=True).eval()
    codes: Tensor = torch.tensor([[1, 2], [5, 0], [0, 3]])
    torch.testing.assert_close(again((codes, torch.zeros(3, 0))), net.eval()((codes, torch.zeros(3, 0))))


@pytest.mark.parametrize(
    ("options", "optimizer", "message"),
    [
        ({"sparse": True}, torch.optim.Adam, "optimizer=sparse_adam"),
        ({}, SparseAdam, "wants model.sparse=true"),
        ({"implicit": True}, torch.optim.Adam, r"needs a data module with pairs\(split\)"),
    ],
)
def test_what_does_not_go_together_is_named(
    options: dict[str, Any], optimizer: Any, message: str, make_trainer: Callable[..., pl.Trainer]
) -> None:
    net = DotProductBias(LEVELS, TARGET, factors=2, optimizer=optimizer, **options)
    batches: Any = [((torch.tensor([[1, 1], [2, 2]]), torch.zeros(2, 0)), torch.tensor([3.0, 4.0]))]
    with pytest.raises(MisconfigurationException, match=message):
        make_trainer(max_epochs=1).fit(net, batches)


def test_losses_belong_to_what_they_are_for() -> None:
    with pytest.raises(MisconfigurationException, match="model.loss=bpr is for clicks"):
        DotProductBias(LEVELS, TARGET, loss="bpr")
    with pytest.raises(MisconfigurationException, match="model.loss=squared wants ratings"):
        DotProductBias(LEVELS, None, loss="squared")


def test_weights_count_rows_as_often() -> None:
    net = filled(penalty=0.0)
    codes, y = torch.tensor([[1, 1], [2, 3], [2, 3]]), torch.tensor([4.0, 2.0, 2.0])
    output = net.output((codes, torch.zeros(3, 0)))
    weighted = net.loss_of((codes[:2], torch.tensor([[1.0], [2.0]])), output[:2], y[:2])
    torch.testing.assert_close(weighted, net.loss(output, y))
